//! Under an executor that knows nothing of the reactor.

use std::{
    io::{Read, Write},
    task::Waker,
};

use futures_lite::future::{block_on, zip};

use crate::support::{on_both, pair};

use evloop_fixtures::{in_thread, join};

#[test]
fn a_foreign_executor_waits_while_another_thread_turns() {
    on_both(|mut reactor| {
        const ROUNDS: usize = 200;
        let (handle, notifier) = (reactor.handle(), reactor.notifier());
        let (done, finished) = std::sync::mpsc::channel();
        let turns = in_thread(move || {
            let mut woken = Vec::new();
            while finished.try_recv().is_err() {
                reactor.poll(None, &mut woken).unwrap();
                woken.drain(..).for_each(Waker::wake);
            }
        });
        let (ours, theirs) = pair();
        let ours = handle.register(ours).unwrap();
        let theirs = handle.register(theirs).unwrap();

        let asks = async {
            for _ in 0..ROUNDS {
                ours.write_with(|mut stream| stream.write(b"?"))
                    .await
                    .unwrap();
                let read = ours.read_with(|mut stream| stream.read(&mut [0; 8]));
                assert_eq!(read.await.unwrap(), 1);
            }
        };
        let answers = async {
            for _ in 0..ROUNDS {
                let read = theirs.read_with(|mut stream| stream.read(&mut [0; 8]));
                assert_eq!(read.await.unwrap(), 1);
                theirs
                    .write_with(|mut stream| stream.write(b"!"))
                    .await
                    .unwrap();
            }
        };
        block_on(zip(asks, answers));

        done.send(()).unwrap();
        notifier.notify();
        join(turns);
    });
}
