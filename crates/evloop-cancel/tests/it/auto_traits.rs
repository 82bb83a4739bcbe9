//! What may cross threads and what may be moved, for every public type; and how they show.

use std::cell::Cell;
use std::future::{Pending, Ready, pending, ready};
use std::marker::PhantomPinned;
use std::rc::Rc;

use evloop_cancel::claim::Claim;
use evloop_cancel::fork::{BranchEnd, Fork};
use evloop_cancel::host::{Here, Kept, Marks, StepEnd};
use evloop_cancel::{
    CancelScope, Cancelled, CatchCancel, Expired, HoldCancel, Request, Resume, RunScope,
    ScopeHandle, Stopped, TimeoutScope, TimeoutState, catch_cancel, hold_cancel, timeout_scope,
};
use evloop_fixtures::auto_traits;

type Plain = Ready<u8>;
type SendOnly = Ready<Cell<u8>>;
type Neither = Ready<Rc<u8>>;

#[test]
fn museum_bm22_auto_traits_of_scopes() {
    auto_traits! {
        Cancelled: true true true;
        Resume: true true true;
        Request: true true true;
        CancelScope: true true true;
        ScopeHandle: true true true;
        Stopped: true true true;
        Expired: true true true;
        TimeoutState: true true true;
        CatchCancel<Plain>: true true true;
        CatchCancel<SendOnly>: true false true;
        CatchCancel<Neither>: false false true;
        CatchCancel<PhantomPinned>: true true false;
        HoldCancel<Plain>: true true true;
        HoldCancel<Neither>: false false true;
        HoldCancel<PhantomPinned>: true true false;
        RunScope<Plain>: true true true;
        RunScope<Neither>: false false true;
        RunScope<PhantomPinned>: true true false;
        TimeoutScope<Plain, Plain>: true true true;
        TimeoutScope<Plain, Neither>: false false true;
        TimeoutScope<Neither, Plain>: false false true;
        TimeoutScope<PhantomPinned, Plain>: true true false;
        TimeoutScope<Plain, PhantomPinned>: true true false;
    }
}

#[test]
fn museum_bm22_auto_traits_of_what_tasks_are_made_of() {
    auto_traits! {
        // A handle that awaits with a claim may be shared between threads.
        Claim: true true true;
        Fork: true true true;
        BranchEnd: true true true;
        Kept: true true true;
        Marks: true true true;
        StepEnd: true true true;
        // Names a frame of this thread's stack.
        Here<'static>: false false true;
    }
}

#[test]
fn debug_forms() {
    let never = pending::<()>;
    let scope = CancelScope::new();
    let handle = scope.handle();
    assert_eq!(
        format!("{handle:?}"),
        "ScopeHandle { cancelled: false, over: false }"
    );
    assert!(format!("{scope:?}").starts_with("CancelScope { "));
    let run: RunScope<Pending<()>> = scope.run(never());
    handle.cancel();
    assert!(format!("{run:?}").contains("cancelled: true"));
    drop(run);
    assert!(!handle.cancel());
    assert_eq!(
        format!("{handle:?}"),
        "ScopeHandle { cancelled: true, over: true }"
    );
    let caught = catch_cancel(never());
    assert!(format!("{caught:?}").starts_with("CatchCancel"));
    let held = hold_cancel(never());
    assert!(format!("{held:?}").starts_with("HoldCancel { claim: Claim { is_empty: true }"));
    let limited = timeout_scope(ready(()), never());
    assert_eq!(
        format!("{limited:?}"),
        "TimeoutScope { state: Unentered, .. }"
    );
    assert_eq!(format!("{:?}", Fork::new()), "Fork { .. }");
    assert_eq!(format!("{:?}", Kept::nothing()), "Kept(false)");
    assert_eq!(
        format!("{:?}", Request::new().message(Some("why".into()))),
        "Request { message: Some(\"why\"), origin: None, .. }"
    );
    let states = [
        (TimeoutState::Unentered, "not entered"),
        (TimeoutState::Active, "active"),
        (TimeoutState::Expiring, "expiring"),
        (TimeoutState::Expired, "expired"),
        (TimeoutState::Finished, "finished"),
    ];
    for (state, shown) in states {
        assert_eq!(state.to_string(), shown);
    }
    assert_eq!(Expired.to_string(), "the time limit has passed");
    assert_eq!(
        Stopped.to_string(),
        "stopped: the cancel scope was asked to end"
    );
}
