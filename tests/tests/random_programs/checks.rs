//! What must hold whatever a program does.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use evloop::{ErrorContext, GroupError, TaskGroup, TaskRef, all_tasks, current_task};
use evloop_tests::Seen;

use crate::program::Manners;

/// What a planned panic says.
pub(crate) const PLANNED: &str = "a planned panic";

/// The faults of one program. Clones mean the same program.
#[derive(Clone)]
pub(crate) struct Checks(Arc<Inner>);

struct Inner {
    manners: Manners,
    faults: Seen<String>,
    n_clean_ups_begun: AtomicUsize,
    n_clean_ups_ended: AtomicUsize,
}

impl Checks {
    pub(crate) fn new(manners: Manners) -> Self {
        Self(Arc::new(Inner {
            manners,
            faults: Seen::new(),
            n_clean_ups_begun: AtomicUsize::new(0),
            n_clean_ups_ended: AtomicUsize::new(0),
        }))
    }

    pub(crate) fn faults(&self) -> Vec<String> {
        self.0.faults.take()
    }

    fn require(&self, holds: bool, fault: impl Display) {
        if !holds {
            self.0.faults.push(fault.to_string());
        }
    }

    /// Nobody drops anything: what is dropped was asked first.
    fn is_gentle(&self) -> bool {
        self.0.manners == Manners::Asks
    }

    pub(crate) fn clean_up_begins(&self) {
        self.0.n_clean_ups_begun.fetch_add(1, SeqCst);
    }

    pub(crate) fn clean_up_ends(&self) {
        self.0.n_clean_ups_ended.fetch_add(1, SeqCst);
    }

    pub(crate) fn no_clean_up_is_cut_off(&self) {
        let begun = self.0.n_clean_ups_begun.load(SeqCst);
        let ended = self.0.n_clean_ups_ended.load(SeqCst);
        self.require(
            !self.is_gentle() || begun == ended,
            format_args!("of {begun} clean-ups {ended} ended"),
        );
    }

    /// A task sees its own value of a variable, whoever ran in between.
    pub(crate) fn the_context_is_right(&self, set: usize, got: Option<usize>) {
        self.require(
            got == Some(set),
            format_args!("task {set} has the context of {got:?}"),
        );
    }

    /// Counts the children of a group from now on.
    pub(crate) fn watch_children(&self, group: Option<TaskGroup>) -> Children {
        Children {
            checks: self.clone(),
            live: Arc::default(),
            group,
        }
    }

    pub(crate) fn a_group_without_failures_was_stopped(&self, error: &GroupError) {
        self.require(
            error.is_stopped() == error.failures().is_empty(),
            format_args!("stopped or failed: {error:?}"),
        );
    }

    pub(crate) fn the_main_task_ends(&self, ended: bool) {
        self.require(ended, "the main task hangs");
    }

    /// Called by the task that ran the program, once that is over.
    pub(crate) fn nothing_is_left_over(&self, tasks: &[TaskRef]) {
        let me = current_task().expect("this is a task");
        let left = all_tasks().into_iter().filter(|task| task.id() != me.id());
        let left: Vec<_> = left.collect();
        self.require(left.is_empty(), format_args!("left over: {left:?}"));
        let n_open = tasks.iter().filter(|task| !task.done()).count();
        self.require(n_open == 0, format_args!("{n_open} tasks are not done"));
        self.require(me.cancelling() == 0, "a request has come to the wrong task");
    }

    pub(crate) fn nothing_is_reported_but_planned_panics(&self, reports: &[ErrorContext]) {
        // The failures beside a body that panics have nobody else to go to.
        let planned = [PLANNED, "in a task group whose body panicked"];
        for report in reports {
            let text = report.to_string();
            let is_planned = planned.iter().any(|planned| text.contains(planned));
            self.require(
                is_planned && !self.is_gentle(),
                format_args!("reported: {text}"),
            );
        }
    }
}

/// The children of a group. Dropped, it looks whether they are gone.
pub(crate) struct Children {
    checks: Checks,
    live: Arc<AtomicUsize>,
    group: Option<TaskGroup>,
}

/// A child that has not been dropped.
pub(crate) struct Child(Arc<AtomicUsize>);

/// Makes children.
#[derive(Clone)]
pub(crate) struct Nursery(Arc<AtomicUsize>);

impl Children {
    pub(crate) fn nursery(&self) -> Nursery {
        Nursery(Arc::clone(&self.live))
    }

    /// The group has ended by itself.
    pub(crate) fn no_child_outlives_the_group(self) {
        self.look("a group ended");
    }

    fn look(&self, what: &str) {
        let n_live = self.live.load(SeqCst);
        let n_listed = self.group.as_ref().map_or(0, TaskGroup::len);
        self.checks.require(
            n_live == 0 && n_listed == 0,
            format_args!("{what} with {n_live} live children, {n_listed} listed"),
        );
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        if self.checks.is_gentle() {
            self.look("a group was dropped");
        }
    }
}

impl Nursery {
    pub(crate) fn child(&self) -> Child {
        self.0.fetch_add(1, SeqCst);
        Child(Arc::clone(&self.0))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}
