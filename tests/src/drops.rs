//! Values whose destructors are seen, or panic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A value that tells its [`DropFlag`] when it is dropped.
#[derive(Debug)]
pub struct Witness(Arc<AtomicBool>);

/// Says whether the witness made with it is gone.
#[derive(Clone, Debug)]
pub struct DropFlag(Arc<AtomicBool>);

/// A value to be captured, and the flag that says when it is dropped.
#[must_use]
pub fn witness() -> (Witness, DropFlag) {
    let flag = Arc::new(AtomicBool::new(false));
    (Witness(Arc::clone(&flag)), DropFlag(flag))
}

impl DropFlag {
    /// True once the witness is dropped.
    #[must_use]
    pub fn is_dropped(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Its destructor panics with this text.
#[derive(Debug)]
pub struct PanicsInDrop(pub &'static str);

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}
