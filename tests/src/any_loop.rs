//! The same test on a loop and on runtimes, whose order of steps is left to chance.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::ops::Deref;
use std::thread;
use std::time::Duration;

use evloop::{EventLoop, Handle, JoinError, ManualClock, RunError, Runtime};

use crate::watchdog::Watchdog;

/// How many workers the runtimes have, in turn.
const N_WORKERS: [usize; 3] = [1, 2, 8];

/// How many runtimes a test is run on, each with a seed of its own; `cargo xtask verify` sets the variable.
const SEEDS: &str = "EVLOOP_SHUFFLE_SEEDS";
const N_SEEDS: u64 = 20;

/// For one run of a test.
const LIMIT: Duration = Duration::from_secs(10);

/// An event loop or a runtime on a clock that jumps to the next deadline when nothing is left to do.
///
/// Outside of [`AnyLoop::run_until_complete`] the clock stands still, as it does for an event loop that
/// does not run: the workers of a runtime do not know what else the test is about to do.
pub struct AnyLoop {
    machine: Machine,
    clock: ManualClock,
}

enum Machine {
    EventLoop(EventLoop),
    Runtime { runtime: Runtime, seed: u64 },
}

impl AnyLoop {
    /// An event loop.
    ///
    /// # Panics
    ///
    /// When the system makes no descriptors for it.
    #[must_use]
    pub fn of_one_thread() -> Self {
        let clock = ManualClock::new().with_auto_jump();
        let event_loop = EventLoop::builder().clock(clock.clone()).build();
        Self {
            machine: Machine::EventLoop(event_loop.expect("the system has descriptors for a loop")),
            clock,
        }
    }

    fn of_workers<B: Fn() + Send + Sync + 'static>(
        n_workers: usize,
        seed: u64,
        begins: &impl Fn(&ManualClock) -> B,
    ) -> Self {
        let clock = ManualClock::new();
        let begin = begins(&clock);
        begin();
        let runtime = Runtime::builder()
            .n_workers(n_workers)
            .clock(clock.clone())
            .shuffle(seed)
            .on_thread_start(move |_| begin())
            .build()
            .expect("the system has descriptors and threads");
        Self {
            machine: Machine::Runtime { runtime, seed },
            clock,
        }
    }

    /// A handle of it, for any thread.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::clone(self)
    }

    /// The event loop, for what a runtime does not have.
    ///
    /// # Panics
    ///
    /// When it is a runtime.
    #[must_use]
    pub fn event_loop(&self) -> &EventLoop {
        match &self.machine {
            Machine::EventLoop(event_loop) => event_loop,
            Machine::Runtime { .. } => panic!("only an event loop can do this"),
        }
    }

    /// True for a runtime.
    #[must_use]
    pub fn is_runtime(&self) -> bool {
        matches!(self.machine, Machine::Runtime { .. })
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> ManualClock {
        self.clock.clone()
    }

    /// Runs `future` to its end, on this thread.
    ///
    /// # Errors
    ///
    /// Those of [`EventLoop::run_until_complete`] or [`Runtime::block_on`].
    ///
    /// # Panics
    ///
    /// When the future does.
    #[track_caller]
    pub fn run_until_complete<F: IntoFuture>(&self, future: F) -> Result<F::Output, RunError> {
        match &self.machine {
            Machine::EventLoop(event_loop) => event_loop.run_until_complete(future),
            Machine::Runtime { runtime, .. } => runtime.block_on(async {
                let _jumping = Jumping::begin(&self.clock);
                future.await
            }),
        }
    }

    /// Ends it, as [`EventLoop::close`] or [`Runtime::close`].
    pub fn close(&self) {
        match &self.machine {
            Machine::EventLoop(event_loop) => event_loop.close(),
            Machine::Runtime { runtime, .. } => {
                // What is cancelled may sleep before it ends.
                self.clock.set_auto_jump(true);
                runtime.close();
            }
        }
    }
}

impl Deref for AnyLoop {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        match &self.machine {
            Machine::EventLoop(event_loop) => event_loop,
            Machine::Runtime { runtime, .. } => runtime,
        }
    }
}

impl Drop for AnyLoop {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Display for AnyLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.machine {
            Machine::EventLoop(_) => write!(f, "an event loop"),
            Machine::Runtime { runtime, seed } => {
                write!(
                    f,
                    "a runtime, workers: {}, seed: {seed}",
                    runtime.n_workers()
                )
            }
        }
    }
}

impl fmt::Debug for AnyLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A clock that jumps as long as the value lives. It begins and ends in a step of the test's own future,
/// while which no clock jumps.
struct Jumping<'a>(&'a ManualClock);

impl<'a> Jumping<'a> {
    fn begin(clock: &'a ManualClock) -> Self {
        clock.set_auto_jump(true);
        Self(clock)
    }
}

impl Drop for Jumping<'_> {
    fn drop(&mut self) {
        self.0.set_auto_jump(false);
    }
}

/// Runs a test on an event loop, and on runtimes with one worker, two and eight, each of which has an order
/// of steps of its own. Each run must end soon.
pub fn on_every_loop(test: impl Fn(AnyLoop)) {
    on_every_loop_that_begins(|_| || {}, test);
}

/// As [`on_every_loop`]; each thread that runs tasks begins with what `begins` makes for the clock.
pub fn on_every_loop_that_begins<B: Fn() + Send + Sync + 'static>(
    begins: impl Fn(&ManualClock) -> B,
    test: impl Fn(AnyLoop),
) {
    let event_loop = AnyLoop::of_one_thread();
    begins(&event_loop.clock)();
    on(event_loop, &test);
    for (seed, n_workers) in (0..n_seeds()).zip(N_WORKERS.into_iter().cycle()) {
        on(AnyLoop::of_workers(n_workers, seed, &begins), &test);
    }
}

/// Runs a test as [`on_every_loop`] does, as the main coroutine. Of the runtimes every second one has that
/// as a task on its workers; elsewhere this thread runs it.
///
/// # Panics
///
/// When the test does.
pub fn in_every_loop<F>(test: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    on_every_loop(|any_loop| {
        let ended = match &any_loop.machine {
            Machine::Runtime { seed, .. } if seed % 2 == 0 => {
                let main = any_loop.create_task(test());
                any_loop.run_until_complete(main).map(or_resume)
            }
            _ => any_loop.run_until_complete(test()),
        };
        ended.expect("it ends");
    });
}

/// What a task ended with; its panic goes on here.
fn or_resume(ended: Result<(), JoinError>) {
    match ended {
        Err(JoinError::Panicked(panic)) => panic.resume(),
        ended => ended.expect("nobody cancels the test"),
    }
}

/// Waits until nobody has anything left to do but to wait: for a nanosecond of a clock that jumps then.
pub async fn at_rest() {
    evloop::sleep(Duration::from_nanos(1)).await;
}

fn n_seeds() -> u64 {
    std::env::var(SEEDS).map_or(N_SEEDS, |n_seeds| {
        n_seeds.parse().expect("a number of seeds")
    })
}

fn on(any_loop: AnyLoop, test: impl Fn(AnyLoop)) {
    let _watchdog = Watchdog::new(LIMIT);
    let _named = Named(any_loop.to_string());
    test(any_loop);
}

/// Says where a test has failed.
struct Named(String);

impl Drop for Named {
    fn drop(&mut self) {
        if thread::panicking() {
            #[expect(
                clippy::print_stderr,
                reason = "the harness shows it beside the panic's message"
            )]
            {
                eprintln!("it failed on {}", self.0);
            }
        }
    }
}
