//! The models of types that are private: `tests/loom.rs` explores them.

#![expect(
    clippy::unwrap_used,
    reason = "a model that unwraps in vain has failed"
)]

use std::cell::Cell;

use loom::sync::Arc;
use loom::thread;

use crate::home::HomeCell;

/// Ownership that passes from thread to thread carries with it what the former owner did, and
/// nobody but the owner gets at the value.
pub fn ownership_passes_with_all_that_was_done() {
    let home = Arc::new(HomeCell::new(Cell::new(0)));
    assert!(home.acquire());
    let theirs = Arc::clone(&home);
    let next = thread::spawn(move || {
        if !theirs.acquire() {
            assert!(theirs.get().is_none(), "it is refused to others");
            return false;
        }
        let value = theirs.get().unwrap();
        assert_eq!(value.get(), 1, "what the former owner did");
        value.set(2);
        theirs.release();
        true
    });

    home.get().unwrap().set(1);
    home.release();

    let passed = next.join().unwrap();
    assert!(home.acquire());
    assert_eq!(home.get().unwrap().get(), if passed { 2 } else { 1 });
}
