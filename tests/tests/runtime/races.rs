//! What happens at the same time on different workers.

use std::future::pending;
use std::hint;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use evloop::{Promise, create_task, deadline};
use evloop_tests::{on_thread, watchdog::Watchdog};

use crate::{LONG, virtual_runtime};

const N_ROUNDS: usize = 2_000;

/// Lets two threads go at the same moment, round after round.
#[derive(Default)]
struct Start(AtomicUsize);

impl Start {
    fn line_up(&self, round: usize) {
        self.0.fetch_add(1, SeqCst);
        while self.0.load(SeqCst) < 2 * (round + 1) {
            // On one processor the other thread needs this one's.
            thread::yield_now();
        }
    }
}

/// Lets the other thread run on when one has failed.
struct Ends(Arc<Start>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.0.store(usize::MAX / 2, SeqCst);
    }
}

/// A request to a task, made while what that awaits ends, reaches the task.
fn requests_reach_the_awaiter(through_a_task: bool) {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    let runtime = virtual_runtime(2);
    let start = Arc::new(Start::default());
    let promises: Vec<Promise<()>> = (0..N_ROUNDS).map(|_| Promise::new()).collect();
    let (setters, from) = (promises.clone(), Arc::clone(&start));
    let setting = on_thread(move || {
        for (round, promise) in setters.into_iter().enumerate() {
            from.line_up(2 * round);
            for _ in 0..round % 64 {
                hint::spin_loop();
            }
            let _cancelled_before = promise.set_result(());
            from.line_up(2 * round + 1);
        }
    });
    let main = runtime.create_task(async move {
        let start = Ends(start);
        for (round, promise) in promises.into_iter().enumerate() {
            let waiter = create_task(async move {
                if through_a_task {
                    drop(create_task(promise).await);
                } else {
                    drop(promise.await);
                }
                pending::<()>().await;
            });
            evloop_tests::at_rest().await;
            start.0.line_up(2 * round);
            waiter.cancel();
            // The clock does not wait for the other thread.
            start.0.line_up(2 * round + 1);
            let ended = deadline(LONG, waiter).await;
            let ended = ended.unwrap_or_else(|_| panic!("request {round} is lost"));
            assert!(ended.is_err_and(|error| error.is_cancelled()));
        }
    });
    let ended = runtime.block_on(main).expect("the runtime is open");
    setting.join().expect("nothing in it panics");
    ended.expect("no round fails");
}

#[test]
fn a_request_while_an_awaited_promise_is_set_is_not_lost() {
    requests_reach_the_awaiter(false);
}

#[test]
fn a_request_while_an_awaited_task_ends_is_not_lost() {
    requests_reach_the_awaiter(true);
}
