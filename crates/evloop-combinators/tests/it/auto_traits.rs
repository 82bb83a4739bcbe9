//! What may cross threads and what may be moved.

use std::future::{Pending, Ready};
use std::marker::{PhantomData, PhantomPinned};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use evloop_combinators::children::{Children1, Children2, Many};
use evloop_combinators::{
    AllCompleted, AsCompleted, AsCompletedInTime, EmptyRace, EmptyWait, FirstCompleted, Gather,
    IntoHandles, Iter, Next, NextInTime, Race, RaceStaggered, TimedOut, TryGather, Wait, WaitSet,
    Waitable,
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

type Plain = Ready<u8>;
type Local = Ready<Rc<u8>>;
type Result8 = Ready<Result<u8, u8>>;
struct Immovable(PhantomPinned);
impl Future for Immovable {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

#[test]
fn combinators_are_send_and_sync_as_their_children_are() {
    table! {
        // type:                              Send  Sync  Unpin
        Gather<Many<Plain>>:                  true  true  true;
        Gather<Many<Local>>:                  false false true;
        Gather<Many<Immovable>>:              true  true  true;
        Gather<Children2<Plain, Plain>>:      true  true  true;
        Gather<Children2<Plain, Local>>:      false false true;
        Gather<Children1<Immovable>>:         true  true  false;
        TryGather<Many<Result8>>:             true  true  true;
        Race<Many<Plain>>:                    true  true  true;
        Race<Many<Local>>:                    false false true;
        Race<Children2<Plain, Plain>>:        true  true  true;
        RaceStaggered<Result8, fn(), Plain>:  true  true  true;
        RaceStaggered<Local, fn(), Plain>:    false false true;
        Waitable<Plain>:                      true  true  true;
        Waitable<Local>:                      false false true;
        WaitSet<Waitable<Plain>>:             true  true  true;
        WaitSet<Waitable<Local>>:             false false true;
        Next<'static, Waitable<Plain>>:       true  true  true;
        Next<'static, Waitable<Local>>:       false false true;
        Wait<Waitable<Plain>>:                true  true  true;
        Wait<Waitable<Local>>:                false false true;
        Wait<Waitable<Plain>, FirstCompleted, Pending<()>>: true true true;
        Wait<Waitable<Plain>, AllCompleted, Immovable>: true true false;
        AsCompleted<Waitable<Plain>>:         true  true  true;
        AsCompleted<Waitable<Local>>:         false false true;
        AsCompletedInTime<Waitable<Plain>, Pending<()>>: true true true;
        AsCompletedInTime<Waitable<Local>, Pending<()>>: false false true;
        AsCompletedInTime<Waitable<Plain>, Immovable>: true true false;
        NextInTime<'static, Waitable<Plain>, Pending<()>>: true true true;
        TimedOut:                             true  true  true;
        Iter<'static, Waitable<Plain>>:       true  true  true;
        IntoHandles<Waitable<Plain>>:         true  true  true;
        AllCompleted:                         true  true  true;
        FirstCompleted:                       true  true  true;
        EmptyWait:                            true  true  true;
        EmptyRace:                            true  true  true;
    }
}
