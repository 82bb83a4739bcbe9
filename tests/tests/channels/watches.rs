//! The newest value: `watch`.

use evloop::channel::watch;
use evloop::{create_task, timeout};
use evloop_tests::{at_rest, in_every_loop, on_every_loop, on_thread};

use crate::SECOND;

#[test]
fn all_see_the_newest_value() {
    in_every_loop(|| async {
        let (tx, rx) = watch::channel(0);
        let watchers = [(); 3].map(|()| {
            let mut rx = rx.clone();
            create_task(async move { rx.wait_for(|n| *n >= 10).await.map(|n| *n) })
        });

        for n in 1..=10 {
            at_rest().await;
            tx.send(n).expect("somebody watches");
        }

        for watcher in watchers {
            assert_eq!(watcher.await.expect("it ends").expect("it came"), 10);
        }
    });
}

#[test]
fn a_watcher_that_is_cancelled_misses_no_change() {
    in_every_loop(|| async {
        let (tx, mut rx) = watch::channel(0);
        for n in 1..20 {
            assert!(
                timeout(SECOND, rx.changed()).await.is_err(),
                "nothing has changed"
            );
            tx.send(n).expect("somebody watches");
            timeout(SECOND, rx.changed())
                .await
                .expect("it has changed")
                .expect("the sender lives");
            assert_eq!(*rx.borrow_and_update(), n);
        }
    });
}

#[test]
fn a_loop_ends_a_thread_and_hears_of_it() {
    on_every_loop(|any_loop| {
        let (ends, mut is_to_end) = watch::channel(false);
        let thread = on_thread(move || {
            let waits = is_to_end.wait_for(|ends| *ends);
            evloop::block_on(waits).map(|ends| *ends)
        });

        any_loop
            .run_until_complete(async {
                ends.send(true).expect("the thread watches");
                ends.closed().await;
            })
            .expect("it ends");

        assert!(thread.join().expect("it does not panic").expect("it came"));
    });
}
