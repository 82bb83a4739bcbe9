//! 2.6, with children that start inside of their spawn.

use evloop::{EventLoop, TaskBuilder, TaskGroup, catch_cancel, yield_now};
use evloop_tests::{Seen, virtual_builder};

use crate::guarded;

/// Runs `main` on a loop that starts tasks eagerly, or lazily.
fn run(eager: bool, main: impl Future<Output = ()>) {
    guarded(|| {
        let event_loop: EventLoop = virtual_builder()
            .eager_tasks(eager)
            .build()
            .expect("the system gives a descriptor");
        event_loop
            .run_until_complete(main)
            .expect("nothing stops the loop");
    });
}

#[test]
fn case_107_a_child_that_spawns_a_failing_sibling_in_its_first_step_is_cancelled_soon() {
    for eager in [false, true] {
        let seen = Seen::new();
        run(eager, async {
            let failed = TaskGroup::scope(async |group| {
                let (again, inside) = (group.clone(), seen.clone());
                let child = async move {
                    let sibling = async { Err::<(), _>("the sibling fails") };
                    drop(again.create_task(sibling).expect("the group is open"));
                    inside.push("the child goes on".to_owned());
                    for n in 1..=3 {
                        if let Err(cancelled) = catch_cancel(yield_now()).await {
                            inside.push(format!("cancelled at suspension {n}"));
                            match cancelled.resume().await {}
                        }
                    }
                };
                drop(group.create_task(child).expect("the group is open"));
                // The spawning code goes on as well.
                seen.push("the body goes on".to_owned());
                yield_now().await;
            });
            let error = failed.await.expect_err("the sibling failed");
            assert_eq!(error.failures().len(), 1);
            assert_eq!(error.failures()[0].error().to_string(), "the sibling fails");
        });
        let seen = seen.take();
        let last = seen.last().expect("something happened");
        assert!(
            last == "cancelled at suspension 1" || last == "cancelled at suspension 2",
            "{seen:?}"
        );
        assert!(seen.contains(&"the child goes on".to_owned()));
    }
}

#[test]
fn case_110_an_eager_child_that_cancels_the_group_before_it_suspends_is_cancelled() {
    let seen = Seen::new();
    run(false, async {
        let ended = TaskGroup::scope(async |group| {
            let (again, seen) = (group.clone(), seen.clone());
            let child = async move {
                again.cancel();
                seen.push("asked");
                if let Err(cancelled) = catch_cancel(std::future::pending::<()>()).await {
                    seen.push("cancelled");
                    match cancelled.resume().await {}
                }
            };
            let options = TaskBuilder::new().eager_start(true);
            let child = group
                .create_task_with(options, child)
                .expect("the group is open");
            assert!(!child.done(), "it is suspended");
            std::future::pending::<()>().await;
        });
        assert!(ended.await.expect_err("the body was ended").is_stopped());
    });
    assert_eq!(seen.take(), ["asked", "cancelled"]);
}
