//! Every value for everybody: `broadcast`.

use evloop::channel::broadcast;
use evloop::channel::broadcast::error::RecvError;
use evloop::{create_task, timeout};
use evloop_tests::{at_rest, in_every_loop, on_every_loop, on_thread};

use crate::SECOND;

#[test]
fn each_subscriber_sees_every_value() {
    in_every_loop(|| async {
        let (tx, _) = broadcast::channel(64);
        let subscribers = [(); 3].map(|()| {
            let mut rx = tx.subscribe();
            create_task(async move {
                let mut seen = Vec::new();
                while let Ok(n) = rx.recv().await {
                    seen.push(n);
                }
                seen
            })
        });

        for n in 0..50 {
            tx.send(n).expect("somebody listens");
            if n % 10 == 0 {
                at_rest().await;
            }
        }
        drop(tx);

        for subscriber in subscribers {
            assert!(subscriber.await.expect("it ends").into_iter().eq(0..50));
        }
    });
}

#[test]
fn who_is_too_slow_is_told_how_much_it_missed() {
    in_every_loop(|| async {
        let (tx, mut rx) = broadcast::channel(2);
        for n in 0..5 {
            tx.send(n).expect("somebody listens");
        }

        assert_eq!(rx.recv().await, Err(RecvError::Lagged(3)));
        assert_eq!(rx.recv().await, Ok(3));
    });
}

#[test]
fn a_receiver_that_is_cancelled_loses_nothing() {
    in_every_loop(|| async {
        let (tx, mut rx) = broadcast::channel(4);
        for n in 0..20 {
            assert!(
                timeout(SECOND, rx.recv()).await.is_err(),
                "nothing is there"
            );
            tx.send(n).expect("somebody listens");
            assert_eq!(rx.recv().await, Ok(n));
        }
    });
}

#[test]
fn a_thread_tells_a_loop() {
    on_every_loop(|any_loop| {
        let (tx, mut rx) = broadcast::channel(128);
        let thread = on_thread(move || {
            for n in 0..100 {
                tx.send(n).expect("the loop listens");
            }
        });

        any_loop
            .run_until_complete(async {
                for n in 0..100 {
                    assert_eq!(rx.recv().await, Ok(n));
                }
                assert_eq!(rx.recv().await, Err(RecvError::Closed));
            })
            .expect("it ends");
        thread.join().expect("it does not panic");
    });
}
