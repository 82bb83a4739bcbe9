//! The primitives through their public API, polled by hand.

mod auto_traits;
mod barriers;
mod conditions;
mod events;
mod locks;
mod museum;
mod rw_locks;
mod semaphores;
mod support;
mod threads;
