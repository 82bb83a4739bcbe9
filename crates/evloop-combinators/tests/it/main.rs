//! The behaviour of the combinators, through their public interface.

mod allocations;
mod as_completed;
mod as_completed_model;
mod auto_traits;
mod fairness;
mod few;
mod gather;
mod harness;
mod hostile;
mod model;
mod museum;
mod next;
mod next_model;
mod race;
mod race_staggered;
mod threads;
mod try_gather;
mod wait;
mod wait_set;
