//! Starting a task at once: its first step runs inside the spawn.

use crate::scheduler::Scheduler;
use crate::usage;

/// Has spawns ask their scheduler for [`Scheduler::eager_tasks`].
///
/// For executors that say yes there; until one calls this, spawning does without the question.
pub fn enable_eager_tasks() {
    usage::begin_eager_loops();
}

/// Whether a task starts inside its spawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum EagerStart {
    /// The scheduler decides.
    #[default]
    Default,
    Always,
    Never,
}

impl From<bool> for EagerStart {
    fn from(eager: bool) -> Self {
        if eager { Self::Always } else { Self::Never }
    }
}

impl EagerStart {
    #[inline]
    pub(crate) fn is_wanted_on(self, scheduler: &'static dyn Scheduler) -> bool {
        match self {
            Self::Default => usage::eager_loops() && scheduler.eager_tasks(),
            Self::Always => true,
            Self::Never => false,
        }
    }
}
