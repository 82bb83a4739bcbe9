//! BM22: what may cross threads and what may be moved, for every public type.

use std::cell::Cell;
use std::rc::Rc;

use evloop_fixtures::auto_traits;
use evloop_task::{
    Builder, CallbackId, Cancellation, EnterGuard, ErrorContext, FirstException, Flatten,
    InvalidState, JoinError, NoRunningLoop, Panic, Promise, Registry, Runnable, Task, TaskError,
    TaskId, TaskRef, Wait, YieldNow,
};

type Plain = u8;
type SendOnly = Cell<u8>;
type Neither = Rc<u8>;
/// `Sync` but not `Send`.
type SyncOnly = std::sync::MutexGuard<'static, u8>;

#[test]
fn museum_bm22_auto_traits_of_handles() {
    auto_traits! {
        Task<Plain>: true true true;
        Task<SendOnly>: true false true;
        Task<SyncOnly>: false false true;
        Task<Neither>: false false true;
        Flatten<Plain, Plain>: true true true;
        Flatten<SendOnly, Plain>: true false true;
        Flatten<Plain, Neither>: false false true;
        Promise<Plain>: true true true;
        // Clones share one value: `Send` alone is not enough for either.
        Promise<SendOnly>: false false true;
        Promise<SyncOnly>: false false true;
        Promise<Neither>: false false true;
        Wait<'static, Plain>: true true true;
        Wait<'static, SendOnly>: false false true;
        Wait<'static, Neither>: false false true;
    }
}

#[test]
fn museum_bm22_auto_traits_of_everything_else() {
    auto_traits! {
        Builder: true true true;
        CallbackId: true true true;
        Cancellation: true true true;
        EnterGuard: false false true;
        ErrorContext: true true true;
        FirstException: true true true;
        InvalidState: true true true;
        JoinError: true true true;
        NoRunningLoop: true true true;
        Panic: true true true;
        Registry: true true true;
        Runnable: true true true;
        TaskError<Plain>: true true true;
        TaskError<SendOnly>: true false true;
        TaskError<Neither>: false false true;
        TaskId: true true true;
        TaskRef: true true true;
        YieldNow: true true true;
        // The probe itself can say no.
        std::marker::PhantomPinned: true true false;
    }
}

#[test]
fn a_task_of_an_output_that_is_not_sync_can_be_awaited_in_a_task() {
    let scheduler = crate::by_hand::ByHand::new();
    let inner = Builder::new().spawn(scheduler, async { Cell::new(1) });
    let outer = Builder::new().spawn(scheduler, async move { inner.await.map(Cell::into_inner) });

    scheduler.run();

    assert!(matches!(outer.result(), Ok(Ok(Ok(1)))));
}
