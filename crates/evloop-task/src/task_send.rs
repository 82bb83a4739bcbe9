//! Why a task handle may move between threads though its output may not be shared between them.

#![expect(
    unsafe_code,
    reason = "`Send` for outputs that are `Send` but not `Sync`"
)]

use crate::task::Task;

// SAFETY: the handle owns its output, or, once somebody has read it by reference, shares it with
// nobody but clones of the same `SharedCell`. Clones that leave the handle (the delivery and queued
// runs of callbacks) are made by `add_done_callback` only, which asks for `T: Sync`. So without
// `Sync` the cell has one owner, who moves with the handle; borrows given out by `result(&self)`
// end before it can move. Everything else in a `Task` is `Send` when `T` is.
unsafe impl<T: Send> Send for Task<T> {}

const _: () = {
    const fn assert_send<T: Send>() {}
    assert_send::<Task<std::cell::Cell<u8>>>();
};
