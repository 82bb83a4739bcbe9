//! BM22: what may cross threads and what may be moved, for every public type.

use std::cell::Cell;
use std::marker::PhantomData;
use std::rc::Rc;

use evloop_executor::{
    CallHandle, Closed, ExecutorHandle, LocalExecutor, Reporter, RootEnd, Step, StepLabel,
};

/// Tells whether a type has an auto trait: method lookup tries the implementation for the probe
/// itself, which is there if the type has the trait, before the one for a reference to it.
struct Probe<T>(PhantomData<T>);

macro_rules! probe {
    ($method:ident, $Trait:ident, $Has:ident, $Lacks:ident) => {
        trait $Has {
            fn $method(&self) -> bool {
                true
            }
        }
        trait $Lacks {
            fn $method(&self) -> bool {
                false
            }
        }
        impl<T: $Trait> $Has for Probe<T> {}
        impl<T> $Lacks for &Probe<T> {}
    };
}

probe!(is_send, Send, HasSend, LacksSend);
probe!(is_sync, Sync, HasSync, LacksSync);
probe!(is_unpin, Unpin, HasUnpin, LacksUnpin);

macro_rules! table {
    ($($type:ty: $send:literal $sync:literal $unpin:literal;)+) => {
        $({
            let probe = &Probe::<$type>(PhantomData);
            assert_eq!(
                [probe.is_send(), probe.is_sync(), probe.is_unpin()],
                [$send, $sync, $unpin],
                "Send, Sync, Unpin of {}",
                stringify!($type),
            );
        })+
    };
}

#[test]
fn museum_bm22_auto_traits_are_as_promised() {
    table! {
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
    table! {
        Step: false false true;
    }
}
