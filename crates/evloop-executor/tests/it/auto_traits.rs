//! BM22: what may cross threads and what may be moved, for every public type.

use std::cell::Cell;
use std::rc::Rc;

use evloop_executor::{
    CallHandle, Closed, ExecutorHandle, LocalExecutor, Reporter, RootEnd, Step, StepLabel,
};
use evloop_fixtures::auto_traits;

#[test]
fn museum_bm22_auto_traits_are_as_promised() {
    auto_traits! {
        LocalExecutor: false false true;
        ExecutorHandle: true true true;
        Closed: true true true;
        CallHandle: true true true;
        StepLabel: true true true;
        Reporter: true true true;
        RootEnd<u8>: true true true;
        RootEnd<Cell<u8>>: true false true;
        RootEnd<Rc<u8>>: false false true;
        RootEnd<std::marker::PhantomPinned>: true true false;
    }
}

#[test]
fn museum_bm22_a_step_stays_on_the_thread_of_its_executor() {
    // It may be of a local task, which may be run and dropped at home only.
    auto_traits! {
        Step: false false true;
    }
}
