//! Signals of Unix.

mod action;
mod installed;
mod tally;
mod thread;
mod wakeups;

pub(crate) use action::{disposition, kill_this_process, set_default};
pub(crate) use installed::Installed;
pub(crate) use thread::is_main_thread;
pub use wakeups::Wakeups;
