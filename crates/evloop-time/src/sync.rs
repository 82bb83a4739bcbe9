//! The synchronization types of the inbox and of the locked wheel, which loom replaces when it checks
//! their protocols.

#[cfg(loom)]
mod modelled;
#[cfg(not(loom))]
mod native;

#[cfg(loom)]
pub(crate) use modelled::*;
#[cfg(not(loom))]
pub(crate) use native::*;
