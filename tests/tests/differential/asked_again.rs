//! Requests before the first step, by the task itself, during the clean-up, again and again; and
//! how they are counted and taken back.

use evloop::{JoinError, catch_cancel, create_task, current_task};

use crate::program::{End, Program, outcome, reference, sleep_ms, truth};
use crate::watching::{end_of, message, my_requests, state};

#[test]
fn diff_catch_before_start() {
    async fn guarded(name: &'static str) -> End<&'static str> {
        let work = async {
            event!("{name} starts");
            sleep_ms(10).await;
            event!("{name} ends");
        };
        if let Err(cancelled) = catch_cancel(work).await {
            event!("{name} catches");
            cancelled.swallow();
        }
        Ok(name)
    }

    async fn parent() -> &'static str {
        sleep_ms(2).await;
        let child = create_task(guarded("never"));
        child.cancel_with("early");
        event!("the child is {}", outcome(&child));
        if let Err(JoinError::Cancelled(cancelled)) = child.await {
            let message = cancelled.message().unwrap_or_default();
            event!("the parent sees its child cancelled: {message}");
        }
        sleep_ms(5).await;
        "the parent lives"
    }

    Program::on_one_thread(|program| {
        program.run(async {
            let task = create_task(parent());
            let other = create_task(guarded("other"));
            let mut unborn = create_task(guarded("unborn"));
            let its_state = reference(&unborn);
            unborn.cancel_with("first");
            unborn.cancel_with("last");
            if let Err(JoinError::Cancelled(cancelled)) = (&mut unborn).await {
                let message = cancelled.message().unwrap_or_default();
                event!("main sees unborn cancelled: {message}");
            }
            let requests = unborn.cancelling();
            event!("unborn is {}, requests: {requests}", state(&its_state));
            event!("main gets {}", task.await.unwrap());
            event!("main gets {}", other.await.unwrap().unwrap());
        });
        program.compare(recorded!("catch_before_start"));
    });
}

#[test]
fn diff_catch_second_cancel() {
    async fn closer() -> End<&'static str> {
        if let Err(first) = catch_cancel(sleep_ms(900)).await {
            event!("clean-up begins: {}", message(&first));
            let clean_up = async {
                sleep_ms(10).await;
                event!("the first half is done");
                sleep_ms(10).await;
                event!("the second half is never done");
            };
            if let Err(second) = catch_cancel(clean_up).await {
                event!("clean-up is interrupted: {}", message(&second));
                sleep_ms(3).await;
                event!("only what is urgent is done");
                match second.resume().await {}
            }
            match first.resume().await {}
        }
        Ok("closed")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(closer());
            sleep_ms(5).await;
            let granted = truth(task.cancel_with("please"));
            event!("first cancel is granted: {granted}");
            sleep_ms(15).await;
            let granted = truth(task.cancel_with("at once"));
            event!("second cancel is granted: {granted}");
            event!("the closer is {}", outcome(&task));
            event!("the closer is {}", end_of(&mut task).await);
        });
        program.compare(recorded!("catch_second_cancel"));
    });
}

#[test]
fn diff_catch_and_finish_cleanup() {
    async fn careful() -> End<&'static str> {
        if let Err(first) = catch_cancel(sleep_ms(900)).await {
            event!("clean-up begins: {}", message(&first));
            for step in ["one", "two", "three"] {
                let work = async {
                    sleep_ms(10).await;
                    event!("step {step} is done");
                };
                if let Err(other) = catch_cancel(work).await {
                    event!("step {step} is asked to hurry: {}", message(&other));
                    sleep_ms(1).await;
                    event!("step {step} is done in haste");
                    other.swallow();
                }
            }
            event!("clean-up ends");
            match first.resume().await {}
        }
        Ok("never")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(careful());
            sleep_ms(5).await;
            event!("cancel is granted: {}", truth(task.cancel_with("first")));
            sleep_ms(15).await;
            event!("cancel is granted: {}", truth(task.cancel_with("second")));
            event!("the careful one is {}", end_of(&mut task).await);
        });
        program.compare(recorded!("catch_and_finish_cleanup"));
    });
}

#[test]
fn diff_catch_self_cancel() {
    async fn leaves() -> End<&'static str> {
        event!("leaves asks itself to stop");
        current_task().expect("it is one").cancel_with("enough");
        event!("leaves runs on");
        if let Err(cancelled) = catch_cancel(sleep_ms(900)).await {
            event!("leaves is interrupted: {}", message(&cancelled));
            sleep_ms(4).await;
            event!("leaves has cleaned up");
            match cancelled.resume().await {}
        }
        Ok("left")
    }

    async fn returns() -> End<&'static str> {
        sleep_ms(10).await;
        event!("returns asks itself to stop and returns at once");
        current_task().expect("it is one").cancel();
        Ok("lost")
    }

    async fn stays() -> End<&'static str> {
        sleep_ms(20).await;
        current_task().expect("it is one").cancel();
        if let Err(cancelled) = catch_cancel(sleep_ms(900)).await {
            event!("stays has thought better of it");
            cancelled.swallow();
        }
        sleep_ms(4).await;
        Ok("stayed")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut tasks = [
                create_task(leaves()),
                create_task(returns()),
                create_task(stays()),
            ];
            sleep_ms(2).await;
            event!("they are {}", tasks.each_ref().map(outcome).join(", "));
            sleep_ms(10).await;
            event!("they are {}", tasks.each_ref().map(outcome).join(", "));
            event!("the last one is {}", end_of(&mut tasks[2]).await);
        });
        program.compare(recorded!("catch_self_cancel"));
    });
}

#[test]
fn diff_catch_several_times() {
    async fn stubborn() -> End<&'static str> {
        for answer in ["no", "not yet", "almost"] {
            if let Err(cancelled) = catch_cancel(sleep_ms(900)).await {
                event!("asked {}, it says {answer}", message(&cancelled));
                cancelled.swallow();
            }
            sleep_ms(2).await;
            event!("it works on");
        }
        sleep_ms(900).await;
        Ok("never")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(stubborn());
            for question in ["once", "twice", "thrice"] {
                sleep_ms(10).await;
                let granted = truth(task.cancel_with(question));
                event!("main asks {question}: {granted}");
            }
            sleep_ms(10).await;
            event!("after three requests it is {}", outcome(&task));
            event!("main asks again: {}", truth(task.cancel_with("again")));
            event!("now it is {}", end_of(&mut task).await);
        });
        program.compare(recorded!("catch_several_times"));
    });
}

#[test]
fn diff_uncancel_and_sleep_again() {
    async fn sleeper() -> End<&'static str> {
        for night in [1, 2, 3] {
            let sleep = async {
                event!("night {night}, requests: {}", my_requests());
                sleep_ms(20).await;
                event!("night {night} was quiet");
            };
            if let Err(cancelled) = catch_cancel(sleep).await {
                let (who, requests) = (message(&cancelled).to_owned(), my_requests());
                let then = cancelled.uncancel();
                event!("woken by {who}, requests: {requests}, then {then}");
                sleep_ms(5).await;
                event!("asleep again");
            }
        }
        sleep_ms(900).await;
        Ok("rested")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(sleeper());
            sleep_ms(10).await;
            event!("cancel is granted: {}", truth(task.cancel_with("a dog")));
            sleep_ms(30).await;
            event!("cancel is granted: {}", truth(task.cancel_with("a cat")));
            sleep_ms(50).await;
            let granted = truth(task.cancel_with("an owl"));
            let requests = task.cancelling();
            event!("cancel is granted: {granted}, requests: {requests}");
            event!("the sleeper is {}", end_of(&mut task).await);
        });
        program.compare(recorded!("uncancel_and_sleep_again"));
    });
}

#[test]
fn diff_uncancel_by_the_asker() {
    async fn worker() -> End<&'static str> {
        if let Err(cancelled) = catch_cancel(sleep_ms(900)).await {
            event!("the worker is interrupted, requests: {}", my_requests());
            cancelled.swallow();
        }
        sleep_ms(10).await;
        event!("the worker looks again, requests: {}", my_requests());
        if let Err(cancelled) = catch_cancel(sleep_ms(900)).await {
            let requests = my_requests();
            event!("the worker is interrupted again, requests: {requests}");
            match cancelled.resume().await {}
        }
        Ok("worked")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let mut task = create_task(worker());
            sleep_ms(5).await;
            event!("main asks: {}", truth(task.cancel()));
            sleep_ms(5).await;
            event!("main takes it back: {}", task.uncancel());
            event!("main takes back one too many: {}", task.uncancel());
            sleep_ms(10).await;
            let granted = truth(task.cancel());
            let requests = task.cancelling();
            event!("main asks again: {granted}, requests: {requests}");
            let end = end_of(&mut task).await;
            event!("the worker is {end}, requests: {}", task.cancelling());
        });
        program.compare(recorded!("uncancel_by_the_asker"));
    });
}

#[test]
fn diff_uncancel_counts() {
    async fn counted() -> &'static str {
        let me = current_task().expect("it is one");
        event!("it begins with {}", me.cancelling());
        for _ in 0..3 {
            if let Err(cancelled) = catch_cancel(sleep_ms(900)).await {
                event!("it swallows one, requests: {}", me.cancelling());
                cancelled.swallow();
            }
        }
        event!("it takes one back: {}", me.uncancel());
        sleep_ms(10).await;
        event!("it takes one back: {}", me.uncancel());
        event!("it takes one back: {}", me.uncancel());
        event!("it takes one back: {}", me.uncancel());
        sleep_ms(10).await;
        "it was never stopped"
    }

    Program::on_one_thread(|program| {
        program.run(async {
            let mut task = create_task(counted());
            for _ in 0..3 {
                sleep_ms(5).await;
                task.cancel();
                event!("main asks, requests: {}", task.cancelling());
            }
            sleep_ms(5).await;
            event!("main sees requests: {}", task.cancelling());
            let value = (&mut task).await.unwrap();
            event!("main gets {value}, requests: {}", task.cancelling());
        });
        program.compare(recorded!("uncancel_counts"));
    });
}
