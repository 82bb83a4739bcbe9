//! `shield`: who waits is interrupted, what it waits for is not.

use evloop::{Shielded, TaskResult, TimeLimit, catch_cancel, create_task, on_cancel, shield};

use crate::handles::{Lending, Lent, kept};
use crate::program::{End, Program, Raised, error, flat, ms, outcome, reference, sleep_ms, truth};
use crate::watching::{end_of, message};

#[test]
fn diff_shield_protects() {
    async fn child() -> End<&'static str> {
        let work = async {
            event!("the child starts");
            sleep_ms(30).await;
            event!("the child ends");
        };
        on_cancel(work, || async { event!("the child is never here") }).await;
        Ok("saved")
    }

    async fn waiter(mut task: Lent<End<&'static str>>) -> End<&'static str> {
        event!("the waiter waits");
        match catch_cancel(shield(&mut *task)).await {
            Ok(_) => event!("the waiter is never here"),
            Err(cancelled) => {
                event!(
                    "the waiter is cancelled: {}, the child is {}",
                    message(&cancelled),
                    outcome(&task)
                );
                sleep_ms(5).await;
                match cancelled.resume().await {}
            }
        }
        Ok("waiter")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let inner = Lending::new(create_task(child()));
            let mut outer = create_task(waiter(inner.lend()));
            sleep_ms(10).await;
            event!("cancel is granted: {}", truth(outer.cancel_with("no time")));
            let end = end_of(&mut outer).await;
            let mut inner = inner.lend();
            event!("the waiter is {end}, the child is {}", outcome(&inner));
            event!("requests to the child: {}", inner.cancelling());
            event!("main gets {}", (&mut *inner).await.unwrap().unwrap());
        });
        program.compare(recorded!("shield_protects"));
    });
}

#[test]
fn diff_shield_ends() {
    async fn child(name: &'static str, delay: u64, fails: bool) -> End<String> {
        on_cancel(sleep_ms(delay), || async {
            event!("{name} is cancelled");
            sleep_ms(5).await;
        })
        .await;
        event!("{name} ends");
        if fails {
            return error(format!("{name} failed"));
        }
        Ok(name.to_uppercase())
    }

    async fn waiter<H>(name: &'static str, task: H) -> End<&'static str>
    where
        H: Shielded<Output = TaskResult<End<String>>>,
    {
        match flat(&shield(task).await) {
            Ok(value) => event!("the waiter for {name} gets {value}"),
            Err(Raised::Cancelled) => event!("the waiter for {name} sees it cancelled"),
            Err(raised) => event!("the waiter for {name} gets {raised}"),
        }
        Ok(name)
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let children = [("a", 10, false), ("b", 20, true), ("c", 900, false)];
            let tasks = children.map(|(name, delay, fails)| create_task(child(name, delay, fails)));
            let (a, c) = (kept(&tasks[0]), reference(&tasks[2]));
            let names = children.map(|(name, ..)| name);
            let waiters: Vec<_> = std::iter::zip(names, tasks)
                .map(|(name, task)| create_task(waiter(name, task)))
                .collect();
            sleep_ms(30).await;
            event!("cancel of c is granted: {}", truth(c.cancel()));
            sleep_ms(10).await;
            for task in &waiters {
                let requests = task.cancelling();
                event!("a waiter is {}, requests: {requests}", outcome(task));
            }
            // The first waiter has taken the result out of the task: this one shields what kept it.
            waiter("a once more", a).await.unwrap();
        });
        program.compare(recorded!("shield_ends"));
    });
}

#[test]
fn diff_shield_late_end() {
    async fn child(name: &'static str, delay: u64, fails: bool) -> End<String> {
        sleep_ms(delay).await;
        event!("{name} ends late");
        if fails {
            return error(format!("{name} failed"));
        }
        Ok(name.to_uppercase())
    }

    async fn waiter(mut task: Lent<End<String>>) -> End<String> {
        let value = shield(&mut *task).await?;
        event!("a waiter is never here");
        value
    }

    Program::on_every_loop(|program| {
        program.run(async {
            program.set_exception_handler(Some(|_: &_, _: &evloop::ErrorContext| {}));
            let a = Lending::new(create_task(child("a", 20, false)));
            let b = Lending::new(create_task(child("b", 30, true)));
            let mut waiters = [&a, &b].map(|task| create_task(waiter(task.lend())));
            sleep_ms(10).await;
            for task in &waiters {
                event!("cancel is granted: {}", truth(task.cancel()));
            }
            for task in &mut waiters {
                event!("the waiter is {}", end_of(task).await);
            }
            let (a, b) = (a.lend(), b.lend());
            sleep_ms(15).await;
            event!("a is {}, b is {}", outcome(&a), outcome(&b));
            sleep_ms(10).await;
            event!("a is {}, b is {}", outcome(&a), outcome(&b));
        });
        program.compare(recorded!("shield_late_end"));
    });
}

#[test]
fn diff_shield_cleanup() {
    async fn flush() -> End<&'static str> {
        for n in 0..3 {
            event!("page {n} is flushed");
            sleep_ms(10).await;
        }
        Ok("flushed")
    }

    async fn journal() -> End<&'static str> {
        let open = async {
            event!("the journal is open");
            sleep_ms(900).await;
        };
        if let Err(first) = catch_cancel(open).await {
            event!("the journal is asked to close: {}", message(&first));
            let mut task = create_task(flush());
            if let Err(second) = catch_cancel(shield(&mut task)).await {
                event!(
                    "the journal is asked again: {}, its pages are {}",
                    message(&second),
                    outcome(&task)
                );
                let end = end_of(&mut task).await;
                event!("the journal waits all the same: {end}");
                second.swallow();
            }
            event!("the journal is closed");
            match first.resume().await {}
        }
        Ok("journal")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(journal());
            sleep_ms(5).await;
            event!("cancel is granted: {}", truth(task.cancel_with("please")));
            sleep_ms(15).await;
            event!("cancel is granted: {}", truth(task.cancel_with("now")));
            event!("the journal is {}", end_of(&mut task).await);
        });
        program.compare(recorded!("shield_cleanup"));
    });
}

#[test]
fn diff_shield_twice() {
    async fn save() -> End<&'static str> {
        for n in 0..5 {
            event!("block {n} is saved");
            sleep_ms(10).await;
        }
        Ok("five blocks")
    }

    async fn saver() -> End<String> {
        let mut task = create_task(save());
        let mut asked = 0;
        let value = loop {
            match catch_cancel(shield(&mut task)).await {
                Ok(value) => break value??,
                Err(cancelled) => {
                    asked += 1;
                    event!(
                        "the saver is asked for time {asked}, the task is {}",
                        outcome(&task)
                    );
                    cancelled.swallow();
                }
            }
        };
        let requests = task.cancelling();
        event!("the saver has {value}, requests to the task: {requests}");
        Ok(format!("{value}, asked {asked} times"))
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let task = create_task(saver());
            sleep_ms(15).await;
            event!("cancel is granted: {}", truth(task.cancel()));
            sleep_ms(10).await;
            event!("cancel is granted: {}", truth(task.cancel()));
            event!("main gets {}", task.await.unwrap().unwrap());
        });
        program.compare(recorded!("shield_twice"));
    });
}

#[test]
fn diff_shield_with_timeout() {
    async fn work() -> End<&'static str> {
        let parts = async {
            for n in 0..4 {
                event!("part {n}");
                sleep_ms(10).await;
            }
        };
        on_cancel(parts, || async { event!("the work is never cancelled") }).await;
        Ok("the whole")
    }

    async fn client() -> End<&'static str> {
        let mut task = create_task(work());
        let limit = TimeLimit::after(ms(15));
        let handle = limit.handle();
        let body = async {
            shield(&mut task).await??;
            event!("the client is never here");
            End::Ok(())
        };
        match limit.run(body).await {
            Ok(end) => end?,
            Err(_elapsed) => event!("the client is out of time, the work is {}", outcome(&task)),
        }
        sleep_ms(10).await;
        event!(
            "the client comes back, expired: {}",
            truth(handle.expired())
        );
        let value = shield(&mut task).await??;
        event!("the client has {value}");
        Ok(value)
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let task = create_task(client());
            event!("main gets {}", task.await.unwrap().unwrap());
        });
        program.compare(recorded!("shield_with_timeout"));
    });
}
