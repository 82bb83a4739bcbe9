//! The end of a runtime, within limits.

use std::fmt;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use evloop_blocking::Abandoned;
use evloop_task::{TaskRef, report_panic};
use evloop_time::{Clock, SystemClock};

use super::engine::Engine;
use super::guest::Guest;
use crate::handle::Handle;
use crate::left_over::{Ending, MOST_NAMED, PROGRAM_ENDED, Rounds};

/// How long a worker may take to leave at least: one that is in the midst of a step.
const LEAST_FOR_WORKERS: Duration = Duration::from_millis(100);

/// What a runtime has abandoned at its end.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Leftovers {
    /// Tasks that were cancelled and had not ended in time, those pinned to a worker not included.
    pub tasks: Vec<TaskRef>,
    /// Pinned tasks that had not ended in time.
    pub n_pinned_tasks: usize,
    /// Tasks and callbacks that destructors kept making.
    pub n_remade: usize,
    /// Workers whose threads are in the midst of a step that does not end. They go on by themselves.
    pub workers: Vec<usize>,
    /// Work of the default executor that had not ended in time.
    pub executor: Option<Abandoned>,
}

impl Leftovers {
    /// True when everything has ended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
            && self.n_pinned_tasks == 0
            && self.n_remade == 0
            && self.workers.is_empty()
            && self.executor.is_none()
    }
}

impl fmt::Display for Leftovers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("a runtime was closed, and all had ended");
        }
        f.write_str("a runtime was closed, and abandoned:")?;
        let mut separator = " ";
        let mut list = |f: &mut fmt::Formatter<'_>, what: fmt::Arguments<'_>| {
            write!(f, "{separator}{what}")?;
            separator = "; ";
            Ok(())
        };
        if !self.tasks.is_empty() {
            list(
                f,
                format_args!("{} tasks that would not end", self.tasks.len()),
            )?;
            let named = self.tasks.iter().take(MOST_NAMED);
            let named: Vec<_> = named
                .map(|task| format!("{task:?} spawned at {}", task.spawned_at()))
                .collect();
            list(f, format_args!("among them {}", named.join(", ")))?;
        }
        if self.n_pinned_tasks > 0 {
            list(f, format_args!("{} pinned tasks", self.n_pinned_tasks))?;
        }
        if self.n_remade > 0 {
            list(
                f,
                format_args!(
                    "{} tasks or callbacks that destructors kept making",
                    self.n_remade
                ),
            )?;
        }
        if !self.workers.is_empty() {
            list(
                f,
                format_args!(
                    "the worker threads {:?}, in a step that does not end",
                    self.workers
                ),
            )?;
        }
        if let Some(executor) = &self.executor {
            list(f, format_args!("{executor}"))?;
        }
        Ok(())
    }
}

/// Ends the runtime whose worker threads these are.
pub(super) fn end(
    engine: &Engine,
    handle: &Handle,
    threads: Vec<JoinHandle<()>>,
    task_grace: Duration,
    executor_grace: Duration,
) -> Leftovers {
    let ending = Ending::of(handle.shared());
    let deadline = SystemClock.now().checked_add(task_grace);
    let mut left = Leftovers {
        tasks: end_tasks(engine, handle, task_grace, deadline),
        ..Leftovers::default()
    };
    left.n_pinned_tasks = count_pinned(engine);
    left.executor = handle.wait_for_default_executor(executor_grace).err();
    handle.close_signal_handlers();
    handle.close_watches();
    engine.stop();
    left.workers = join(threads, deadline);
    if left.workers.is_empty() {
        left.n_remade = close_machines(engine, handle);
    }
    drop(ending);
    left
}

fn count_pinned(engine: &Engine) -> usize {
    let counts = engine.n_pinned.iter();
    // One that has not counted is blocked, and reported as that.
    counts
        .map(|count| count.load(Ordering::SeqCst))
        .filter(|count| *count != super::engine::UNCOUNTED)
        .sum()
}

/// Cancels all tasks and waits until they have ended, and then those that they have started meanwhile.
/// Returns those that have not.
fn end_tasks(
    engine: &Engine,
    handle: &Handle,
    grace: Duration,
    deadline: Option<Instant>,
) -> Vec<TaskRef> {
    let guest = Guest::of(engine);
    engine.workers.set_awaiter(Some(guest.waker()));
    engine.begin_end();
    // By the runtime's own clock, which may be a manual one, and by the system's, for workers that are
    // blocked and fire no timer.
    let own_deadline = handle.now().checked_add(grace);
    let waker = guest.waker();
    let alarm = handle.call_later(grace, move || waker.wake());
    let mut rounds = Rounds::default();
    let tasks = loop {
        let is_over = rounds.advance(|| {
            let tasks = all_tasks(engine);
            for task in &tasks {
                task.cancel_with(PROGRAM_ENDED);
            }
            tasks
        });
        let is_quiet = || {
            engine.workers.is_quiet()
                && !engine.has_pinned_tasks()
                && engine.guests.tasks().is_empty()
        };
        if is_over && (rounds.are_over() || is_quiet()) {
            break Vec::new();
        }
        let now = SystemClock.now();
        let is_late =
            |now: Instant, deadline: Option<Instant>| deadline.is_some_and(|at| now >= at);
        if is_late(now, deadline) || is_late(handle.now(), own_deadline) {
            break all_tasks(engine);
        }
        guest.sleep(deadline);
    };
    alarm.cancel();
    engine.workers.set_awaiter(None);
    tasks
}

/// All that can be cancelled from here, which those pinned to a worker cannot.
fn all_tasks(engine: &Engine) -> Vec<TaskRef> {
    let mut tasks = engine.workers.tasks();
    tasks.extend(engine.guests.tasks());
    tasks.retain(|task| !task.done());
    tasks
}

/// Waits for the threads to leave. Returns the numbers of those that do not.
fn join(threads: Vec<JoinHandle<()>>, deadline: Option<Instant>) -> Vec<usize> {
    let least = SystemClock.now() + LEAST_FOR_WORKERS;
    let deadline = deadline.map(|deadline| deadline.max(least));
    let mut stuck = Vec::new();
    for (index, thread) in threads.into_iter().enumerate() {
        if wait_for(&thread, deadline) {
            // Its panic would be that of our own loop, and was printed.
            drop(thread.join());
        } else {
            stuck.push(index);
        }
    }
    stuck
}

/// Waits for a thread to leave; false if it does not in time.
fn wait_for(thread: &JoinHandle<()>, deadline: Option<Instant>) -> bool {
    let Some(deadline) = deadline else {
        return true;
    };
    let mut pause = Duration::from_micros(20);
    while !thread.is_finished() {
        let now = SystemClock.now();
        if now >= deadline {
            return false;
        }
        // A thread cannot be waited for with a limit.
        thread::park_timeout(pause.min(deadline - now));
        pause = (2 * pause).min(Duration::from_millis(5));
    }
    true
}

/// Drops what is left, when all workers have gone.
fn close_machines(engine: &Engine, handle: &Handle) -> usize {
    let time = engine.drivers[0].enter();
    let reactor = engine.reactor_handle.enter();
    let n_remade = engine.workers.close();
    // Destructors of tasks may have added some.
    handle.close_watches();
    for driver in &engine.drivers {
        driver.close();
    }
    handle.close_default_executor();
    handle.end_signal_watches();
    drop((time, reactor));
    handle.close_reactor();
    let reactor = crate::shared::lock(&engine.reactor).take();
    report_panic(None, "closing the reactor", || drop(reactor));
    n_remade
}
