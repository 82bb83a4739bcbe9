//! What every program uses: a loop in virtual time, its trace, and Python's way of saying things.

use std::cell::RefCell;
use std::fmt::Display;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use evloop::{JoinError, ManualClock, Promise, Task, TaskId, TaskRef, TaskResult, all_tasks};
use evloop_tests::trace::Trace;
use evloop_tests::watchdog::Watchdog;
use evloop_tests::{AnyLoop, on_every_loop_that_begins};

thread_local! {
    /// The trace of the program that runs on this thread, or with it as a worker.
    static TRACE: RefCell<Trace> = RefCell::default();
}

/// Records an event of this thread's program.
macro_rules! event {
    ($($text:tt)*) => { $crate::program::record(format_args!($($text)*)) };
}

/// The trace that CPython printed for a program.
macro_rules! recorded {
    ($name:literal) => {
        include_str!(concat!("../../programs/", $name, ".trace"))
    };
}

pub(crate) fn record(event: impl Display) {
    TRACE.with_borrow(|trace| trace.event(event));
}

/// A callback that records an event: Python's `loop.call_soon(event, text)`.
pub(crate) fn say(text: impl Into<String>) -> impl FnOnce() + Send + 'static {
    let text = text.into();
    move || record(text)
}

/// A loop or runtime whose clock jumps to the next deadline instead of waiting for it.
pub(crate) struct Program {
    any_loop: AnyLoop,
}

impl Program {
    /// Runs a program whose trace follows from the order of steps, on an event loop.
    pub(crate) fn on_one_thread(program: impl FnOnce(Self)) {
        let _watchdog = Watchdog::new(Duration::from_secs(10));
        let any_loop = AnyLoop::of_one_thread();
        begins(&any_loop.clock())();
        program(Self::of(any_loop));
    }

    /// Runs a program whose trace follows from virtual time alone, on all.
    pub(crate) fn on_every_loop(program: impl Fn(Self)) {
        on_every_loop_that_begins(begins, |any_loop| program(Self::of(any_loop)));
    }

    fn of(any_loop: AnyLoop) -> Self {
        // As in the Python programs: a report that nobody expects must not go unseen.
        let unexpected = |_: &_, context: &evloop::ErrorContext| event!("REPORT {context}");
        any_loop.set_exception_handler(Some(unexpected));
        Self { any_loop }
    }

    /// Runs a future to its end.
    #[track_caller]
    pub(crate) fn run<F: IntoFuture>(&self, main: F) -> F::Output {
        self.any_loop
            .run_until_complete(main)
            .expect("nothing stops or cancels this run")
    }

    /// The clock, for callbacks that take time.
    pub(crate) fn clock(&self) -> ManualClock {
        self.any_loop.clock()
    }

    /// The trace, for events on other threads.
    pub(crate) fn trace(&self) -> Trace {
        TRACE.with_borrow(Trace::clone)
    }

    /// Closes the loop and compares the trace with the recorded one. A runtime keeps no order among what
    /// happens at the same time.
    #[track_caller]
    pub(crate) fn compare(self, recorded: &str) {
        self.any_loop.close();
        let trace = self.trace();
        if self.any_loop.is_runtime() {
            trace.assert_matches_at_each_time(recorded);
        } else {
            trace.assert_matches(recorded);
        }
    }
}

impl Deref for Program {
    type Target = AnyLoop;

    fn deref(&self) -> &AnyLoop {
        &self.any_loop
    }
}

/// Has a thread record in the trace of a program with that clock.
fn begins(clock: &ManualClock) -> impl Fn() + Send + Sync + use<> {
    let time = clock.clone();
    let trace = Trace::timed(move || time.elapsed());
    move || TRACE.set(trace.clone())
}

pub(crate) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub(crate) fn sleep_ms(n: u64) -> impl Future<Output = ()> + Send {
    evloop::sleep(ms(n))
}

/// What a coroutine ends with that Python would have end by an exception.
#[derive(Clone, Debug)]
pub(crate) enum Raised {
    Error(String),
    Cancelled,
}

/// The end of a coroutine: Python's `raise ValueError(text)` is an `Err`.
pub(crate) type End<T> = Result<T, Raised>;

/// Python's `raise ValueError(text)`.
pub(crate) fn error<T>(text: impl Into<String>) -> End<T> {
    Err(Raised::Error(text.into()))
}

impl From<JoinError> for Raised {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::Cancelled(_) => Self::Cancelled,
            JoinError::Panicked(panic) => Self::Error(panic.message().to_owned()),
            error => Self::Error(error.to_string()),
        }
    }
}

impl Display for Raised {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Error(text) => write!(f, "error {text}"),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

/// Puts the two layers of a task's result into one: an exception of Python is one as well.
pub(crate) fn flat<T: Clone>(result: &TaskResult<End<T>>) -> End<T> {
    result.clone()?
}

/// Says what an end is, as `outcome` and `settled` of the Python programs do.
pub(crate) fn settled<T: Display>(end: &End<T>) -> String {
    match end {
        Ok(value) => format!("value {value}"),
        Err(raised) => raised.to_string(),
    }
}

/// Says how a task stands.
pub(crate) fn outcome<T: Clone + Display>(task: &Task<End<T>>) -> String {
    task.result()
        .map_or_else(|_| "pending".to_owned(), |result| settled(&flat(result)))
}

/// Says how a promise stands.
pub(crate) fn standing<T: Clone + Display>(promise: &Promise<T>) -> String {
    let end = |result: &TaskResult<T>| settled(&result.clone().map_err(Raised::from));
    promise.result().map_or_else(|_| "pending".to_owned(), end)
}

/// A reference to a task that can cancel it when somebody else has its handle.
pub(crate) fn reference<T>(task: &Task<T>) -> Reference {
    let reference = Reference {
        id: task.id(),
        found: OnceLock::new(),
    };
    if let Some(found) = reference.find() {
        reference.found.get_or_init(|| found);
    }
    reference
}

/// A task, which a runtime knows once it has begun: it is looked for at the first use.
#[derive(Clone)]
pub(crate) struct Reference {
    id: TaskId,
    found: OnceLock<TaskRef>,
}

impl Reference {
    fn find(&self) -> Option<TaskRef> {
        all_tasks().into_iter().find(|known| known.id() == self.id)
    }
}

impl Deref for Reference {
    type Target = TaskRef;

    fn deref(&self) -> &TaskRef {
        let find = || self.find().expect("a task that has not ended is known");
        self.found.get_or_init(find)
    }
}

/// Python's spelling of a truth value.
pub(crate) fn truth(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

/// Sorted names, as `names` of the Python programs gives them.
pub(crate) fn names(names: impl IntoIterator<Item = Arc<str>>) -> String {
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(" ")
    }
}

/// Python's `finally`: records an event when it is dropped.
pub(crate) struct Finally(pub(crate) String);

impl Drop for Finally {
    fn drop(&mut self) {
        record(&self.0);
    }
}
