//! Tasks that catch their cancel: what they do then, and how they end.

use std::pin::Pin;

use evloop::{JoinError, Promise, catch_cancel, create_task};

use crate::program::{
    End, Program, Raised, error, outcome, reference, settled, sleep_ms, standing, truth,
};
use crate::watching::{end_of, message, state, watch};

#[test]
fn diff_catch_and_clean_up() {
    async fn writer() -> End<&'static str> {
        event!("the writer opens a file");
        let work = async {
            sleep_ms(900).await;
            event!("the writer is never here");
        };
        if let Err(cancelled) = catch_cancel(work).await {
            event!("the writer is asked to stop: {}", message(&cancelled));
            sleep_ms(10).await;
            event!("the writer has flushed");
            sleep_ms(10).await;
            event!("the writer has closed the file");
            match cancelled.resume().await {}
        }
        Ok("written")
    }

    async fn ticker() {
        for n in 0..4 {
            event!("tick {n}");
            sleep_ms(7).await;
        }
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(writer());
            let ticks = create_task(ticker());
            sleep_ms(5).await;
            let granted = truth(task.cancel_with("shutdown"));
            event!("cancel is granted: {granted}");
            sleep_ms(11).await;
            event!("the writer is {}", outcome(&task));
            let writer = reference(&task);
            if let Err(JoinError::Cancelled(cancelled)) = (&mut task).await {
                let message = cancelled.message().unwrap_or_default();
                event!("main sees the writer cancelled: {message}");
            }
            let granted = truth(task.cancel());
            event!(
                "the writer is {}, cancel is granted: {granted}",
                state(&writer)
            );
            ticks.await.unwrap();
        });
        program.compare(recorded!("catch_and_clean_up"));
    });
}

#[test]
fn diff_catch_and_fail() {
    async fn disk() -> End<()> {
        event!("the disk spins");
        if let Err(cancelled) = catch_cancel(sleep_ms(900)).await {
            event!("the disk flushes");
            sleep_ms(10).await;
            event!("the disk is full");
            return Err(cancelled.into_err(Raised::Error("disk full".to_owned())));
        }
        Ok(())
    }

    async fn write() -> End<()> {
        event!("the writer turns to the disk");
        disk().await?;
        event!("the writer is never here");
        Ok(())
    }

    async fn writer() -> End<&'static str> {
        if let Err(raised) = write().await {
            event!("the writer sees {raised}");
            sleep_ms(5).await;
            return error("nothing written");
        }
        Ok("written")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(writer());
            sleep_ms(5).await;
            event!("cancel is granted: {}", truth(task.cancel()));
            sleep_ms(12).await;
            event!("the writer is {}", outcome(&task));
            if let Ok(Err(raised)) = (&mut task).await {
                event!("main gets {raised}");
            }
            event!("the writer is cancelled: {}", truth(task.cancelled()));
        });
        program.compare(recorded!("catch_and_fail"));
    });
}

#[test]
fn diff_catch_and_go_on() {
    async fn patient(future: Promise<&'static str>) -> End<&'static str> {
        if let Err(cancelled) = catch_cancel(sleep_ms(900)).await {
            event!("the patient one refuses to go");
            cancelled.swallow();
        }
        event!("the patient one waits for a future instead");
        let value = future.await?;
        event!("the patient one has {value}");
        sleep_ms(10).await;
        event!("the patient one has slept too");
        if let Err(cancelled) = catch_cancel(sleep_ms(900)).await {
            event!("the patient one gives in");
            match cancelled.resume().await {}
        }
        Ok(value)
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let future = program.create_future();
            let mut task = create_task(patient(future.clone()));
            sleep_ms(5).await;
            event!("cancel is granted: {}", truth(task.cancel()));
            sleep_ms(5).await;
            event!(
                "the future is {}, the patient one is {}",
                standing(&future),
                outcome(&task)
            );
            future.set_result("patience").unwrap();
            sleep_ms(20).await;
            event!("cancel is granted: {}", truth(task.cancel()));
            let end = end_of(&mut task).await;
            event!(
                "the patient one is {end}, the future is {}",
                standing(&future)
            );
        });
        program.compare(recorded!("catch_and_go_on"));
    });
}

#[test]
fn diff_catch_and_return() {
    async fn counter() -> End<u32> {
        let mut counted = 0;
        let count = async {
            loop {
                sleep_ms(10).await;
                counted += 1;
                event!("counted to {counted}");
            }
        };
        match catch_cancel(count).await {
            Ok(never) => never,
            Err(cancelled) => {
                event!("the counter is interrupted");
                cancelled.swallow();
            }
        }
        sleep_ms(3).await;
        event!("the counter returns what it has");
        Ok(counted)
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(counter());
            let counter = watch(&task);
            task.add_done_callback(|result| {
                let cancelled = truth(result.as_ref().is_err_and(JoinError::is_cancelled));
                let end = settled(&crate::program::flat(result));
                event!("callback sees {end}, cancelled: {cancelled}");
            });
            sleep_ms(35).await;
            let granted = truth(task.cancel());
            event!("cancel is granted: {granted}, the counter is {counter}");
            event!("main gets {}", (&mut task).await.unwrap().unwrap());
            sleep_ms(1).await;
            let granted = truth(task.cancel());
            event!("cancel is granted: {granted}, the counter is {counter}");
        });
        program.compare(recorded!("catch_and_return"));
    });
}

#[test]
fn diff_catch_and_stop_helper() {
    async fn helper() -> End<&'static str> {
        let work = async {
            for n in 0..100 {
                event!("the helper does part {n}");
                sleep_ms(10).await;
            }
        };
        if let Err(cancelled) = catch_cancel(work).await {
            event!("the helper is asked: {}", message(&cancelled));
            sleep_ms(7).await;
            event!("the helper has tidied up");
            match cancelled.resume().await {}
        }
        Ok("helped")
    }

    async fn owner() -> End<&'static str> {
        let mut task = create_task(helper());
        if let Err(cancelled) = catch_cancel(sleep_ms(900)).await {
            event!("the owner is asked: {}", message(&cancelled));
            task.cancel_with("the owner leaves");
            event!("the helper is {}", end_of(&mut task).await);
            sleep_ms(2).await;
            event!("the owner leaves");
            match cancelled.resume().await {}
        }
        Ok("owned")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(owner());
            sleep_ms(25).await;
            let granted = truth(task.cancel_with("closing time"));
            event!("cancel is granted: {granted}");
            event!("the owner is {}", end_of(&mut task).await);
        });
        program.compare(recorded!("catch_and_stop_helper"));
    });
}

#[test]
fn diff_catch_at_three_levels() {
    async fn inner() {
        if let Err(cancelled) = catch_cancel(sleep_ms(900)).await {
            event!("inner cleans up");
            sleep_ms(10).await;
            event!("inner passes it on");
            match cancelled.resume().await {}
        }
    }

    async fn middle() -> &'static str {
        let within = async {
            inner().await;
            event!("middle is never here");
        };
        if let Err(cancelled) = catch_cancel(within).await {
            event!("middle cleans up");
            sleep_ms(10).await;
            event!("middle swallows it");
            cancelled.swallow();
        }
        "what was there"
    }

    async fn outer() -> End<&'static str> {
        let within = async {
            let value = middle().await;
            event!("outer gets {value}");
            sleep_ms(10).await;
            event!("outer goes on");
            value
        };
        match catch_cancel(within).await {
            Ok(value) => Ok(value),
            Err(cancelled) => {
                event!("outer is never here");
                match cancelled.resume().await {}
            }
        }
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(outer());
            sleep_ms(5).await;
            event!("cancel is granted: {}", truth(task.cancel()));
            sleep_ms(12).await;
            event!("the task is {}", outcome(&task));
            event!("the task is {}", end_of(&mut task).await);
        });
        program.compare(recorded!("catch_at_three_levels"));
    });
}

#[test]
fn diff_catch_in_every_case() {
    async fn job(name: &'static str, work: u64, fails: bool) -> End<String> {
        let worked = catch_cancel(async {
            event!("{name} works");
            sleep_ms(work).await;
            if fails {
                return error(format!("{name} failed"));
            }
            Ok(name.to_uppercase())
        })
        .await;
        event!("{name} cleans up");
        sleep_ms(5).await;
        event!("{name} is clean");
        match worked {
            Ok(end) => end,
            Err(cancelled) => match cancelled.resume().await {},
        }
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let a = create_task(job("a", 10, false));
            let b = create_task(job("b", 12, true));
            let mut c = create_task(job("c", 900, false));
            sleep_ms(14).await;
            event!("cancel is granted: {}", truth(c.cancel()));
            let ends = [&a, &b, &c].map(outcome).join(", ");
            event!("they are {ends}");
            event!("c is {}", end_of(&mut c).await);
            let ends = [&a, &b, &c].map(outcome).join(", ");
            event!("they are {ends}");
        });
        program.compare(recorded!("catch_in_every_case"));
    });
}

#[test]
fn diff_catch_inside_out() {
    fn level(n: u32) -> Pin<Box<dyn Future<Output = End<u32>> + Send>> {
        Box::pin(async move {
            let within = async {
                event!("level {n} begins");
                if n < 3 {
                    level(n + 1).await?;
                } else {
                    sleep_ms(900).await;
                }
                event!("level {n} is never here");
                Ok(n)
            };
            match catch_cancel(within).await {
                Ok(end) => end,
                Err(cancelled) => {
                    event!("level {n} cleans up: {}", message(&cancelled));
                    sleep_ms(5).await;
                    event!("level {n} is clean");
                    match cancelled.resume().await {}
                }
            }
        })
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(level(1));
            sleep_ms(1).await;
            let granted = truth(task.cancel_with("all out"));
            event!("cancel is granted: {granted}");
            sleep_ms(12).await;
            event!("the task is {}", outcome(&task));
            event!("the task is {}", end_of(&mut task).await);
        });
        program.compare(recorded!("catch_inside_out"));
    });
}
