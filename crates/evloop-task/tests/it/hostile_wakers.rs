//! BM19 and BM78: wakers that panic, and wakers that use what they are registered with.

#![expect(
    unsafe_code,
    reason = "a waker whose clone acts has a vtable of its own"
)]

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Poll, RawWaker, RawWakerVTable, Wake, Waker};

use evloop_fixtures::{Wakes, watched};
use evloop_task::{Builder, Promise, TaskGroup, enter_scheduler, shield};

use crate::by_hand::ByHand;
use crate::harness::{OnDrop, poll};

type Hook = Option<Box<dyn FnMut()>>;

thread_local! {
    /// What a hooked waker of this thread does when it is cloned.
    static ON_CLONE: RefCell<Hook> = const { RefCell::new(None) };
}

static HOOKED: RawWakerVTable = RawWakerVTable::new(
    |data| {
        // Taken out, so that a clone inside of the hook does nothing.
        let hook = ON_CLONE.take();
        if let Some(mut hook) = hook {
            hook();
        }
        RawWaker::new(data, &HOOKED)
    },
    |_| {},
    |_| {},
    |_| {},
);

fn on_clone(hook: impl FnMut() + 'static) -> Waker {
    ON_CLONE.set(Some(Box::new(hook)));
    // SAFETY: the functions of the table never read the data pointer.
    unsafe { Waker::new(std::ptr::null(), &HOOKED) }
}

#[test]
fn museum_bm78_cloning_a_waker_may_use_the_promise_it_waits_for() {
    watched(|| {
        let promise = Promise::<u8>::new();
        let again = promise.clone();
        let waker = on_clone(move || {
            assert!(again.set_result(1).is_ok());
            assert_eq!(
                again.remove_done_callback(evloop_task::CallbackId::new()),
                0
            );
        });
        let mut awaits = promise.clone();

        let first = poll(&mut awaits, &waker);

        let ended = first.is_ready() || poll(&mut awaits, Waker::noop()).is_ready();
        assert!(ended && promise.done());
    });
}

#[test]
fn museum_bm19_a_promise_works_after_the_clone_of_a_waker_panicked() {
    watched(|| {
        let promise = Promise::<u8>::new();
        let mut awaits = promise.clone();
        let waker = on_clone(|| panic!("a clone"));
        assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut awaits, &waker))).is_err());

        let (wakes, waker) = Wakes::new();
        assert!(poll(&mut awaits, &waker).is_pending());
        promise.set_result(1).unwrap();

        assert_eq!(wakes.count(), 1);
        assert!(matches!(poll(&mut awaits, &waker), Poll::Ready(Ok(1))));
    });
}

#[test]
fn museum_bm19_a_task_works_after_the_clone_of_a_waker_panicked() {
    watched(|| {
        let scheduler = ByHand::new();
        let mut task = Builder::new().spawn(scheduler, async { 1 });
        let waker = on_clone(|| panic!("a clone"));
        assert!(catch_unwind(AssertUnwindSafe(|| poll(&mut task, &waker))).is_err());

        let (wakes, waker) = Wakes::new();
        assert!(poll(&mut task, &waker).is_pending());
        scheduler.run();

        assert_eq!(wakes.count(), 1);
        assert!(matches!(poll(&mut task, &waker), Poll::Ready(Ok(1))));
    });
}

#[test]
fn museum_bm78_cloning_a_waker_may_use_the_task_behind_callbacks() {
    watched(|| {
        let scheduler = ByHand::new();
        let mut task = Builder::new().spawn(scheduler, async { 1 });
        task.add_done_callback(|_| {});
        scheduler.next_step().unwrap().run();
        // The callbacks are queued; cloning the awaiter's waker runs them.
        let waker = on_clone(move || scheduler.run());

        let first = poll(&mut task, &waker);

        assert!(first.is_ready() || poll(&mut task, Waker::noop()).is_ready());
    });
}

/// Calls a closure when it wakes, and another when it is dropped.
struct Acting<W, D: FnMut()>(W, OnDrop<D>);

impl<W, D> Wake for Acting<W, D>
where
    W: Fn() + Send + Sync + 'static,
    D: FnMut() + Send + Sync + 'static,
{
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

fn acting<W, D>(wake: W, drop: D) -> Waker
where
    W: Fn() + Send + Sync + 'static,
    D: FnMut() + Send + Sync + 'static,
{
    Waker::from(Arc::new(Acting(wake, OnDrop(drop))))
}

#[test]
fn museum_bm78_waking_and_dropping_a_waker_may_use_the_promise() {
    watched(|| {
        let scheduler = ByHand::new();
        let promise = Promise::<u8>::new_in(scheduler);
        let (woken, dropped) = (promise.clone(), promise.clone());
        let waker = acting(
            move || {
                woken.add_done_callback(|_| {});
                let mut another = woken.clone();
                assert!(poll(&mut another, Waker::noop()).is_ready());
            },
            move || {
                dropped.add_done_callback(|_| {});
                drop(dropped.clone());
            },
        );
        let (mut replaced, mut abandoned, mut woken) =
            (promise.clone(), promise.clone(), promise.clone());
        assert!(poll(&mut replaced, &waker).is_pending());
        assert!(poll(&mut abandoned, &waker).is_pending());
        assert!(poll(&mut woken, &waker).is_pending());
        drop(waker);

        assert!(poll(&mut replaced, Waker::noop()).is_pending());
        drop(abandoned);
        promise.set_result(1).unwrap();

        assert_eq!(scheduler.n_queued(), 2, "one of the wake, one of the drop");
        scheduler.run();
    });
}

#[test]
fn museum_bm19_a_waker_that_panics_keeps_nobody_else_from_waking() {
    watched(|| {
        let scheduler = ByHand::new();
        let promise = Promise::<u8>::new_in(scheduler);
        let (mut a, mut b) = (promise.clone(), promise.clone());
        assert!(poll(&mut a, &acting(|| panic!("a wake"), || {})).is_pending());
        let (wakes, waker) = Wakes::new();
        assert!(poll(&mut b, &waker).is_pending());

        promise.set_result(1).unwrap();

        assert_eq!(wakes.count(), 1);
        assert_eq!(scheduler.take_reports().len(), 1);
    });
}

#[test]
fn a_promise_dropped_in_a_panic_with_a_waker_that_panics_in_drop_does_not_abort() {
    watched(|| {
        let scheduler = ByHand::new();
        let promise = Promise::<u8>::new_in(scheduler);
        let mut awaits = promise.clone();
        let mut waker = Some(acting(|| {}, || panic!("a waker's drop")));
        let dropped = catch_unwind(AssertUnwindSafe(move || {
            assert!(poll(&mut awaits, waker.as_ref().unwrap()).is_pending());
            // The promise holds the last one.
            waker.take();
            drop(awaits);
        }));

        assert!(
            dropped.is_ok(),
            "it is contained: in a panic it would abort"
        );
        assert_eq!(scheduler.take_reports().len(), 1);
    });
}

#[test]
fn museum_bm78_a_waker_may_use_the_group_that_it_waits_for() {
    watched(|| {
        let scheduler = ByHand::new();
        let (group, gate) = (TaskGroup::new(), Promise::<()>::new());
        let (uses, wakes, drops) = (group.clone(), group.clone(), group.clone());
        let child = gate.clone();
        let mut run = Box::pin(group.run(|group| async move {
            group.create_task(child).unwrap();
        }));
        let entered = enter_scheduler(scheduler);

        // Cloned when the group begins to wait for its children.
        let waker = on_clone(move || {
            assert!(uses.create_task(async {}).is_ok());
            assert!(!uses.is_empty());
        });
        assert!(poll(&mut run, &waker).is_pending());
        let waker = acting(
            move || {
                wakes.cancel();
                assert!(wakes.create_task(async {}).is_err());
            },
            move || {
                drops.cancel();
                drop(format!("{drops:?}"));
            },
        );
        assert!(poll(&mut run, &waker).is_pending());
        drop((waker, entered));
        scheduler.run();
        gate.set_result(()).unwrap();
        scheduler.run();

        assert!(matches!(poll(&mut run, Waker::noop()), Poll::Ready(Ok(()))));
    });
}

#[test]
fn museum_bm78_a_waker_may_use_the_promise_behind_a_shield() {
    watched(|| {
        let promise = Promise::<u8>::new();
        let again = promise.clone();
        let mut shielded = shield(promise.clone());
        let waker = on_clone(move || assert!(again.cancel()));

        let first = poll(&mut shielded, &waker);

        let ended = first.is_ready() || poll(&mut shielded, Waker::noop()).is_ready();
        assert!(ended && promise.cancelled());
    });
}
