//! Limits in time: what they interrupt, what comes of it, and what they leave behind.

use std::time::{Duration, Instant};

use evloop::{Handle, TimeLimit, catch_cancel, create_task, gather, timeout};

use crate::program::{End, Program, Raised, error, ms, outcome, sleep_ms, truth};
use crate::watching::{AtEnd, end_of, message, my_requests, watch};

#[test]
fn diff_timeout_fires() {
    async fn download() {
        let work = async {
            for n in 0..100 {
                sleep_ms(10).await;
                event!("part {n} is here");
            }
        };
        if let Err(cancelled) = catch_cancel(work).await {
            event!("the download is interrupted");
            sleep_ms(10).await;
            event!("the download is tidied up");
            match cancelled.resume().await {}
        }
    }

    async fn client() -> End<&'static str> {
        let limit = TimeLimit::after(ms(25));
        let handle = limit.handle();
        let expired = || truth(handle.expired());
        let limited = limit.run(async {
            let when = since_start(handle.when());
            event!("the limit is at {when}, expired: {}", expired());
            let _finally = AtEnd(|| event!("the body ends, expired: {}", expired()));
            download().await;
        });
        if limited.await.is_err() {
            event!("the time is up, expired: {}", expired());
        }
        sleep_ms(10).await;
        event!("the client goes on, requests: {}", my_requests());
        Ok("done")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(client());
            sleep_ms(30).await;
            event!("main sees the client {}", outcome(&task));
            event!("the client is {}", end_of(&mut task).await);
        });
        program.compare(recorded!("timeout_fires"));
    });
}

#[test]
fn diff_timeout_body_first() {
    async fn limited(name: &'static str, work: u64, fails: bool) -> End<String> {
        let limit = TimeLimit::after(ms(20));
        let handle = limit.handle();
        let expired = || truth(handle.expired());
        let body = limit.run(async {
            event!("{name} begins");
            sleep_ms(work).await;
            if fails {
                return error(format!("{name} failed"));
            }
            Ok(name.to_uppercase())
        });
        let value = match body.await {
            Ok(Ok(value)) => value,
            Ok(Err(raised)) => {
                event!("{name} gets {raised}, expired: {}", expired());
                "none".to_owned()
            }
            Err(elapsed) => return error(elapsed.to_string()),
        };
        event!("{name} is behind the limit, expired: {}", expired());
        sleep_ms(50).await;
        event!("{name} sleeps undisturbed");
        Ok(value)
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let a = create_task(limited("a", 10, false));
            let b = create_task(limited("b", 12, true));
            sleep_ms(30).await;
            event!("main sees {}, {}", outcome(&a), outcome(&b));
            let (a, b) = (a.await.unwrap().unwrap(), b.await.unwrap().unwrap());
            event!("main gets {a} and {b}");
        });
        program.compare(recorded!("timeout_body_first"));
    });
}

#[test]
fn diff_timeout_outside_cancel() {
    async fn worker(name: &'static str, cleanup: u64) -> End<&'static str> {
        let limit = TimeLimit::after(ms(50));
        let handle = limit.handle();
        let expired = || truth(handle.expired());
        let limited = limit.run(async {
            let work = async {
                event!("{name} works");
                sleep_ms(900).await;
            };
            if let Err(cancelled) = catch_cancel(work).await {
                event!("{name} is interrupted, expired: {}", expired());
                sleep_ms(cleanup).await;
                event!("{name} is clean, expired: {}", expired());
                match cancelled.resume().await {}
            }
        });
        match catch_cancel(limited).await {
            Ok(Ok(())) => {}
            Ok(Err(_elapsed)) => event!("{name} is out of time, which is never so"),
            Err(cancelled) => {
                event!("{name} passes it on, expired: {}", expired());
                sleep_ms(1).await;
                match cancelled.resume().await {}
            }
        }
        Ok(name)
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut a = create_task(worker("a", 10));
            let mut b = create_task(worker("b", 12));
            sleep_ms(10).await;
            event!("cancel is granted: {}", truth(a.cancel()));
            sleep_ms(1).await;
            event!("cancel is granted: {}", truth(b.cancel()));
            event!("a is {}, b is {}", end_of(&mut a).await, outcome(&b));
            event!("b is {}", end_of(&mut b).await);
        });
        program.compare(recorded!("timeout_outside_cancel"));
    });
}

#[test]
fn diff_timeout_then_cancel() {
    async fn work(expired: impl Fn() -> &'static str) {
        let work = async {
            event!("the worker works");
            sleep_ms(900).await;
        };
        if let Err(own) = catch_cancel(work).await {
            event!("the worker is out of time, expired: {}", expired());
            let clean_up = async {
                sleep_ms(500).await;
                event!("the worker is never here");
            };
            if let Err(cancelled) = catch_cancel(clean_up).await {
                event!("clean-up is interrupted: {}", message(&cancelled));
                sleep_ms(5).await;
                event!("clean-up is cut short");
                match cancelled.resume().await {}
            }
            match own.resume().await {}
        }
    }

    async fn worker() -> End<&'static str> {
        let limit = TimeLimit::after(ms(10));
        let handle = limit.handle();
        let expired = || truth(handle.expired());
        match catch_cancel(limit.run(work(expired))).await {
            Ok(Ok(())) => {}
            Ok(Err(_elapsed)) => event!("the timeout is never reported"),
            Err(cancelled) => {
                let (message, expired) = (message(&cancelled), expired());
                event!("the worker is cancelled: {message}, expired: {expired}");
                match cancelled.resume().await {}
            }
        }
        Ok("worked")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(worker());
            sleep_ms(15).await;
            event!("main sees the worker {}", outcome(&task));
            sleep_ms(5).await;
            let granted = truth(task.cancel_with("hurry up"));
            event!("cancel is granted: {granted}");
            event!("the worker is {}", end_of(&mut task).await);
        });
        program.compare(recorded!("timeout_then_cancel"));
    });
}

#[test]
fn diff_timeout_refused() {
    async fn worker() -> End<&'static str> {
        let limit = TimeLimit::after(ms(10));
        let handle = limit.handle();
        let expired = || truth(handle.expired());
        let limited = limit.run(async {
            let work = async {
                event!("the worker begins");
                sleep_ms(900).await;
            };
            if let Err(cancelled) = catch_cancel(work).await {
                event!("the worker refuses, expired: {}", expired());
                cancelled.swallow();
            }
            sleep_ms(20).await;
            event!("the worker takes its time");
            sleep_ms(20).await;
            "late work"
        });
        let value = limited.await.map_err(|e| Raised::Error(e.to_string()))?;
        event!("the worker is behind the limit, expired: {}", expired());
        sleep_ms(10).await;
        event!("the worker goes on, requests: {}", my_requests());
        Ok(value)
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let task = create_task(worker());
            sleep_ms(15).await;
            event!("main sees the worker {}", outcome(&task));
            sleep_ms(20).await;
            event!("main sees the worker {}", outcome(&task));
            event!("main gets {}", task.await.unwrap().unwrap());
        });
        program.compare(recorded!("timeout_refused"));
    });
}

#[test]
fn diff_timeout_cleanup_fails() {
    async fn transaction() -> End<()> {
        let work = async {
            event!("the transaction begins");
            sleep_ms(900).await;
        };
        if let Err(cancelled) = catch_cancel(work).await {
            event!("the transaction rolls back");
            sleep_ms(10).await;
            event!("the transaction cannot roll back");
            return Err(cancelled.into_err(Raised::Error("connection lost".to_owned())));
        }
        Ok(())
    }

    async fn client() -> End<&'static str> {
        let limit = TimeLimit::after(ms(20));
        let handle = limit.handle();
        let limited = limit.run(async {
            event!("the client has 20 ms");
            transaction().await?;
            event!("the client is never here");
            End::Ok(())
        });
        match limited.await {
            Ok(Ok(())) => {}
            Err(_elapsed) => event!("the timeout is never reported"),
            Ok(Err(raised)) => {
                let expired = truth(handle.expired());
                event!("the client gets {raised}, expired: {expired}");
            }
        }
        sleep_ms(10).await;
        event!("the client goes on, requests: {}", my_requests());
        Ok("nothing")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(client());
            sleep_ms(25).await;
            event!("main sees the client {}", outcome(&task));
            event!("the client is {}", end_of(&mut task).await);
        });
        program.compare(recorded!("timeout_cleanup_fails"));
    });
}

#[test]
fn diff_timeout_after_refusal() {
    async fn worker() -> End<&'static str> {
        event!("the worker begins");
        if let Err(cancelled) = catch_cancel(sleep_ms(900)).await {
            event!("the worker refuses, requests: {}", my_requests());
            cancelled.swallow();
        }
        let limit = TimeLimit::after(ms(10));
        let handle = limit.handle();
        let limited = limit.run(async {
            event!("the worker has a limit now");
            sleep_ms(900).await;
            event!("the worker is never here");
        });
        if limited.await.is_err() {
            let (expired, requests) = (truth(handle.expired()), my_requests());
            event!("the time is up, expired: {expired}, requests: {requests}");
        }
        sleep_ms(10).await;
        event!("the worker goes on");
        Ok("worked")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(worker());
            sleep_ms(5).await;
            event!("cancel is granted: {}", truth(task.cancel()));
            sleep_ms(5).await;
            event!("main sees the worker {}", outcome(&task));
            let end = end_of(&mut task).await;
            event!("the worker is {end}, requests: {}", task.cancelling());
        });
        program.compare(recorded!("timeout_after_refusal"));
    });
}

#[test]
fn diff_timeout_around_task() {
    async fn child(name: &'static str, refuses: bool) -> End<String> {
        let work = async {
            event!("{name} starts");
            sleep_ms(900).await;
        };
        if let Err(cancelled) = catch_cancel(work).await {
            event!("{name} is cancelled");
            sleep_ms(10).await;
            event!("{name} has cleaned up");
            if !refuses {
                match cancelled.resume().await {}
            }
            cancelled.swallow();
        }
        Ok(name.to_uppercase())
    }

    async fn limited(name: &'static str, refuses: bool) -> End<()> {
        let task = create_task(child(name, refuses));
        let watched = watch(&task);
        let limit = TimeLimit::after(ms(20));
        let handle = limit.handle();
        let body = limit.run(async {
            let value = task.await??;
            event!("{name} gave {value} in the end");
            End::Ok(())
        });
        match body.await {
            Ok(end) => end?,
            Err(_elapsed) => event!("{name} is out of time"),
        }
        event!("{name} is {watched}, expired: {}", truth(handle.expired()));
        Ok(())
    }

    Program::on_every_loop(|program| {
        program.run(async {
            limited("a", false).await.unwrap();
            sleep_ms(10).await;
            limited("b", true).await.unwrap();
            sleep_ms(10).await;
            event!("main ends");
        });
        program.compare(recorded!("timeout_around_task"));
    });
}

#[test]
fn diff_timeout_in_sequence() {
    async fn attempt(n: usize, limit: Option<Duration>, work: u64) -> u32 {
        let limited = timeout(limit, async {
            event!("attempt {n} begins");
            sleep_ms(work).await;
        });
        if limited.await.is_err() {
            event!("attempt {n} is out of time");
            sleep_ms(5).await;
            return 0;
        }
        event!("attempt {n} succeeds");
        1
    }

    async fn worker() -> End<u32> {
        let attempts = [(Some(10), 900), (Some(20), 15), (Some(5), 900), (None, 30)];
        let mut n_good = 0;
        for (n, (limit, work)) in attempts.into_iter().enumerate() {
            n_good += attempt(n, limit.map(ms), work).await;
        }
        event!("requests: {}", my_requests());
        Ok(n_good)
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let task = create_task(worker());
            sleep_ms(12).await;
            event!("main sees the worker {}", outcome(&task));
            event!("main gets {}", task.await.unwrap().unwrap());
        });
        program.compare(recorded!("timeout_in_sequence"));
    });
}

/// An instant as the time of the program.
fn since_start(when: Option<Instant>) -> String {
    let handle = Handle::current();
    when.map_or_else(
        || "none".to_owned(),
        |when| {
            let left = when.saturating_duration_since(handle.now());
            format!("{} ms", (handle.time() + left).as_millis())
        },
    )
}

#[test]
fn diff_timeout_reschedule() {
    type Moves = &'static [(u64, Option<u64>)];

    async fn limited(name: &'static str, first: Option<u64>, moves: Moves) {
        let limit = TimeLimit::after(first.map(ms));
        let handle = limit.handle();
        let body = limit.run(async {
            for &(wait, again) in moves {
                sleep_ms(wait).await;
                let when = again.map(|again| Handle::current().now() + ms(again));
                handle.reschedule(when).expect("its body runs");
                event!("the limit of {name} is now {}", since_start(handle.when()));
            }
            sleep_ms(200).await;
            event!("{name} has slept enough");
        });
        if body.await.is_err() {
            event!("{name} is out of time");
        }
        event!("{name} leaves, expired: {}", truth(handle.expired()));
    }

    Program::on_every_loop(|program| {
        program.run(async {
            gather([
                limited("later", Some(20), &[(10, Some(30)), (25, Some(40))]),
                limited("earlier", Some(500), &[(11, Some(50))]),
                limited("none", Some(20), &[(12, None)]),
                limited(
                    "back again",
                    None,
                    &[(13, Some(150)), (21, None), (31, Some(100))],
                ),
            ])
            .await;
            event!("main ends");
        });
        program.compare(recorded!("timeout_reschedule"));
    });
}

#[test]
fn diff_timeout_past() {
    async fn in_time(limit: TimeLimit) {
        let handle = limit.handle();
        let body = limit.run(async { event!("the body does not suspend") });
        match body.await {
            Ok(()) => event!("it succeeds, expired: {}", truth(handle.expired())),
            Err(_elapsed) => event!("it is never here"),
        }
    }

    async fn too_late(limit: TimeLimit) {
        let handle = limit.handle();
        let expired = || truth(handle.expired());
        let body = limit.run(async {
            event!("the body begins");
            let work = async {
                sleep_ms(10).await;
                event!("the body is never here");
            };
            if let Err(cancelled) = catch_cancel(work).await {
                event!("the body is interrupted, expired: {}", expired());
                sleep_ms(3).await;
                match cancelled.resume().await {}
            }
        });
        if body.await.is_err() {
            event!("it is too late, expired: {}", expired());
        }
        sleep_ms(10).await;
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let start = Handle::current().now();
            sleep_ms(100).await;
            in_time(TimeLimit::after(Duration::ZERO)).await;
            too_late(TimeLimit::after(Duration::ZERO)).await;
            in_time(TimeLimit::at(start + ms(50))).await;
            too_late(TimeLimit::at(start + ms(50))).await;
            too_late(TimeLimit::at(Handle::current().now())).await;
            event!("main ends");
        });
        program.compare(recorded!("timeout_past"));
    });
}
