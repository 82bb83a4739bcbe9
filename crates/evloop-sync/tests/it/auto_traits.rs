//! What may cross threads and what may be moved, for every public type.

use std::cell::Cell;
use std::marker::PhantomPinned;
use std::rc::Rc;
use std::sync::MutexGuard;

use evloop_fixtures::auto_traits;
use evloop_sync::{
    AcquireLock, AcquireLockOwned, AcquirePermit, AcquirePermitOwned, AcquireRead,
    AcquireReadOwned, AcquireWrite, AcquireWriteOwned, Barrier, BarrierWait, BrokenBarrier,
    Condition, ConditionWait, ConditionWaitFor, Event, EventWait, Fifo, Get, Join, LifoQueue, Lock,
    LockGuard, OwnedLockGuard, OwnedPermit, OwnedReadGuard, OwnedWriteGuard, Permit, PriorityQueue,
    Put, Queue, QueueFull, ReadGuard, RwLock, Semaphore, TooManyPermits, WriteGuard,
};

type SendOnly = Cell<u8>;
type Neither = Rc<u8>;
/// `Sync` but not `Send`.
type SyncOnly = MutexGuard<'static, u8>;
/// A predicate that must not be moved, were it pinned.
type Fixed = (Cell<u8>, PhantomPinned);

#[test]
fn what_has_no_value_is_for_any_thread() {
    auto_traits! {
        Event: true true true;
        EventWait<'_>: true true true;
        Semaphore: true true true;
        AcquirePermit<'_>: true true true;
        AcquirePermitOwned: true true true;
        Permit<'_>: true true true;
        OwnedPermit: true true true;
        TooManyPermits: true true true;
        Barrier: true true true;
        BarrierWait<'_>: true true true;
        BrokenBarrier: true true true;
        Condition: true true true;
    }
}

/// The last one to drop what is owned drops the value, so that has to be sent; a reference to a guard gives
/// references to the value.
#[test]
fn a_lock_shares_what_can_be_sent() {
    auto_traits! {
        Lock<u8>: true true true;
        Lock<SendOnly>: true true true;
        Lock<SyncOnly>: false false true;
        Lock<Neither>: false false true;
        Lock<PhantomPinned>: true true false;
        AcquireLock<'_, SendOnly>: true true true;
        AcquireLock<'_, SyncOnly>: false false true;
        AcquireLock<'_, PhantomPinned>: true true true;
        AcquireLockOwned<SendOnly>: true true true;
        AcquireLockOwned<SyncOnly>: false false true;
        LockGuard<'_, u8>: true true true;
        LockGuard<'_, SendOnly>: true false true;
        LockGuard<'_, SyncOnly>: false false true;
        LockGuard<'_, PhantomPinned>: true true true;
        OwnedLockGuard<u8>: true true true;
        OwnedLockGuard<SendOnly>: true false true;
        OwnedLockGuard<SyncOnly>: false false true;
        ConditionWait<'_, LockGuard<'_, u8>>: true true true;
        ConditionWait<'_, LockGuard<'_, SendOnly>>: true false true;
        ConditionWait<'_, LockGuard<'_, SyncOnly>>: false false true;
        ConditionWait<'_, OwnedLockGuard<u8>>: true true true;
        ConditionWait<'_, OwnedLockGuard<SendOnly>>: true false true;
        ConditionWait<'_, OwnedLockGuard<SyncOnly>>: false false true;
        ConditionWaitFor<'_, LockGuard<'_, u8>, Fixed>: true false true;
    }
}

#[test]
fn readers_on_several_threads_need_what_may_be_shared() {
    auto_traits! {
        RwLock<u8>: true true true;
        RwLock<SendOnly>: true false true;
        RwLock<SyncOnly>: false false true;
        RwLock<Neither>: false false true;
        AcquireRead<'_, u8>: true true true;
        AcquireRead<'_, SendOnly>: false false true;
        AcquireReadOwned<SendOnly>: false false true;
        AcquireWrite<'_, u8>: true true true;
        AcquireWrite<'_, SendOnly>: false false true;
        AcquireWriteOwned<SyncOnly>: false false true;
        ReadGuard<'_, u8>: true true true;
        ReadGuard<'_, SendOnly>: false false true;
        ReadGuard<'_, SyncOnly>: false false true;
        OwnedReadGuard<u8>: true true true;
        OwnedReadGuard<SendOnly>: false false true;
        OwnedReadGuard<SyncOnly>: false false true;
        WriteGuard<'_, u8>: true true true;
        WriteGuard<'_, SendOnly>: false false true;
        OwnedWriteGuard<u8>: true true true;
        OwnedWriteGuard<SyncOnly>: false false true;
    }
}

/// An item goes from one thread to another, and no two see it at once.
#[test]
fn a_queue_shares_what_can_be_sent() {
    auto_traits! {
        Queue<u8>: true true true;
        Queue<SendOnly>: true true true;
        Queue<SyncOnly>: false false true;
        Queue<Neither>: false false true;
        LifoQueue<SendOnly>: true true true;
        PriorityQueue<SendOnly>: true true true;
        Get<'_, SendOnly, Fifo>: true true true;
        Get<'_, SyncOnly, Fifo>: false false true;
        Get<'_, PhantomPinned, Fifo>: true true true;
        Join<'_, SendOnly, Fifo>: true true true;
        Put<'_, u8, Fifo>: true true true;
        Put<'_, SendOnly, Fifo>: true false true;
        Put<'_, SyncOnly, Fifo>: false false true;
        Put<'_, PhantomPinned, Fifo>: true true true;
        QueueFull<SendOnly>: true false true;
    }
}
