//! One value, once.

use evloop::channel::oneshot;
use evloop::{Handle, create_task, timeout};
use evloop_tests::{at_rest, in_every_loop, on_every_loop, on_thread};

use crate::SECOND;

#[test]
fn a_value_goes_from_task_to_task() {
    in_every_loop(|| async {
        let (tx, rx) = oneshot::channel();
        let receives = create_task(rx);
        at_rest().await;

        create_task(async { tx.send("value").expect("somebody waits") })
            .await
            .expect("it ends");

        assert_eq!(receives.await.expect("it ends"), Ok("value"));
    });
}

#[test]
fn a_thread_answers_a_loop() {
    on_every_loop(|any_loop| {
        let (tx, rx) = oneshot::channel();
        let thread = on_thread(move || tx.send(std::thread::current().id()).is_ok());
        let its_id = thread.thread().id();

        assert_eq!(
            any_loop.run_until_complete(rx).expect("it ends"),
            Ok(its_id)
        );
        assert!(thread.join().expect("it does not panic"));
    });
}

#[test]
fn a_loop_answers_a_thread() {
    on_every_loop(|any_loop| {
        let (tx, rx) = oneshot::channel();
        let thread = on_thread(move || rx.blocking_recv());

        any_loop
            .run_until_complete(async { tx.send(1).expect("somebody waits") })
            .expect("it ends");

        assert_eq!(thread.join().expect("it does not panic"), Ok(1));
    });
}

#[test]
fn a_task_that_is_cancelled_closes_its_end() {
    in_every_loop(|| async {
        let (mut tx, rx) = oneshot::channel::<()>();
        let waits = create_task(rx);
        at_rest().await;

        waits.cancel();
        timeout(SECOND, tx.closed())
            .await
            .expect("nobody waits any more");

        assert!(waits.await.expect_err("it was cancelled").is_cancelled());
        assert_eq!(tx.send(()), Err(()), "the value comes back");
    });
}

#[test]
fn a_wait_by_reference_that_times_out_leaves_the_receiver() {
    in_every_loop(|| async {
        let (tx, mut rx) = oneshot::channel();
        assert!(timeout(SECOND, &mut rx).await.is_err());

        let soon = Handle::current().call_soon_threadsafe(move || assert!(tx.send(1).is_ok()));
        soon.expect("it is open");

        assert_eq!(rx.await, Ok(1));
    });
}
