//! Eager tasks: the first step runs inside the spawn.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use evloop::{
    ContextVar, Handle, Promise, TaskBuilder, TaskId, TaskRef, all_tasks, create_task,
    create_task_local, current_task, gather, sleep, yield_now,
};
use evloop_tests::{
    Reports, Seen, on_every_loop, on_thread, virtual_builder, virtual_loop, witness,
};

use crate::guarded;

fn eager() -> TaskBuilder {
    TaskBuilder::new().eager_start(true)
}

fn ids(tasks: &[TaskRef]) -> Vec<TaskId> {
    let mut ids: Vec<_> = tasks.iter().map(TaskRef::id).collect();
    ids.sort_unstable_by_key(|id| id.get());
    ids
}

#[test]
fn case_194_a_body_that_never_suspends_is_done_after_the_spawn_and_not_listed() {
    guarded(|| {
        let event_loop = virtual_loop();
        event_loop
            .run_until_complete(async {
                let task = eager().create_task(async { 32 });
                assert!(task.done());
                assert_eq!(all_tasks(), [current_task().unwrap()]);
                assert_eq!(task.result().unwrap().as_ref().unwrap(), &32);
                assert_eq!(task.await.unwrap(), 32);

                let local = std::rc::Rc::new(33);
                let task = eager().create_task_local(async move { *local });
                assert!(task.done());
                assert_eq!(task.await.unwrap(), 33);
            })
            .unwrap();
    });
}

#[test]
fn case_194_the_queue_never_sees_a_task_that_ends_at_once() {
    guarded(|| {
        let event_loop = virtual_loop();
        let seen = Seen::new();
        event_loop
            .run_until_complete(async {
                let ordinary = seen.pusher("ordinary");
                create_task(async move { ordinary() }).detach();
                let at_once = seen.pusher("eager");
                eager().create_task(async move { at_once() }).detach();
                seen.push("spawned");
                yield_now().await;
            })
            .unwrap();

        assert_eq!(seen.take(), ["eager", "spawned", "ordinary"]);
    });
}

#[test]
fn case_194_a_body_that_suspends_goes_on_as_an_ordinary_task() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (seen, gate) = (Seen::new(), Promise::new());
        event_loop
            .run_until_complete(async {
                let (told, open) = (seen.clone(), gate.clone());
                let task = eager().name("child").create_task(async move {
                    told.push("first");
                    open.await.unwrap();
                    told.push("second");
                    yield_now().await;
                    told.push("third");
                    "value"
                });
                assert!(!task.done());
                assert!(all_tasks().iter().any(|listed| listed.id() == task.id()));
                assert_eq!(&*task.name(), "child");
                gate.set_result(()).unwrap();
                assert_eq!(seen.take(), ["first"]);
                assert_eq!(task.await.unwrap(), "value");
                assert_eq!(seen.take(), ["second", "third"]);
            })
            .unwrap();
    });
}

#[test]
fn case_194_a_body_that_wakes_itself_in_its_first_step_is_queued_behind_what_is_ready() {
    guarded(|| {
        let event_loop = virtual_loop();
        let seen = Seen::new();
        event_loop
            .run_until_complete(async {
                Handle::current().call_soon(seen.pusher("ready"));
                let told = seen.clone();
                eager()
                    .create_task(async move {
                        told.push("first");
                        yield_now().await;
                        told.push("second");
                    })
                    .await
                    .unwrap();
            })
            .unwrap();

        assert_eq!(seen.take(), ["first", "ready", "second"]);
    });
}

#[test]
fn case_194_a_loop_may_start_its_tasks_eagerly_unless_one_is_told_otherwise() {
    guarded(|| {
        let event_loop = virtual_builder().eager_tasks(true).build().unwrap();
        let before = event_loop.create_task(async { "queued" });
        assert!(!before.done(), "the loop does not run");
        let handle = event_loop.handle();
        event_loop
            .run_until_complete(async {
                assert!(create_task(async {}).done());
                assert!(create_task_local(async {}).done());
                assert!(handle.create_task(async {}).done());
                let told = TaskBuilder::new().eager_start(false);
                assert!(!told.clone().create_task(async {}).done());
                assert!(!handle.create_task_with(told, async {}).done());

                // From another thread it cannot be.
                let elsewhere = handle.clone();
                let sent =
                    on_thread(move || elsewhere.create_task(async { current_task().is_some() }));
                assert!(sent.join().unwrap().await.unwrap());
            })
            .unwrap();
        assert_eq!(
            before.result().unwrap().as_ref().unwrap(),
            &"queued",
            "the main task comes behind it"
        );

        let lazy = virtual_loop();
        lazy.run_until_complete(async { assert!(!create_task(async {}).done()) })
            .unwrap();
    });
}

#[test]
fn case_194_without_its_loop_around_it_an_eager_spawn_is_an_ordinary_one() {
    guarded(|| {
        let (event_loop, other) = (virtual_loop(), virtual_loop());
        let before = event_loop.create_task_with(eager(), async { 1 });
        assert!(!before.done());
        let handle = other.handle();
        let seen = Seen::new();
        event_loop
            .run_until_complete(async {
                assert_eq!(before.await.unwrap(), 1);
                let foreign = handle.create_task_with(eager(), async { 2 });
                assert!(!foreign.done(), "another loop runs here");
                seen.push(foreign);
            })
            .unwrap();
        let foreign = seen.take().remove(0);
        assert_eq!(other.run_until_complete(foreign).unwrap().unwrap(), 2);

        let handle = event_loop.handle();
        event_loop.close();
        let seen = Seen::new();
        let body = seen.pusher("body");
        let refused = handle.create_task_with(eager(), async move { body() });
        assert!(refused.cancelled());
        assert!(seen.is_empty());
    });
}

#[test]
fn case_194_while_its_loop_closes_no_task_starts() {
    struct Spawns(Handle, Seen<&'static str>);

    impl Drop for Spawns {
        fn drop(&mut self) {
            let body = self.1.pusher("body");
            self.1.push("spawn");
            drop(self.0.create_task_with(eager(), async move { body() }));
        }
    }

    guarded(|| {
        let event_loop = virtual_loop();
        let seen = Seen::new();
        let spawns = Spawns(event_loop.handle(), seen.clone());
        event_loop
            .create_task(async move {
                pending::<()>().await;
                drop(spawns);
            })
            .detach();
        event_loop
            .run_until_complete(sleep(Duration::from_secs(1)))
            .unwrap();

        event_loop.close();

        assert_eq!(seen.take(), ["spawn"]);
    });
}

#[test]
fn case_194_callbacks_of_a_task_that_is_done_at_once_run_in_a_later_turn() {
    guarded(|| {
        let seen = Seen::new();
        virtual_loop()
            .run_until_complete(async {
                let task = eager().create_task(async { 1 });
                let told = seen.clone();
                task.add_done_callback(move |result| told.push(*result.as_ref().unwrap()));
                assert!(seen.is_empty());
                yield_now().await;
                assert_eq!(seen.take(), [1]);
                let children: Vec<_> = (0..3)
                    .map(|n| eager().create_task(async move { n }))
                    .collect();
                let values = gather(children).await;
                let values: Vec<_> = values.into_iter().map(Result::unwrap).collect();
                assert_eq!(values, [0, 1, 2]);
            })
            .unwrap();
    });
}

#[test]
fn case_195_during_the_first_step_the_child_is_current_and_listed_and_then_the_parent_again() {
    guarded(|| {
        virtual_loop()
            .run_until_complete(async {
                let parent = current_task().unwrap();
                let own = parent.clone();
                let task = eager().name("child").create_task(async move {
                    let child = current_task().unwrap();
                    assert_ne!(child, own);
                    assert_eq!(&*child.name(), "child", "it has its name by then");
                    assert_eq!(ids(&all_tasks()), ids(&[own, child.clone()]));
                    yield_now().await;
                    assert_eq!(current_task().unwrap(), child);
                    child
                });
                assert_eq!(current_task().unwrap(), parent);
                assert_eq!(all_tasks().len(), 2);
                let id = task.id();
                assert_eq!(task.await.unwrap().id(), id);
            })
            .unwrap();
    });
}

#[test]
fn case_195_nested_eager_tasks_are_all_listed_and_each_is_current_in_its_own_step() {
    fn nest(depth: usize, parents: Vec<TaskRef>) -> evloop::Task<usize> {
        eager().create_task(async move {
            let own = current_task().unwrap();
            let mut family = parents;
            family.push(own.clone());
            assert_eq!(ids(&all_tasks()), ids(&family));
            if depth == 0 {
                return family.len();
            }
            let child = nest(depth - 1, family);
            assert_eq!(current_task().unwrap(), own);
            assert!(child.done());
            child.await.unwrap()
        })
    }

    guarded(|| {
        virtual_loop()
            .run_until_complete(async {
                let parent = current_task().unwrap();
                let task = nest(5, vec![parent.clone()]);
                assert!(task.done());
                assert_eq!(task.await.unwrap(), 7);
                assert_eq!(all_tasks(), [parent]);
            })
            .unwrap();
    });
}

#[test]
fn case_195_a_parent_is_let_go_after_the_step_that_interrupted_it() {
    static VAR: ContextVar<Arc<()>> = ContextVar::new("var");

    guarded(|| {
        let value = Arc::new(());
        virtual_loop()
            .run_until_complete(async {
                let of_parent = Arc::clone(&value);
                create_task(async move {
                    eager().create_task(pending::<()>()).detach();
                    VAR.set(of_parent);
                })
                .await
                .unwrap();
                assert_eq!(
                    Arc::strong_count(&value),
                    1,
                    "the memory of a task that ended"
                );
            })
            .unwrap();
    });
}

#[test]
fn case_195_in_a_callback_there_is_no_parent_to_come_back_to() {
    on_every_loop(|event_loop| {
        let seen = Seen::new();
        let told = seen.clone();
        event_loop.call_soon(move || {
            let inside = told.clone();
            let step = async move { inside.push(current_task().is_some()) };
            assert!(eager().create_task(step).done());
            told.push(current_task().is_some());
        });
        event_loop
            .run_until_complete(sleep(Duration::from_secs(1)))
            .unwrap();

        assert_eq!(seen.take(), [true, false]);
    });
}

#[test]
fn case_195_the_first_step_runs_in_the_childs_own_copy_of_the_context() {
    static VAR: ContextVar<&str> = ContextVar::new("var");

    guarded(|| {
        virtual_loop()
            .run_until_complete(async {
                VAR.set("parent");
                let task = eager().create_task(async {
                    let inherited = VAR.get();
                    VAR.set("child");
                    inherited
                });
                assert_eq!(VAR.get(), Some("parent"));
                assert_eq!(task.context().get(&VAR), Some("child"));
                assert_eq!(task.await.unwrap(), Some("parent"));

                // Also where the spawn is inside of an entered context.
                let entered = evloop::Context::new();
                let task = entered
                    .run(|| eager().create_task(async { VAR.set("child").old_value().copied() }));
                assert_eq!(task.await.unwrap(), None);
                assert!(entered.is_empty());
            })
            .unwrap();
    });
}

#[test]
fn case_195_a_panic_in_the_first_step_ends_only_the_child() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        event_loop
            .run_until_complete(async {
                let parent = current_task().unwrap();
                let (captured, dropped) = witness();
                let task = eager().create_task(async move {
                    let _captured = captured;
                    panic!("in the first step");
                });
                assert!(task.done() && dropped.is_dropped());
                assert_eq!(current_task().unwrap(), parent);
                assert_eq!(all_tasks(), [parent]);
                assert!(task.await.unwrap_err().is_panic());
                sleep(Duration::from_secs(1)).await;
            })
            .unwrap();

        assert_eq!(reports.messages(), [""; 0]);
    });
}

#[test]
fn case_197_a_task_that_ended_in_its_first_step_stays_finished() {
    guarded(|| {
        virtual_loop()
            .run_until_complete(async {
                let task = eager().create_task(async { "value" });
                assert!(!task.cancel_with("too late"));
                assert!(!task.cancelled());
                assert_eq!(task.await.unwrap(), "value");
            })
            .unwrap();
    });
}

#[test]
fn case_197_a_task_that_suspended_in_its_first_step_is_cancelled_with_the_message() {
    guarded(|| {
        virtual_loop()
            .run_until_complete(async {
                let (captured, dropped) = witness();
                let task = eager().create_task(async move {
                    pending::<()>().await;
                    drop(captured);
                });
                assert!(task.cancel_with("in time"));
                assert!(!task.done(), "a request does not act inside the call");
                let error = task.await.unwrap_err();
                assert_eq!(error.to_string(), "cancelled: in time");
                assert!(dropped.is_dropped());
            })
            .unwrap();
    });
}

#[test]
fn case_197_a_request_made_in_the_first_step_is_delivered_after_it() {
    guarded(|| {
        virtual_loop()
            .run_until_complete(async {
                let task = eager().create_task(async {
                    current_task().unwrap().cancel_with("by itself");
                    pending::<()>().await;
                });
                assert_eq!(task.await.unwrap_err().to_string(), "cancelled: by itself");
            })
            .unwrap();
    });
}
