//! Cancelling tasks that do not catch it: delivery drops the coroutine at its next step.

use evloop::{Task, call_soon, create_task, wait};

use crate::program::{End, Finally, Program, ms, outcome, say, sleep_ms, truth};

#[test]
fn diff_cancel_before_start() {
    async fn child(name: &'static str) -> End<String> {
        event!("{name} starts");
        sleep_ms(10).await;
        event!("{name} ends");
        Ok(name.to_uppercase())
    }

    async fn observer(task: Task<End<String>>) {
        let (done, _) = wait([task]).await.expect("it waits for one");
        event!("the observer sees b {}", outcome(&done[0]));
    }

    Program::on_one_thread(|program| {
        let early = program.create_task(async {
            sleep_ms(100).await;
            End::Ok(0)
        });
        let never = program.create_task(child("never"));
        let granted = truth(never.cancel());
        event!(
            "cancelled before the loop runs: {granted}, now {}",
            outcome(&never)
        );
        program.run(async {
            let a = create_task(child("a"));
            let b = create_task(child("b"));
            let c = create_task(child("c"));
            b.add_done_callback(|result| {
                let cancelled = result.as_ref().is_err_and(evloop::JoinError::is_cancelled);
                event!("callback sees cancelled: {}", truth(cancelled));
            });
            event!(
                "cancel is granted: {}, and again: {}",
                truth(b.cancel()),
                truth(b.cancel())
            );
            event!("requests: {}, b is {}", b.cancelling(), outcome(&b));
            sleep_ms(5).await;
            event!(
                "b is {}, cancel is granted: {}",
                outcome(&b),
                truth(b.cancel())
            );
            let watched = create_task(observer(b));
            sleep_ms(2).await;
            watched.await.unwrap();
            event!(
                "results {} {}",
                a.await.unwrap().unwrap(),
                c.await.unwrap().unwrap()
            );
            early.cancel();
            sleep_ms(5).await;
            event!("early is {}", outcome(&early));
        });
        event!("never is {}", outcome(&never));
        program.compare(recorded!("cancel_before_start"));
    });
}

#[test]
fn diff_cancel_while_sleeping() {
    async fn inner(name: &'static str, delay: u64) {
        let _finally = Finally(format!("{name} cleans up inside"));
        sleep_ms(delay).await;
        event!("{name} slept enough");
    }

    async fn sleeper(name: &'static str, delay: u64) -> End<String> {
        let _finally = Finally(format!("{name} cleans up outside"));
        event!("{name} lies down");
        inner(name, delay).await;
        event!("{name} gets up");
        Ok(name.to_uppercase())
    }

    fn cancel(task: &Task<End<String>>) {
        event!("cancel is granted: {}", truth(task.cancel()));
        call_soon(say("a callback queued behind the cancel"));
        event!("b is {}", outcome(task));
    }

    Program::on_one_thread(|program| {
        program.run(async {
            let a = create_task(sleeper("a", 30));
            let b = std::sync::Arc::new(create_task(sleeper("b", 900)));
            let c = create_task(sleeper("c", 20));
            let to_cancel = std::sync::Arc::clone(&b);
            program.call_later(ms(10), move || cancel(&to_cancel));
            sleep_ms(15).await;
            event!(
                "b is {}, cancel is granted: {}",
                outcome(&b),
                truth(b.cancel())
            );
            let (mut a, c) = (a, c);
            let result = (&mut a).await.unwrap().unwrap();
            event!("results {result} {}", c.await.unwrap().unwrap());
            event!(
                "a is value {result}, cancel is granted: {}",
                truth(a.cancel())
            );
        });
        event!("the loop ends long before b would have got up");
        program.compare(recorded!("cancel_while_sleeping"));
    });
}
