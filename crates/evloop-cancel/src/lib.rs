//! Cancellation that async code can catch, clean up after, or refuse; on any async runtime.

mod cancel_scope;
mod catch;
pub mod claim;
mod cleanup;
mod delivery;
pub mod fork;
mod frame;
mod hold;
pub mod host;
mod hub;
mod node;
mod request;
mod scope;
mod sync;
mod timeout;
mod token;

pub use cancel_scope::{CancelScope, RunScope, ScopeHandle, Stopped};
pub use catch::{CatchCancel, catch_cancel};
pub use cleanup::{finally_within, on_cancel};
pub use hold::{HoldCancel, hold_cancel};
pub use request::Request;
pub use timeout::{Expired, TimeoutScope, TimeoutState, timeout_scope};
pub use token::{Cancelled, Resume};

#[cfg(loom)]
#[doc(hidden)]
pub mod loom_models;
