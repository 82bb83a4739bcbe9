//! Waiting for the last of many tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::bell::Bell;

/// Counts the ends of tasks, and rings at the last.
#[derive(Clone, Default)]
pub(crate) struct Countdown(Arc<State>);

#[derive(Default)]
struct State {
    n_left: AtomicUsize,
    all_ended: Bell,
}

impl Countdown {
    /// Waits for so many from here on.
    pub(crate) fn start(&self, n_tasks: usize) {
        self.0.n_left.store(n_tasks, Ordering::SeqCst);
    }

    #[inline]
    pub(crate) fn step(&self) {
        if self.0.n_left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.all_ended.ring();
        }
    }

    pub(crate) async fn wait(&self) {
        self.0.all_ended.wait().await;
    }
}
