//! What may cross threads and what may be moved.

use std::future::{Pending, Ready};
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use evloop_combinators::children::{Children1, Children2, Many};
use evloop_combinators::{
    AllCompleted, AsCompleted, AsCompletedInTime, EmptyRace, EmptyWait, FirstCompleted, Gather,
    IntoHandles, Iter, Next, NextInTime, Race, RaceStaggered, TimedOut, TryGather, Wait, WaitSet,
    Waitable,
};
use evloop_fixtures::auto_traits;

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
    auto_traits! {
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
