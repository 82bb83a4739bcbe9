//! The primitives through their public API, polled by hand.

mod allocations;
mod auto_traits;
mod barriers;
mod conditions;
mod events;
mod hostile;
mod locks;
mod model;
mod museum;
mod queues;
mod rw_locks;
mod semaphores;
mod support;
mod threads;
