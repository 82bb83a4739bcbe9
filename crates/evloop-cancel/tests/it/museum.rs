//! Bugs that others had.

#![expect(
    unsafe_code,
    reason = "a waker whose clone acts has a vtable of its own"
)]

use std::cell::RefCell;
use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};

use evloop_cancel::{CancelScope, ScopeHandle, Stopped, catch_cancel, hold_cancel, timeout_scope};

use crate::support::{End, Log, Task};

type Hook = Box<dyn FnMut()>;

thread_local! {
    /// What the hooked waker of this thread does, whatever is done with it.
    static HOOK: RefCell<Option<Hook>> = const { RefCell::new(None) };
}

/// Runs the hook, unless it is running.
fn act() {
    let hook = HOOK.take();
    if let Some(mut hook) = hook {
        hook();
        HOOK.set(Some(hook));
    }
}

static HOOKED: RawWakerVTable = RawWakerVTable::new(
    |data| {
        act();
        RawWaker::new(data, &HOOKED)
    },
    |_| act(),
    |_| act(),
    |_| act(),
);

fn hooked(hook: impl FnMut() + 'static) -> Waker {
    HOOK.set(Some(Box::new(hook)));
    // SAFETY: the functions of the table never read the data pointer.
    unsafe { Waker::new(std::ptr::null(), &HOOKED) }
}

/// A scope's handle that is used by every clone, wake and drop of a waker.
fn used_by_waker(handle: ScopeHandle) -> Waker {
    hooked(move || {
        let _is_asked = handle.is_cancelled();
        handle.cancel();
        drop(format!("{handle:?}"));
    })
}

#[test]
fn museum_bm78_a_waker_that_uses_the_scope_it_is_registered_with_does_not_deadlock() {
    let scope = CancelScope::new();
    let handle = scope.handle();
    let waker = used_by_waker(handle.clone());
    let mut cx = Context::from_waker(&waker);
    let mut main = pin!(scope.run(catch_cancel(hold_cancel(pending::<()>()))));
    // Each look at the scope asks it to end, which the hold puts off.
    for _ in 0..3 {
        assert!(main.as_mut().poll(&mut cx).is_pending());
    }
    assert!(handle.is_cancelled());
    HOOK.set(None);
}

#[test]
fn museum_bm78_a_scope_ends_when_its_waker_asks_it_to() {
    let scope = CancelScope::new();
    let waker = used_by_waker(scope.handle());
    let mut cx = Context::from_waker(&waker);
    let mut main = pin!(scope.run(pending::<()>()));
    let mut polled = main.as_mut().poll(&mut cx);
    for _ in 0..2 {
        if polled.is_pending() {
            polled = main.as_mut().poll(&mut cx);
        }
    }
    assert_eq!(polled, Poll::Ready(Err(Stopped)));
    HOOK.set(None);
}

#[test]
fn museum_bm78_a_remote_scope_whose_waker_asks_the_target_again_does_not_deadlock() {
    let scope = CancelScope::new();
    let handle = scope.handle();
    let asks = handle.clone();
    let mut task = Task::new(scope.run(async move {
        let mut remote = pin!(catch_cancel(pending::<()>()));
        let waker = used_by_waker(asks);
        std::future::poll_fn(move |_| {
            // Polled with a waker of its own, as a set of futures does it.
            remote.as_mut().poll(&mut Context::from_waker(&waker))
        })
        .await
        .map_err(evloop_cancel::Cancelled::swallow)
    }));
    assert_eq!(task.run(), Some(End::Value(Ok(Err(())))));
    HOOK.set(None);
    assert!(!handle.cancel(), "it is over");
}

/// A waker that is not the task's, and how many there are of it.
#[derive(Default)]
struct Counted(AtomicUsize);

impl Wake for Counted {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn museum_bm74_remote_scopes_that_were_dropped_leave_nothing_in_the_one_around() {
    let counted = Arc::new(Counted::default());
    let waker = Waker::from(Arc::clone(&counted));
    let mut task = Task::new(async {
        let mut cx = Context::from_waker(&waker);
        for _ in 0..10_000 {
            assert!(
                pin!(catch_cancel(pending::<()>()))
                    .poll(&mut cx)
                    .is_pending()
            );
            let limited = timeout_scope(pending::<()>(), catch_cancel(pending::<()>()));
            assert!(pin!(limited).poll(&mut cx).is_pending());
            assert!(
                pin!(hold_cancel(pending::<()>()))
                    .poll(&mut cx)
                    .is_pending()
            );
        }
        assert_eq!(Arc::strong_count(&counted), 2, "the test's own");
        pending::<()>().await;
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
    assert_eq!(
        counted.0.load(Ordering::SeqCst),
        0,
        "nobody is told any more"
    );
}

#[test]
fn museum_bm71_a_request_and_a_limit_due_in_one_poll_of_a_clean_up() {
    // The limit inside is being cleaned up for when the one around it and the task are asked.
    let (inner_due, outer_due, done) = <(Flag, Flag, Flag)>::default();
    let log = Log::default();
    let mut task = Task::new(async {
        let inner = timeout_scope(inner_due.clone(), async {
            let caught = catch_cancel(pending::<()>()).await;
            done.clone().await;
            drop(caught);
            pending::<()>().await;
        });
        let _never = timeout_scope(outer_due.clone(), inner).await;
        log.say("behind the limit");
    });
    assert_eq!(task.run(), None);
    inner_due.raise();
    assert_eq!(task.step(), None);
    outer_due.raise();
    done.raise();
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
    assert!(log.take().is_empty(), "the request wins");
}

/// Ready once it is raised; wakes nobody.
#[derive(Clone, Default)]
struct Flag(std::rc::Rc<std::cell::Cell<bool>>);

impl Flag {
    fn raise(&self) {
        self.0.set(true);
    }
}

impl Future for Flag {
    type Output = ();

    fn poll(self: std::pin::Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        if self.0.get() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}
