//! `gather` and `try_gather`: asyncio's two modes, over tasks and promises.

use std::future::Future;
use std::pin::Pin;

use evloop::{Promise, Task, TaskResult, call_soon, create_task, gather, try_gather};

use crate::program::{End, Program, error, flat, ms, reference, say, settled, sleep_ms, truth};

#[test]
fn diff_gather_order() {
    async fn child(name: &'static str, delays: &'static [u64]) -> String {
        event!("{name} starts");
        for &delay in delays {
            sleep_ms(delay).await;
            event!("{name} resumes");
        }
        name.to_uppercase()
    }

    fn joined(results: Vec<TaskResult<String>>) -> String {
        let results: Result<Vec<String>, _> = results.into_iter().collect();
        results.expect("children do not fail").join(" ")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let nothing = Vec::<Task<String>>::new();
            event!("gather of nothing gives {}", gather(nothing).await.len());
            call_soon(say("a callback ahead of the children"));
            let children = vec![
                create_task(child("a", &[30, 10])),
                create_task(child("b", &[10, 11])),
                create_task(child("c", &[15])),
            ];
            let early = [
                create_task(child("d", &[12])),
                create_task(child("e", &[13])),
            ];
            event!("main gathers");
            event!("gather gives {}", joined(gather(children).await));
            let reversed: Vec<_> = early.into_iter().rev().collect();
            event!("finished ones give {}", joined(gather(reversed).await));
            sleep_ms(10).await;
            event!("main ends");
        });
        program.compare(recorded!("gather_order"));
    });
}

async fn child(name: &'static str, delay: u64, fails: bool) -> End<String> {
    event!("{name} starts");
    sleep_ms(delay).await;
    event!("{name} ends");
    if fails {
        return error(format!("{name} failed"));
    }
    Ok(name.to_uppercase())
}

#[test]
fn diff_gather_settled() {
    Program::on_every_loop(|program| {
        program.run(async {
            let a = create_task(child("a", 40, false));
            let b = create_task(child("b", 10, true));
            let c = create_task(child("c", 30, true));
            let d = create_task(child("d", 900, false));
            let e = create_task(child("e", 20, false));
            let to_cancel = reference(&d);
            program.call_later(ms(15), move || {
                event!("d is cancelled: {}", truth(to_cancel.cancel()))
            });
            event!("main gathers");
            for result in gather([a, b, c, d, e]).await {
                event!("result: {}", settled(&flat(&result)));
            }
        });
        program.compare(recorded!("gather_settled"));
    });
}

#[test]
fn diff_gather_first_error() {
    fn watch(task: Task<End<String>>) -> Task<End<String>> {
        task.add_done_callback(|result| event!("callback sees {}", settled(&flat(result))));
        task
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let a = watch(create_task(child("a", 30, false)));
            let b = watch(create_task(child("b", 10, true)));
            let c = watch(create_task(child("c", 20, true)));
            event!("main gathers");
            if let Err(failure) = try_gather((a.flatten(), b.flatten(), c.flatten())).await {
                event!("gather gives {failure}");
            }
            sleep_ms(15).await;
            event!("main sleeps on");
            sleep_ms(10).await;
            let calm = [("x", 2), ("y", 1)]
                .map(|(name, delay)| create_task(child(name, delay, false)).flatten());
            event!("gather gives {}", try_gather(calm).await.unwrap().join(" "));
        });
        program.compare(recorded!("gather_first_error"));
    });
}

#[test]
fn diff_gather_nested() {
    type Member = Pin<Box<dyn Future<Output = TaskResult<String>> + Send>>;

    async fn child(name: &'static str, delay: u64) -> String {
        event!("{name} starts");
        sleep_ms(delay).await;
        event!("{name} ends");
        name.to_uppercase()
    }

    async fn group(name: &'static str, members: Vec<Member>) -> String {
        event!("group {name} gathers {}", members.len());
        let results: Result<Vec<String>, _> = gather(members).await.into_iter().collect();
        let results = results.expect("members do not fail").concat();
        event!("group {name} gives {results}");
        format!("({results})")
    }

    fn answer(future: &Promise<String>) {
        event!("the future is set");
        future.set_result("F".to_owned()).expect("it is pending");
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let future = program.create_future();
            let same = future.clone();
            program.call_later(ms(25), move || answer(&same));
            let [a, b, c] = [("a", 40), ("b", 10), ("c", 30)]
                .map(|(name, delay)| create_task(child(name, delay)));
            let left = create_task(group("left", vec![Box::pin(b), Box::pin(future.clone())]));
            let right = create_task(group("right", vec![Box::pin(future), Box::pin(c)]));
            let both = create_task(group(
                "both",
                vec![Box::pin(right), Box::pin(a), Box::pin(left)],
            ));
            sleep_ms(20).await;
            event!("main waits for the outer group");
            event!("main gets {}", both.await.unwrap());
        });
        program.compare(recorded!("gather_nested"));
    });
}
