//! What becomes of the branches of a foreign combinator, which is one future for the scope around it: that
//! ends all of it as soon as everybody who was asked has decided.

use std::future::pending;

use evloop_cancel::{catch_cancel, on_cancel};
use futures_util::future::join;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::support::{End, Gate, Log, Task, yield_once};

/// A set polls two children that wake themselves in a turn, and leaves the others for the next ones.
#[test]
fn a_large_set_of_busy_members_is_reached_however_many_turns_it_takes() {
    const N_MEMBERS: usize = 100;
    let log = Log::default();
    let mut task = Task::new(async {
        let mut set = FuturesUnordered::new();
        for _ in 0..N_MEMBERS {
            set.push(on_cancel(pending::<()>(), || async {
                yield_once().await;
                log.say("clean");
            }));
        }
        while set.next().await.is_some() {}
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), Some(End::Cancelled));
    assert_eq!(log.take().len(), N_MEMBERS);
}
