//! Many senders, one receiver: `mpsc`.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;

use evloop::channel::mpsc;
use evloop::channel::mpsc::error::TrySendError;
use evloop::sync::Lock;
use evloop::{create_task, deadline, gather, timeout};
use evloop_tests::{Seen, at_rest, in_every_loop, on_every_loop, on_thread};
use futures_lite::future::poll_once;

use crate::SECOND;

#[test]
fn each_value_of_many_tasks_comes_once() {
    in_every_loop(|| async {
        let (tx, mut rx) = mpsc::channel(2);
        for sender in 0..4 {
            let tx = tx.clone();
            create_task(async move {
                for n in 0..50 {
                    tx.send(sender * 50 + n).await.expect("it is received");
                }
            });
        }
        drop(tx);

        let mut seen = BTreeSet::new();
        while let Some(n) = rx.recv().await {
            assert!(seen.insert(n), "{n} came twice");
        }
        assert!(seen.into_iter().eq(0..200));
    });
}

#[test]
fn a_sender_waits_for_room() {
    in_every_loop(|| async {
        let (tx, mut rx) = mpsc::channel(1);
        tx.try_send(1).expect("there is room");
        assert!(matches!(tx.try_send(2), Err(TrySendError::Full(2))));
        assert!(
            timeout(SECOND, tx.send(2)).await.is_err(),
            "nobody makes room"
        );

        let sends = create_task(async move { tx.send(3).await });
        at_rest().await;
        assert!(!sends.done());

        assert_eq!(
            [rx.recv().await, rx.recv().await, rx.recv().await],
            [Some(1), Some(3), None]
        );
        assert_eq!(sends.await.expect("it ends"), Ok(()));
    });
}

/// A loop and a thread, both ways at once, with little room.
#[test]
fn a_thread_and_a_loop_exchange_values() {
    const N: u32 = 500;
    on_every_loop(|any_loop| {
        let (to_thread, mut requests) = mpsc::channel(3);
        let (to_loop, mut answers) = mpsc::unbounded_channel();
        let thread = on_thread(move || {
            while let Some(n) = requests.blocking_recv() {
                to_loop.send(n * 2).expect("the loop listens");
            }
        });

        let sends = async move {
            for n in 0..N {
                to_thread.send(n).await.expect("the thread listens");
            }
        };
        let receives = async move {
            for n in 0..N {
                assert_eq!(answers.recv().await, Some(n * 2));
            }
            assert_eq!(answers.recv().await, None);
        };

        any_loop
            .run_until_complete(async { gather((sends, receives)).await })
            .expect("it ends");
        thread.join().expect("it does not panic");
    });
}

/// Each wait that does not end at once is given up, when a value is there for it.
#[test]
fn receivers_that_are_cancelled_lose_nothing() {
    const N: u32 = 100;
    in_every_loop(|| async {
        let (tx, mut rx) = mpsc::channel(4);
        let sends = create_task(async move {
            for n in 0..N {
                tx.send(n).await.expect("it is received");
                if n % 3 == 0 {
                    at_rest().await;
                }
            }
        });

        let (mut seen, mut n_given_up) = (Vec::new(), 0);
        loop {
            let mut receives = Box::pin(rx.recv());
            match poll_once(&mut receives).await {
                Some(Some(n)) => seen.push(n),
                Some(None) => break,
                None => {
                    // It is woken for a value meanwhile, and goes all the same.
                    at_rest().await;
                    n_given_up += 1;
                }
            }
        }
        assert!(seen.into_iter().eq(0..N));
        assert!(n_given_up > 0, "both outcomes were seen");
        sends.await.expect("it ends");
    });
}

#[test]
fn a_task_that_is_cancelled_while_it_receives_leaves_the_values() {
    in_every_loop(|| async {
        let (tx, rx) = mpsc::channel(1);
        let (rx, seen) = (Arc::new(Lock::new(rx)), Seen::new());
        let receives = || {
            let (rx, seen) = (Arc::clone(&rx), seen.clone());
            create_task(async move {
                let value = rx.acquire().await.recv().await;
                seen.push(value.expect("the sender lives"));
            })
        };
        let first = receives();
        at_rest().await;

        // It is woken for the value, and asked to end: before it runs, on one thread. A worker may be
        // faster, and have it end as cancelled after it took the value.
        tx.try_send("value").expect("there is room");
        first.cancel();
        let ended = first.await;
        assert!(ended.is_ok() || ended.is_err_and(|error| error.is_cancelled()));
        if seen.is_empty() {
            let second = timeout(SECOND, receives()).await;
            second.expect("it is still there").expect("it ends");
        }

        assert_eq!(seen.take(), ["value"]);
    });
}

/// A reservation of several permits, which has one of them, left a channel that was closed: its receiver
/// slept on, although nothing could come any more.
#[test]
fn museum_bm76_a_reservation_that_leaves_a_closed_channel_ends_its_receiver() {
    in_every_loop(|| async {
        let (tx, mut rx) = mpsc::channel::<()>(2);
        let permit = tx.reserve().await.expect("it is open");
        let mut reserves = Box::pin(tx.reserve_many(2));
        assert!(poll_once(&mut reserves).await.is_none(), "one is missing");

        rx.close();
        let mut receives = pin!(rx.recv());
        assert!(
            poll_once(&mut receives).await.is_none(),
            "the permit may still be used"
        );
        drop(permit);
        drop(reserves);

        let received = deadline(SECOND, receives).await;
        assert_eq!(received.expect("it is woken"), None);
    });
}
