//! Cancelling a gather: its children are cancelled and waited for, and the one who gathers goes last.

use evloop::{
    JoinError, Task, TimeLimit, catch_cancel, create_task, gather, on_cancel, shield, try_gather,
};

use crate::handles::{kept, outcomes};
use crate::program::{End, Program, flat, ms, outcome, reference, sleep_ms, truth};
use crate::watching::{Watched, end_of, message, my_requests, watch};

#[test]
fn diff_gather_cancel_children() {
    async fn child(name: &'static str, delay: u64) -> End<String> {
        let work = async {
            event!("{name} starts");
            sleep_ms(delay).await;
        };
        on_cancel(work, || async { event!("{name} is cancelled") }).await;
        event!("{name} ends");
        Ok(name.to_uppercase())
    }

    async fn parent(tasks: [Task<End<String>>; 3]) -> End<&'static str> {
        match catch_cancel(try_gather(tasks)).await {
            Ok(values) => {
                values?;
                event!("the parent is never here");
            }
            Err(cancelled) => {
                event!("the parent is cancelled: {}", message(&cancelled));
                sleep_ms(5).await;
                event!("the parent has cleaned up");
                match cancelled.resume().await {}
            }
        }
        Ok("parent")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let children = [("a", 900), ("b", 5), ("c", 800)];
            let tasks = children.map(|(name, delay)| create_task(child(name, delay)));
            let known = tasks.each_ref().map(watch);
            let mut task = create_task(parent(tasks));
            sleep_ms(10).await;
            event!("cancel is granted: {}", truth(task.cancel_with("stop all")));
            event!("the parent is {}", end_of(&mut task).await);
            event!("the children are {}", outcomes(&known));
        });
        program.compare(recorded!("gather_cancel_children"));
    });
}

#[test]
fn diff_gather_cancel_settled() {
    async fn child(name: &'static str, cleanup: u64, refuses: bool) -> End<String> {
        let work = async {
            event!("{name} starts");
            sleep_ms(900).await;
        };
        if let Err(cancelled) = catch_cancel(work).await {
            sleep_ms(cleanup).await;
            event!("{name} {}", if refuses { "refuses" } else { "goes" });
            if !refuses {
                match cancelled.resume().await {}
            }
            cancelled.swallow();
        }
        Ok(name.to_uppercase())
    }

    async fn parent(tasks: [Task<End<String>>; 3]) -> End<&'static str> {
        match catch_cancel(gather(tasks)).await {
            Ok(_results) => event!("the parent is never here"),
            Err(cancelled) => {
                event!("the parent is cancelled: {}", message(&cancelled));
                match cancelled.resume().await {}
            }
        }
        Ok("parent")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let children = [("a", 5, false), ("b", 10, true), ("c", 15, false)];
            let tasks =
                children.map(|(name, cleanup, refuses)| create_task(child(name, cleanup, refuses)));
            let known = tasks.each_ref().map(watch);
            let mut task = create_task(parent(tasks));
            sleep_ms(10).await;
            event!("cancel is granted: {}", truth(task.cancel_with("no lists")));
            sleep_ms(12).await;
            event!("the children are {}", outcomes(&known));
            event!("the parent is {}", end_of(&mut task).await);
        });
        program.compare(recorded!("gather_cancel_settled"));
    });
}

#[test]
fn diff_gather_cancel_one_refuses() {
    async fn child(name: &'static str, cleanup: u64, refuses: bool) -> End<String> {
        let work = async {
            event!("{name} starts");
            sleep_ms(900).await;
        };
        if let Err(cancelled) = catch_cancel(work).await {
            event!("{name} is cancelled");
            sleep_ms(cleanup).await;
            event!("{name} {}", if refuses { "refuses" } else { "goes" });
            if !refuses {
                match cancelled.resume().await {}
            }
            cancelled.swallow();
        }
        Ok(name.to_uppercase())
    }

    async fn parent(tasks: [Task<End<String>>; 2]) -> End<&'static str> {
        let body = async {
            try_gather(tasks).await?;
            event!("the parent is never here");
            End::Ok(())
        };
        on_cancel(body, || async { event!("the parent is cancelled") }).await?;
        Ok("parent")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let tasks = [
                create_task(child("a", 5, true)),
                create_task(child("b", 10, false)),
            ];
            let [a, b] = tasks.each_ref().map(watch);
            let mut task = create_task(parent(tasks));
            sleep_ms(10).await;
            event!("cancel is granted: {}", truth(task.cancel()));
            sleep_ms(7).await;
            event!("a is {}, b is {}, the parent is {}", a, b, outcome(&task));
            let end = end_of(&mut task).await;
            event!("the parent is {end}, b is {b}");
        });
        program.compare(recorded!("gather_cancel_one_refuses"));
    });
}

#[test]
fn diff_gather_cancel_one_child() {
    async fn child(name: &'static str, delay: u64) -> End<String> {
        let work = async {
            event!("{name} starts");
            sleep_ms(delay).await;
        };
        on_cancel(work, || async { event!("{name} is cancelled") }).await;
        event!("{name} ends");
        Ok(name.to_uppercase())
    }

    async fn parent(mut tasks: [Task<End<String>>; 3]) -> End<String> {
        match try_gather(tasks.iter_mut()).await {
            Ok(_) => {}
            Err(JoinError::Cancelled(_)) => {
                event!("a child was cancelled, requests: {}", my_requests());
            }
            Err(error) => return Err(error.into()),
        }
        sleep_ms(5).await;
        event!("the parent goes on");
        // What became of b was taken by the first gather: here it is an error of another kind.
        let settled = gather(tasks.iter_mut()).await;
        let texts = settled
            .iter()
            .map(|each| flat(each).unwrap_or("none".to_owned()));
        Ok(texts.collect::<Vec<_>>().join(" "))
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let children = [("a", 30), ("b", 900), ("c", 20)];
            let tasks = children.map(|(name, delay)| create_task(child(name, delay)));
            let b = reference(&tasks[1]);
            let task = create_task(parent(tasks));
            sleep_ms(10).await;
            event!("cancel of b is granted: {}", truth(b.cancel()));
            event!("main gets {}", task.await.unwrap().unwrap());
        });
        program.compare(recorded!("gather_cancel_one_child"));
    });
}

#[test]
fn diff_gather_cancel_nested() {
    type Child = Task<End<&'static str>>;

    async fn child(name: &'static str) -> End<&'static str> {
        let work = async {
            event!("{name} starts");
            sleep_ms(900).await;
        };
        on_cancel(work, || async { event!("{name} is cancelled") }).await;
        Ok(name)
    }

    async fn branch(name: &'static str, tasks: [Child; 2]) -> End<&'static str> {
        on_cancel(try_gather(tasks), || async {
            event!("branch {name} is cancelled");
        })
        .await?;
        Ok(name)
    }

    async fn root(tasks: [Child; 2]) -> End<&'static str> {
        let body = async {
            try_gather(tasks).await?;
            event!("root is never here");
            End::Ok(())
        };
        on_cancel(body, || async {
            sleep_ms(10).await;
            event!("root is cancelled");
        })
        .await?;
        Ok("root")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let leaves = ["a", "b", "c"].map(|name| create_task(child(name)));
            let known = leaves.each_ref().map(watch);
            let [a, b, c] = leaves;
            let left = create_task(branch("left", [b, c]));
            let known_left = watch(&left);
            let task = create_task(root([a, left]));
            sleep_ms(10).await;
            event!("cancel is granted: {}", truth(task.cancel()));
            sleep_ms(40).await;
            event!("the leaves are {}", outcomes(&known));
            event!("left is {}, root is {}", known_left, outcome(&task));
        });
        program.compare(recorded!("gather_cancel_nested"));
    });
}

#[test]
fn diff_gather_cancel_by_timeout() {
    async fn child(name: &'static str, work: u64, cleanup: u64) -> End<String> {
        let work = async {
            event!("{name} starts");
            sleep_ms(work).await;
        };
        on_cancel(work, || async {
            event!("{name} is cancelled");
            sleep_ms(cleanup).await;
            event!("{name} has cleaned up");
        })
        .await;
        event!("{name} ends");
        Ok(name.to_uppercase())
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let children = [("a", 10, 0), ("b", 900, 10), ("c", 15, 0)];
            let tasks =
                children.map(|(name, work, cleanup)| create_task(child(name, work, cleanup)));
            let known = tasks.each_ref().map(watch);
            let limit = TimeLimit::after(ms(20));
            let handle = limit.handle();
            let body = async {
                try_gather(tasks).await.unwrap();
                event!("main is never here");
            };
            if limit.run(body).await.is_err() {
                event!("main is out of time, expired: {}", truth(handle.expired()));
            }
            event!("the children are {}", outcomes(&known));
            sleep_ms(10).await;
            event!("main ends");
        });
        program.compare(recorded!("gather_cancel_by_timeout"));
    });
}

#[test]
fn diff_gather_cancel_shields() {
    async fn child(name: &'static str, delay: u64) -> End<String> {
        let work = async {
            event!("{name} starts");
            sleep_ms(delay).await;
        };
        on_cancel(work, || async { event!("{name} is never cancelled") }).await;
        event!("{name} ends");
        Ok(name.to_uppercase())
    }

    async fn parent(
        tasks: [Task<End<String>>; 3],
        known: [Watched<String>; 3],
    ) -> End<&'static str> {
        let body = async {
            try_gather(tasks.map(shield)).await?;
            event!("the parent is never here");
            End::Ok(())
        };
        on_cancel(body, || async {
            event!("the parent is cancelled: {}", outcomes(&known));
        })
        .await?;
        Ok("parent")
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let children = [("a", 30), ("b", 20), ("c", 5)];
            let tasks = children.map(|(name, delay)| create_task(child(name, delay)));
            let known = tasks.each_ref().map(watch);
            // The parent's gather takes the result of c: main gathers what the tasks' callbacks keep.
            let ends = tasks.each_ref().map(kept);
            let mut task = create_task(parent(tasks, known));
            sleep_ms(10).await;
            event!("cancel is granted: {}", truth(task.cancel()));
            event!("the parent is {}", end_of(&mut task).await);
            let values: End<Vec<String>> = try_gather(ends).await.unwrap().into_iter().collect();
            event!("main gets {}", values.unwrap().join(" "));
        });
        program.compare(recorded!("gather_cancel_shields"));
    });
}
