//! Limits within limits, and limits in the clean-up after a limit: which one reports.

use evloop::{TimeLimit, TimeLimitHandle, catch_cancel, create_task};

use crate::program::{End, Program, ms, outcome, sleep_ms, truth};
use crate::watching::{end_of, my_requests};

fn limit_of(limit: u64) -> (TimeLimit, TimeLimitHandle) {
    let limit = TimeLimit::after(ms(limit));
    let handle = limit.handle();
    (limit, handle)
}

#[test]
fn diff_timeout_inner_first() {
    async fn worker() -> End<&'static str> {
        let (outer, is_outer) = limit_of(50);
        let (inner, is_inner) = limit_of(10);
        let expired = || {
            let [inner, outer] = [&is_inner, &is_outer].map(|limit| truth(limit.expired()));
            event!("inner expired: {inner}, outer expired: {outer}");
        };
        let limited = outer.run(async {
            let quick_way = inner.run(async {
                event!("the worker tries the quick way");
                sleep_ms(900).await;
            });
            if quick_way.await.is_err() {
                expired();
            }
            sleep_ms(10).await;
            event!("the worker tries the slow way");
            sleep_ms(900).await;
            event!("the worker is never here");
        });
        if limited.await.is_err() {
            expired();
        }
        sleep_ms(10).await;
        event!("the worker gives up, requests: {}", my_requests());
        Ok("nothing")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let task = create_task(worker());
            for _ in 0..3 {
                sleep_ms(15).await;
                event!("main sees the worker {}", outcome(&task));
            }
            event!("main gets {}", task.await.unwrap().unwrap());
        });
        program.compare(recorded!("timeout_inner_first"));
    });
}

#[test]
fn diff_timeout_outer_first() {
    async fn worker() -> End<&'static str> {
        let (outer, is_outer) = limit_of(10);
        let (inner, is_inner) = limit_of(50);
        let expired = || {
            let [inner, outer] = [&is_inner, &is_outer].map(|limit| truth(limit.expired()));
            format!("inner: {inner}, outer: {outer}")
        };
        let limited = outer.run(async {
            let within = inner.run(async {
                let work = async {
                    event!("the worker begins");
                    sleep_ms(900).await;
                };
                if let Err(cancelled) = catch_cancel(work).await {
                    event!("interrupted, {}", expired());
                    sleep_ms(10).await;
                    event!("cleaned up");
                    match cancelled.resume().await {}
                }
            });
            if within.await.is_err() {
                event!("the inner limit is never reported");
            }
            event!("the worker is never here");
        });
        if limited.await.is_err() {
            event!("the time is up, {}", expired());
        }
        sleep_ms(50).await;
        event!("the deadline of inner is long past");
        Ok("worked")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let task = create_task(worker());
            sleep_ms(15).await;
            event!("main sees the worker {}", outcome(&task));
            sleep_ms(10).await;
            event!("main sees the worker {}", outcome(&task));
            event!("main gets {}", task.await.unwrap().unwrap());
        });
        program.compare(recorded!("timeout_outer_first"));
    });
}

#[test]
fn diff_timeout_same_deadline() {
    async fn worker() -> End<&'static str> {
        let (outer, is_outer) = limit_of(20);
        let (inner, is_inner) = limit_of(20);
        let limited = outer.run(async {
            let within = inner.run(async {
                let work = async {
                    event!("the worker begins");
                    sleep_ms(900).await;
                };
                if let Err(cancelled) = catch_cancel(work).await {
                    event!("the body is interrupted");
                    sleep_ms(10).await;
                    event!("the body has cleaned up");
                    match cancelled.resume().await {}
                }
            });
            if within.await.is_err() {
                event!("the inner limit is never reported");
            }
            event!("the worker is never here");
        });
        if limited.await.is_err() {
            let [inner, outer] = [&is_inner, &is_outer].map(|limit| truth(limit.expired()));
            event!("the time is up, inner: {inner}, outer: {outer}");
        }
        sleep_ms(10).await;
        event!("the worker goes on, requests: {}", my_requests());
        Ok("worked")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(worker());
            sleep_ms(25).await;
            event!("main sees the worker {}", outcome(&task));
            event!("the worker is {}", end_of(&mut task).await);
            event!("cancelled: {}", truth(task.cancelled()));
        });
        program.compare(recorded!("timeout_same_deadline"));
    });
}

#[test]
fn diff_timeout_hits_cleanup() {
    async fn body(outer: &TimeLimitHandle) {
        let work = async {
            event!("the worker begins");
            sleep_ms(900).await;
        };
        if let Err(first) = catch_cancel(work).await {
            event!("clean-up begins, outer expired: {}", truth(outer.expired()));
            let clean_up = async {
                sleep_ms(500).await;
                event!("clean-up is never done");
            };
            if let Err(second) = catch_cancel(clean_up).await {
                let expired = truth(outer.expired());
                event!("clean-up is interrupted, outer expired: {expired}");
                sleep_ms(5).await;
                match second.resume().await {}
            }
            match first.resume().await {}
        }
    }

    async fn worker() -> End<&'static str> {
        let (outer, is_outer) = limit_of(20);
        let (inner, is_inner) = limit_of(10);
        let limited = outer.run(async {
            if inner.run(body(&is_outer)).await.is_err() {
                event!("the inner limit is never reported");
            }
            event!("the worker is never here");
        });
        if limited.await.is_err() {
            let [inner, outer] = [&is_inner, &is_outer].map(|limit| truth(limit.expired()));
            event!("the time is up, inner: {inner}, outer: {outer}");
        }
        sleep_ms(10).await;
        event!("the worker goes on, requests: {}", my_requests());
        Ok("worked")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(worker());
            sleep_ms(15).await;
            event!("main sees the worker {}", outcome(&task));
            event!("the worker is {}", end_of(&mut task).await);
            event!("cancelled: {}", truth(task.cancelled()));
        });
        program.compare(recorded!("timeout_hits_cleanup"));
    });
}

#[test]
fn diff_timeout_in_cleanup() {
    async fn close() {
        let (grace, handle) = limit_of(10);
        let goodbye = grace.run(async {
            let wait = async {
                event!("it says goodbye");
                sleep_ms(900).await;
            };
            if let Err(cancelled) = catch_cancel(wait).await {
                let expired = truth(handle.expired());
                event!("nobody answers, grace expired: {expired}");
                sleep_ms(2).await;
                match cancelled.resume().await {}
            }
        });
        if goodbye.await.is_err() {
            event!("it closes without goodbye");
        }
        sleep_ms(5).await;
        event!("it is closed");
    }

    async fn client() -> End<&'static str> {
        let (limit, handle) = limit_of(20);
        let limited = limit.run(async {
            let work = async {
                event!("the client works");
                sleep_ms(900).await;
            };
            if let Err(cancelled) = catch_cancel(work).await {
                let expired = truth(handle.expired());
                event!("the client is interrupted, expired: {expired}");
                close().await;
                match cancelled.resume().await {}
            }
        });
        if limited.await.is_err() {
            event!("the client is out of time");
        }
        sleep_ms(10).await;
        Ok("closed")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(client());
            sleep_ms(35).await;
            event!("main sees the client {}", outcome(&task));
            event!("the client is {}", end_of(&mut task).await);
        });
        program.compare(recorded!("timeout_in_cleanup"));
    });
}
