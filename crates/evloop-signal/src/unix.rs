//! Signals of Unix.

mod action;
mod installed;
mod nameless;
pub(crate) mod numbers;
mod slot;
mod tally;
mod thread;
mod wakeups;

pub(crate) use action::{disposition, kill_this_process, set_default};
pub(crate) use installed::{Heard, Installed};
pub(crate) use nameless::{is_nameless, place_of_real_time};
pub(crate) use thread::is_main_thread;
pub use wakeups::Wakeups;
