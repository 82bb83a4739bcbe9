//! Tasks that await tasks and futures: how a cancel travels down the chain, and its end up again.

use evloop::{Promise, Task, TaskResult, catch_cancel, create_task, current_task};

use crate::program::{End, Program, Raised, ms, outcome, reference, sleep_ms, standing, truth};
use crate::watching::{Caught, attempt, end_of, message, my_requests, state, watch};

type Child = Task<End<&'static str>>;

#[test]
fn diff_chain_inside_first() {
    async fn innermost() -> End<&'static str> {
        if let Err(cancelled) = catch_cancel(sleep_ms(900)).await {
            event!("c is cancelled: {}", message(&cancelled));
            match cancelled.resume().await {}
        }
        Ok("c")
    }

    async fn link(name: &'static str, task: Child) -> End<&'static str> {
        let within = async {
            event!("{name} awaits");
            task.await
        };
        match catch_cancel(within).await {
            Ok(end) => end?.map(|_| name),
            Err(cancelled) => {
                event!("{name} is cancelled: {}", message(&cancelled));
                match cancelled.resume().await {}
            }
        }
    }

    Program::on_one_thread(|program| {
        program.run(async {
            let task = create_task(innermost());
            let c = reference(&task);
            let task = create_task(link("b", task));
            let b = reference(&task);
            let a = create_task(link("a", task));
            sleep_ms(10).await;
            let granted = truth(a.cancel_with("to the core"));
            event!("cancel of a is granted: {granted}");
            event!("they are {}, {}, {}", outcome(&a), state(&b), state(&c));
            sleep_ms(10).await;
            event!("they are {}, {}, {}", outcome(&a), state(&b), state(&c));
            let granted = [a.cancel(), b.cancel(), c.cancel()].map(truth).join(" ");
            event!("cancels are granted: {granted}");
        });
        program.compare(recorded!("chain_inside_first"));
    });
}

#[test]
fn diff_chain_slow_inner() {
    async fn inner() -> End<&'static str> {
        if let Err(cancelled) = catch_cancel(sleep_ms(900)).await {
            for step in [1, 2, 3] {
                event!("inner does step {step} of its clean-up");
                sleep_ms(10).await;
            }
            event!("inner is clean");
            match cancelled.resume().await {}
        }
        Ok("inner")
    }

    async fn outer(task: Child) -> End<&'static str> {
        match catch_cancel(task).await {
            Ok(end) => end?.map(|_| "outer"),
            Err(cancelled) => {
                event!("outer is interrupted");
                sleep_ms(10).await;
                event!("outer is clean");
                match cancelled.resume().await {}
            }
        }
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let task = create_task(inner());
            let a = reference(&task);
            let mut b = create_task(outer(task));
            sleep_ms(5).await;
            event!("cancel is granted: {}", truth(b.cancel()));
            sleep_ms(25).await;
            event!("inner is {}, outer is {}", state(&a), outcome(&b));
            sleep_ms(10).await;
            event!("inner is {}, outer is {}", state(&a), outcome(&b));
            event!("outer is {}", end_of(&mut b).await);
        });
        program.compare(recorded!("chain_slow_inner"));
    });
}

#[test]
fn diff_chain_second_cancel() {
    async fn inner() -> End<&'static str> {
        if let Err(first) = catch_cancel(sleep_ms(900)).await {
            event!("inner begins a long clean-up");
            let clean_up = async {
                sleep_ms(500).await;
                event!("the long clean-up is never done");
            };
            if let Err(second) = catch_cancel(clean_up).await {
                event!("inner takes the short way");
                sleep_ms(5).await;
                event!("inner is done");
                match second.resume().await {}
            }
            first.swallow();
        }
        Ok("inner")
    }

    async fn outer(task: Child) -> End<&'static str> {
        match catch_cancel(task).await {
            Ok(end) => end?.map(|_| "outer"),
            Err(cancelled) => {
                event!("outer leaves");
                match cancelled.resume().await {}
            }
        }
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let task = create_task(inner());
            let a = reference(&task);
            let mut b = create_task(outer(task));
            sleep_ms(5).await;
            event!("first cancel of outer is granted: {}", truth(b.cancel()));
            sleep_ms(10).await;
            event!("requests: {} and {}", a.cancelling(), b.cancelling());
            event!("second cancel of outer is granted: {}", truth(b.cancel()));
            sleep_ms(1).await;
            event!("requests: {} and {}", a.cancelling(), b.cancelling());
            event!("outer is {}, inner is {}", end_of(&mut b).await, state(&a));
        });
        program.compare(recorded!("chain_second_cancel"));
    });
}

#[test]
fn diff_chain_self_cancel() {
    async fn inner() -> End<&'static str> {
        event!("inner starts");
        if let Err(cancelled) = catch_cancel(sleep_ms(900)).await {
            event!("inner cleans up");
            sleep_ms(10).await;
            event!("inner is clean");
            match cancelled.resume().await {}
        }
        Ok("inner")
    }

    async fn outer(mut task: Child) -> End<&'static str> {
        sleep_ms(5).await;
        event!("outer asks itself to stop");
        current_task().expect("it is one").cancel();
        let requests = task.cancelling();
        event!("inner is {}, requests: {requests}", outcome(&task));
        match catch_cancel(&mut task).await {
            Ok(end) => end?.map(|_| "outer"),
            Err(cancelled) => {
                event!("outer is interrupted, inner is {}", outcome(&task));
                sleep_ms(5).await;
                event!("outer ends");
                match cancelled.resume().await {}
            }
        }
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let task = create_task(inner());
            let a = reference(&task);
            let mut b = create_task(outer(task));
            sleep_ms(10).await;
            event!("inner is {}, outer is {}", state(&a), outcome(&b));
            event!("outer is {}", end_of(&mut b).await);
        });
        program.compare(recorded!("chain_self_cancel"));
    });
}

#[test]
fn diff_chain_middle_refuses() {
    async fn inner() -> End<&'static str> {
        if let Err(cancelled) = catch_cancel(sleep_ms(900)).await {
            event!("inner goes");
            match cancelled.resume().await {}
        }
        Ok("inner")
    }

    async fn middle(task: Child) -> End<&'static str> {
        let value = match catch_cancel(task).await {
            Ok(end) => end??,
            Err(cancelled) => {
                event!("middle stays");
                sleep_ms(10).await;
                cancelled.swallow();
                "a substitute"
            }
        };
        event!("middle returns {value}");
        Ok(value)
    }

    async fn outer(task: Child) -> End<&'static str> {
        let within = async {
            let value = task.await??;
            event!("outer gets {value}");
            sleep_ms(10).await;
            event!("outer sleeps undisturbed");
            Ok(value)
        };
        match catch_cancel(within).await {
            Ok(end) => end,
            Err(cancelled) => {
                event!("outer is never here");
                match cancelled.resume().await {}
            }
        }
    }

    Program::on_one_thread(|program| {
        program.run(async {
            let task = create_task(inner());
            let a = reference(&task);
            let task = create_task(middle(task));
            let b = watch(&task);
            let mut c = create_task(outer(task));
            sleep_ms(5).await;
            event!("cancel is granted: {}", truth(c.cancel()));
            sleep_ms(5).await;
            let (inner, outer) = (state(&a), outcome(&c));
            event!("inner is {inner}, middle is {b}, outer is {outer}");
            event!("outer is {}", end_of(&mut c).await);
            event!("requests: {}, middle is {b}", c.cancelling());
        });
        program.compare(recorded!("chain_middle_refuses"));
    });
}

#[test]
fn diff_chain_inner_fails() {
    async fn inner() -> End<&'static str> {
        if let Err(cancelled) = catch_cancel(sleep_ms(900)).await {
            event!("inner cleans up");
            sleep_ms(10).await;
            event!("inner fails");
            return Err(cancelled.into_err(Raised::Error("the lock is gone".to_owned())));
        }
        Ok("inner")
    }

    async fn middle(task: Child) -> End<&'static str> {
        let value = task.await??;
        event!("middle is never here");
        Ok(value)
    }

    async fn outer(task: Child) -> End<&'static str> {
        match task.await? {
            Ok(value) => Ok(value),
            Err(raised) => {
                event!("outer gets {raised}");
                sleep_ms(10).await;
                event!("outer is not disturbed");
                Ok("repaired")
            }
        }
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let task = create_task(inner());
            let a = watch(&task);
            let task = create_task(middle(task));
            let b = watch(&task);
            let mut c = create_task(outer(task));
            sleep_ms(5).await;
            event!("cancel of outer is granted: {}", truth(c.cancel()));
            sleep_ms(15).await;
            event!("inner is {a}");
            event!("middle is {b}");
            event!("outer is {}", end_of(&mut c).await);
        });
        program.compare(recorded!("chain_inner_fails"));
    });
}

#[test]
fn diff_chain_inner_returns() {
    async fn inner() -> End<String> {
        if let Err(cancelled) = catch_cancel(sleep_ms(900)).await {
            event!("inner refuses");
            cancelled.swallow();
        }
        sleep_ms(10).await;
        event!("inner returns");
        Ok("pearl".to_owned())
    }

    async fn holder(name: &'static str, task: Task<End<String>>) -> End<String> {
        let value = task.await??;
        event!("{name} has {value}, requests: {}", my_requests());
        sleep_ms(5).await;
        event!("{name} goes on");
        Ok(format!("{name} with {value}"))
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let task = create_task(inner());
            let a = reference(&task);
            let task = create_task(holder("oyster", task));
            let b = reference(&task);
            let mut c = create_task(holder("diver", task));
            sleep_ms(5).await;
            event!("cancel of the diver is granted: {}", truth(c.cancel()));
            sleep_ms(5).await;
            event!("they are {}, {}, {}", state(&a), state(&b), outcome(&c));
            event!("main gets {}", (&mut c).await.unwrap().unwrap());
            let requests = [a.cancelling(), b.cancelling(), c.cancelling()];
            let [a, b, c] = requests;
            event!("requests: {a} {b} {c}");
        });
        program.compare(recorded!("chain_inner_returns"));
    });
}

#[test]
fn diff_chain_future() {
    type Future = Promise<&'static str>;

    async fn reader(future: Future, spare: Future) -> End<&'static str> {
        let value = match catch_cancel(&future).await {
            Ok(value) => value?,
            Err(cancelled) => {
                event!(
                    "the reader is cancelled, its future is {}",
                    standing(&future)
                );
                sleep_ms(5).await;
                event!("the reader turns to the spare one");
                let value = spare.await?;
                cancelled.swallow();
                value
            }
        };
        event!("the reader has {value}");
        Ok(value)
    }

    fn answer(name: &str, future: &Future, value: &'static str) {
        event!("{name} is still open: {}", truth(!future.done()));
        if !future.done() {
            future.set_result(value).expect("it is pending");
        }
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let (future, spare) = (program.create_future(), program.create_future());
            let same = future.clone();
            future
                .add_done_callback(move |_| event!("callback sees the future {}", standing(&same)));
            let mut task = create_task(reader(future.clone(), spare.clone()));
            let (same, same_spare) = (future.clone(), spare.clone());
            program.call_later(ms(20), move || answer("the future", &same, "late news"));
            program.call_later(ms(30), move || {
                answer("the spare one", &same_spare, "old news")
            });
            sleep_ms(10).await;
            event!("cancel is granted: {}", truth(task.cancel()));
            sleep_ms(12).await;
            event!(
                "future {}, spare {}, reader {}",
                standing(&future),
                standing(&spare),
                outcome(&task)
            );
            event!("the reader is {}", end_of(&mut task).await);
        });
        program.compare(recorded!("chain_future"));
    });
}

#[test]
fn diff_chain_shared_future() {
    async fn reader(name: &'static str, delay: u64, future: Promise<u32>) -> End<u32> {
        sleep_ms(delay).await;
        event!("{name} waits");
        match attempt(future).await {
            Ok(value) => value,
            Err(cancelled) => {
                sleep_ms(delay).await;
                event!("{name} is interrupted, requests: {}", my_requests());
                cancelled.raise().await
            }
        }
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let future = program.create_future();
            let a = create_task(reader("a", 1, future.clone()));
            let b = create_task(reader("b", 2, future.clone()));
            sleep_ms(10).await;
            event!("cancel of b is granted: {}", truth(b.cancel()));
            sleep_ms(5).await;
            let its_state = standing(&future);
            event!(
                "a is {}, b is {}, the future is {its_state}",
                outcome(&a),
                outcome(&b)
            );
            let c = create_task(reader("c", 3, future));
            sleep_ms(10).await;
            event!("c is {}", outcome(&c));
        });
        program.compare(recorded!("chain_shared_future"));
    });
}

#[test]
fn diff_chain_shared_task() {
    async fn shared() -> &'static str {
        if let Err(cancelled) = catch_cancel(sleep_ms(900)).await {
            event!("the shared one cleans up");
            sleep_ms(10).await;
            event!("the shared one is clean");
            match cancelled.resume().await {}
        }
        "shared"
    }

    async fn user(
        name: &'static str,
        delay: u64,
        task: impl Future<Output = TaskResult<&'static str>>,
    ) -> End<String> {
        sleep_ms(delay).await;
        event!("{name} waits");
        match attempt(task).await {
            Ok(value) => value.map(str::to_owned),
            Err(cancelled) => {
                sleep_ms(delay).await;
                event!("{name} sees a cancel, requests: {}", my_requests());
                Caught::swallow(cancelled);
                Ok(format!("{name} has nothing"))
            }
        }
    }

    Program::on_one_thread(|program| {
        program.run(async {
            let task = create_task(shared());
            let its_state = reference(&task);
            // A handle has one awaiter: the other one awaits the end by way of a promise.
            let end = program.create_future();
            let same = end.clone();
            task.add_done_callback(move |result| same.set(result.clone()).expect("it is pending"));
            let a = create_task(user("a", 1, task));
            let b = create_task(user("b", 2, end));
            sleep_ms(10).await;
            event!("cancel of a is granted: {}", truth(a.cancel()));
            sleep_ms(5).await;
            event!("a is {}, b is {}", outcome(&a), outcome(&b));
            sleep_ms(20).await;
            let its_state = state(&its_state);
            event!(
                "a is {}, b is {}, the shared one is {its_state}",
                outcome(&a),
                outcome(&b)
            );
        });
        program.compare(recorded!("chain_shared_task"));
    });
}
