//! Ending the tasks that a program leaves behind, within a limit.

use std::cell::{Cell, RefCell};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use evloop_task::{ErrorContext, TaskRef};

use crate::event_loop::{EventLoop, Next};
use crate::shared::Shared;

/// What a leftover task is told.
pub(crate) const PROGRAM_ENDED: &str = "the program has ended";

/// How often what leftover tasks have started is cancelled in its turn, if no time passes.
const MOST_ROUNDS: usize = 64;

/// Turns without any time passing after which none will: on a clock that stands still, tasks that
/// never wait could go on for ever.
const MOST_TURNS_AT_ONCE: usize = 1 << 17;

/// How many abandoned tasks a report names.
pub(crate) const MOST_NAMED: usize = 16;

/// What is left after the wait.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeftOver {
    /// Nothing; or closing the loop has to end it, because the loop does not turn.
    Nothing,
    /// Some tasks would not end, and that was reported.
    Abandoned,
}

impl EventLoop {
    /// Cancels all tasks and turns the loop until they have ended; then those that they have started
    /// meanwhile. After `grace` the exception handler hears of what goes on.
    pub(crate) fn end_left_over_tasks(&self, grace: Duration) -> LeftOver {
        // Before the loop turns again: what is left runs no further step but its end.
        let left = self.cancel_all_tasks();
        if left.is_empty() {
            return LeftOver::Nothing;
        }
        let _ending = Ending::of(self.shared());
        let wait = Wait::new(self, left, grace);
        // A loop that sleeps for longer has to look at the time.
        let alarm = self.call_later(grace, || {});
        // A destructor may stop the loop, which ends nothing here.
        while !wait.is_over.get() {
            // Another loop may be running on this thread, if this is dropped inside it: then closing
            // has to do.
            let Ok(running) = self.start() else {
                return LeftOver::Nothing;
            };
            let polled = self.turn_while(&|| wait.look());
            drop(running);
            if let Err(error) = polled {
                let message = format!("failed to end the tasks that are left: {error}");
                self.call_exception_handler(&ErrorContext::new(message));
                return LeftOver::Nothing;
            }
        }
        alarm.cancel();
        self.report_abandoned(grace)
    }

    fn cancel_all_tasks(&self) -> Vec<TaskRef> {
        let tasks = self.all_tasks().unwrap_or_default();
        for task in &tasks {
            task.cancel_with(PROGRAM_ENDED);
        }
        tasks
    }

    fn report_abandoned(&self, grace: Duration) -> LeftOver {
        let tasks = self.all_tasks().unwrap_or_default();
        if tasks.is_empty() {
            return LeftOver::Nothing;
        }
        let n_tasks = tasks.len();
        let mut names: Vec<String> = tasks
            .iter()
            .take(MOST_NAMED)
            .map(|task| format!("{task:?} spawned at {}", task.spawned_at()))
            .collect();
        if n_tasks > MOST_NAMED {
            names.push(format!("and {} more", n_tasks - MOST_NAMED));
        }
        let context = ErrorContext::new(format!(
            "closing the event loop: cancelled tasks that would not end (limit {grace:?}) are \
             abandoned: {n_tasks}"
        ));
        self.call_exception_handler(&context.with_source(names.join(", ")));
        LeftOver::Abandoned
    }
}

/// Tasks that were cancelled, and then those that these have started to clean up with, which are left
/// alone as long as these run.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    /// Those of this round that may not have ended.
    left: Vec<TaskRef>,
    n_rounds: usize,
}

impl Rounds {
    /// True when what they keep making is left to be dropped.
    pub(crate) fn are_over(&self) -> bool {
        self.n_rounds >= MOST_ROUNDS
    }

    /// Says whether all have ended; `cancel_all` cancels those that there are and returns them. Amortized,
    /// the tasks of a round are each looked at once.
    pub(crate) fn advance(&mut self, cancel_all: impl FnOnce() -> Vec<TaskRef>) -> bool {
        while self.left.last().is_some_and(TaskRef::done) {
            self.left.pop();
        }
        if self.left.is_empty() && self.n_rounds < MOST_ROUNDS {
            self.left = cancel_all();
            self.n_rounds += usize::from(!self.left.is_empty());
        }
        self.left.is_empty()
    }
}

/// The wait for tasks to end.
struct Wait<'a> {
    event_loop: &'a EventLoop,
    rounds: RefCell<Rounds>,
    /// `None`: later than there is time.
    deadline: Option<Instant>,
    last_look: Cell<Instant>,
    /// Since the time has changed.
    n_turns: Cell<usize>,
    is_over: Cell<bool>,
}

impl<'a> Wait<'a> {
    fn new(event_loop: &'a EventLoop, left: Vec<TaskRef>, grace: Duration) -> Self {
        let now = event_loop.now();
        Self {
            event_loop,
            rounds: RefCell::new(Rounds { left, n_rounds: 1 }),
            deadline: now.checked_add(grace),
            last_look: Cell::new(now),
            n_turns: Cell::new(0),
            is_over: Cell::new(false),
        }
    }

    /// After each turn.
    fn look(&self) -> Next {
        if self.have_all_ended() || self.is_too_late() {
            self.is_over.set(true);
            return Next::Leave;
        }
        Next::GoOn
    }

    fn have_all_ended(&self) -> bool {
        let cancel_all = || self.event_loop.cancel_all_tasks();
        self.rounds.borrow_mut().advance(cancel_all)
    }

    fn is_too_late(&self) -> bool {
        let now = self.event_loop.now();
        if self.last_look.replace(now) == now {
            self.n_turns.set(self.n_turns.get() + 1);
        } else {
            self.n_turns.set(0);
        }
        self.n_turns.get() >= MOST_TURNS_AT_ONCE
            || self.deadline.is_some_and(|deadline| now >= deadline)
    }
}

/// Reports of the executor say that the program was ending, until this is dropped.
pub(crate) struct Ending<'a>(&'a Shared);

impl<'a> Ending<'a> {
    pub(crate) fn of(shared: &'a Shared) -> Self {
        shared.ending.store(true, Ordering::Relaxed);
        Self(shared)
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.ending.store(false, Ordering::Relaxed);
    }
}
