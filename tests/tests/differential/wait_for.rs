//! `wait_for`: what it waits for may clean up, refuse or fail, and decides how it ends.

use std::time::Duration;

use evloop::{Elapsed, Promise, Task, TaskResult, catch_cancel, create_task, shield, wait_for};

use crate::program::{
    End, Program, Raised, error, ms, outcome, reference, sleep_ms, standing, truth,
};
use crate::watching::{end_of, state, watch};

#[test]
fn diff_wait_for_in_time() {
    async fn child(name: &'static str, delay: u64, fails: bool) -> End<String> {
        event!("{name} starts");
        sleep_ms(delay).await;
        event!("{name} ends");
        if fails {
            return error(format!("{name} failed"));
        }
        Ok(name.to_uppercase())
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let value = wait_for!(child("a", 10, false), ms(20)).await.unwrap();
            event!("main gets {}", value.unwrap());
            let task = create_task(child("b", 15, true));
            sleep_ms(1).await;
            if let Ok(Ok(Err(raised))) = wait_for(task, ms(20)).await {
                event!("main gets {raised}");
            }
            let future: Promise<&str> = program.create_future();
            let same = future.clone();
            program.call_later(ms(10), move || same.set_result("F").expect("it is pending"));
            let value = wait_for(future, ms(20)).await.unwrap();
            event!("main gets {}", value.unwrap());
            let no_limit = None::<Duration>;
            let value = wait_for!(child("c", 30, false), no_limit).await.unwrap();
            event!("main gets {}", value.unwrap());
        });
        program.compare(recorded!("wait_for_in_time"));
    });
}

#[test]
fn diff_wait_for_slow_cleanup() {
    async fn child(name: &'static str) -> End<&'static str> {
        let work = async {
            event!("{name} starts");
            sleep_ms(900).await;
        };
        if let Err(cancelled) = catch_cancel(work).await {
            event!("{name} is cancelled");
            sleep_ms(30).await;
            event!("{name} has cleaned up");
            match cancelled.resume().await {}
        }
        Ok(name)
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(child("task"));
            sleep_ms(1).await;
            let same = reference(&task);
            program.call_later(ms(30), move || {
                event!("meanwhile the task is {}", state(&same))
            });
            if wait_for(&mut task, ms(20)).await.is_err() {
                event!("main is out of time, the task is {}", outcome(&task));
            }
            sleep_ms(10).await;
            if wait_for!(child("coroutine"), ms(10)).await.is_err() {
                event!("main is out of time again");
            }
            let future = program.create_future::<u32>();
            if wait_for(future.clone(), ms(5)).await.is_err() {
                let future = standing(&future);
                event!("main is out of time once more, the future is {future}");
            }
        });
        program.compare(recorded!("wait_for_slow_cleanup"));
    });
}

#[test]
fn diff_wait_for_cleanup_fails() {
    async fn child(name: &'static str) -> End<&'static str> {
        let work = async {
            event!("{name} starts");
            sleep_ms(900).await;
        };
        if let Err(cancelled) = catch_cancel(work).await {
            event!("{name} cleans up");
            sleep_ms(10).await;
            event!("{name} fails");
            return Err(cancelled.into_err(Raised::Error(format!("{name} is broken"))));
        }
        Ok(name)
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(child("task"));
            let watched = watch(&task);
            sleep_ms(1).await;
            match wait_for(&mut task, ms(10)).await {
                Err(_elapsed) => event!("main is never here"),
                Ok(Ok(Err(raised))) => event!("main gets {raised}, the task is {watched}"),
                Ok(_) => {}
            }
            sleep_ms(10).await;
            if let Ok(Err(raised)) = wait_for!(child("coroutine"), ms(10)).await {
                event!("main gets {raised}");
            }
            sleep_ms(10).await;
            event!("main ends");
        });
        program.compare(recorded!("wait_for_cleanup_fails"));
    });
}

#[test]
fn diff_wait_for_refused() {
    async fn child(name: &'static str, extra: u64) -> End<String> {
        let work = async {
            event!("{name} starts");
            sleep_ms(900).await;
        };
        if let Err(cancelled) = catch_cancel(work).await {
            event!("{name} refuses");
            cancelled.swallow();
        }
        sleep_ms(extra).await;
        event!("{name} ends");
        Ok(name.to_uppercase())
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(child("task", 20));
            let watched = watch(&task);
            sleep_ms(1).await;
            let value = wait_for(&mut task, ms(10)).await.unwrap();
            event!(
                "main gets {}, the task is {watched}, requests: {}",
                value.unwrap().unwrap(),
                task.cancelling()
            );
            sleep_ms(10).await;
            let value = wait_for!(child("coroutine", 15), ms(10)).await.unwrap();
            event!("main gets {}", value.unwrap());
            sleep_ms(10).await;
            event!("main ends");
        });
        program.compare(recorded!("wait_for_refused"));
    });
}

#[test]
fn diff_wait_for_outside_cancel() {
    async fn child() -> End<&'static str> {
        let work = async {
            event!("the child starts");
            sleep_ms(900).await;
        };
        if let Err(cancelled) = catch_cancel(work).await {
            event!("the child is cancelled");
            sleep_ms(30).await;
            event!("the child has cleaned up");
            match cancelled.resume().await {}
        }
        Ok("child")
    }

    async fn waiter(mut task: Task<End<&'static str>>) -> End<&'static str> {
        match catch_cancel(wait_for(&mut task, ms(50))).await {
            Ok(Err(_elapsed)) => event!("the waiter is never here"),
            Ok(Ok(end)) => return end?.map(|_| "waiter"),
            Err(cancelled) => {
                let child = outcome(&task);
                event!("the waiter is cancelled, the child is {child}");
                sleep_ms(5).await;
                event!("the waiter has cleaned up");
                match cancelled.resume().await {}
            }
        }
        Ok("waiter")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let task = create_task(child());
            let inner = reference(&task);
            let mut outer = create_task(waiter(task));
            sleep_ms(10).await;
            event!("cancel is granted: {}", truth(outer.cancel()));
            sleep_ms(20).await;
            let (child, waiter) = (state(&inner), outcome(&outer));
            event!("the child is {child}, the waiter is {waiter}");
            event!("the waiter is {}", end_of(&mut outer).await);
        });
        program.compare(recorded!("wait_for_outside_cancel"));
    });
}

#[test]
fn diff_wait_for_nested() {
    async fn child(name: &'static str) {
        let work = async {
            event!("{name} starts");
            sleep_ms(900).await;
        };
        if let Err(cancelled) = catch_cancel(work).await {
            event!("{name} is cancelled");
            sleep_ms(5).await;
            event!("{name} has cleaned up");
            match cancelled.resume().await {}
        }
    }

    async fn inner(name: &'static str, limit: Duration) -> String {
        match catch_cancel(wait_for!(child(name), limit)).await {
            Ok(Ok(())) => name.to_owned(),
            Ok(Err(_elapsed)) => {
                event!("inner is out of time with {name}");
                sleep_ms(10).await;
                format!("no {name}")
            }
            Err(cancelled) => {
                event!("inner is cancelled with {name}");
                match cancelled.resume().await {}
            }
        }
    }

    async fn outer(name: &'static str, first: Duration, second: Duration) {
        match wait_for!(inner(name, first), second).await {
            Ok(value) => event!("outer gets {value}"),
            Err(_elapsed) => event!("outer is out of time with {name}"),
        }
    }

    Program::on_every_loop(|program| {
        program.run(async {
            outer("a", ms(10), ms(40)).await;
            sleep_ms(10).await;
            outer("b", ms(40), ms(10)).await;
            event!("main ends");
        });
        program.compare(recorded!("wait_for_nested"));
    });
}

#[test]
fn diff_wait_for_shield() {
    async fn child() -> End<&'static str> {
        let work = async {
            for n in 0..4 {
                event!("the child does part {n}");
                sleep_ms(10).await;
            }
        };
        if let Err(cancelled) = catch_cancel(work).await {
            event!("the child is never here");
            match cancelled.resume().await {}
        }
        Ok("all parts")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(child());
            let watched = watch(&task);
            sleep_ms(1).await;
            for attempt in [1, 2, 3] {
                match wait_for(shield(&mut task), ms(15)).await {
                    Ok(value) => event!("attempt {attempt} gets {}", value.unwrap().unwrap()),
                    Err(_elapsed) => {
                        event!("attempt {attempt} is out of time, the child is {watched}");
                    }
                }
            }
            event!("the child is {watched}, requests: {}", task.cancelling());
        });
        program.compare(recorded!("wait_for_shield"));
    });
}

#[test]
fn diff_wait_for_zero() {
    async fn child(name: &'static str, delay: u64) -> String {
        let work = async {
            event!("{name} starts");
            sleep_ms(delay).await;
            event!("{name} ends");
        };
        if let Err(cancelled) = catch_cancel(work).await {
            event!("{name} is cancelled");
            sleep_ms(10).await;
            event!("{name} has cleaned up");
            match cancelled.resume().await {}
        }
        name.to_uppercase()
    }

    async fn at_once(waiting: impl Future<Output = Result<TaskResult<String>, Elapsed>>) {
        match waiting.await {
            Ok(value) => event!("main gets {}", value.expect("it is not cancelled")),
            Err(_elapsed) => event!("main is out of time"),
        }
        sleep_ms(5).await;
    }

    Program::on_one_thread(|program| {
        program.run(async {
            let done = create_task(child("done", 10));
            let mut running = create_task(child("running", 900));
            let later = create_task(child("later", 900));
            let states = [&running, &later].map(reference);
            sleep_ms(20).await;
            at_once(wait_for(done, Duration::ZERO)).await;
            at_once(wait_for(&mut running, Duration::ZERO)).await;
            at_once(wait_for!(later, Duration::ZERO)).await;
            let never = async { Ok(child("never", 10).await) };
            at_once(wait_for!(never, Duration::ZERO)).await;
            let [running, later] = states.each_ref().map(|task| state(task));
            event!("running is {running}, later is {later}");
        });
        program.compare(recorded!("wait_for_zero"));
    });
}
