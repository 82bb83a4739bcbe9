//! What the behaviour tests share: a watchdog, records of what was seen, loops in virtual time, and
//! values that misbehave.

pub mod trace;
pub mod watchdog;

mod any_loop;
mod child;
mod drops;
mod held_jobs;
mod interrupted;
mod reports;
mod seen;
mod settled;
mod skipped;
mod threads;
mod virtual_time;
mod wakes;

pub use any_loop::{AnyLoop, at_rest, in_every_loop, on_every_loop, on_every_loop_that_begins};
pub use child::{deaf_child, in_child, survives_in_child};
pub use drops::{DropFlag, PanicsInDrop, Witness, witness};
pub use held_jobs::HeldJobs;
pub use interrupted::{Ended, Interrupted};
pub use reports::Reports;
pub use seen::Seen;
pub use skipped::say_skipped;
pub use threads::{on_stack_of, on_thread, panic_text};
pub use virtual_time::{WatchedClock, virtual_builder, virtual_loop, watched_loop};
pub use wakes::Wakes;
