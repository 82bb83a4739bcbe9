//! Context variables: who inherits what, and who sees whose changes.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use evloop::{
    Context, ContextVar, ErrorContext, EventLoop, Handle, Promise, Runner, TaskBuilder, TaskGroup,
    catch_cancel, copy_context, create_task, create_task_local, current_task, gather, sleep,
    timeout, to_thread, yield_now,
};
use evloop_tests::{
    HeldJobs, PanicsInDrop, Reports, Seen, at_rest, on_every_loop, survives_in_child,
    virtual_builder, virtual_loop, witness,
};

use crate::guarded;

#[test]
fn case_035_a_child_and_its_parent_do_not_see_what_the_other_sets_after_the_spawn() {
    static VAR: ContextVar<&str> = ContextVar::new("var");

    guarded(|| {
        let in_task = virtual_loop().run_until_complete(async {
            VAR.set("parent");
            let child = create_task(async {
                let first = VAR.get();
                VAR.set("child");
                sleep(Duration::from_secs(2)).await;
                (first, VAR.get())
            });
            VAR.set("parent, later");
            sleep(Duration::from_secs(1)).await; // The child has set its own.
            assert_eq!(VAR.get(), Some("parent, later"));
            assert_eq!(child.context().get(&VAR), Some("child"));
            child.await.unwrap()
        });

        assert_eq!(in_task.unwrap(), (Some("parent"), Some("child")));
        assert_eq!(VAR.get(), None, "the main task had a context of its own");
    });
}

#[test]
fn case_035_a_local_child_inherits_a_copy_as_well() {
    static VAR: ContextVar<u8> = ContextVar::new("var");

    guarded(|| {
        virtual_loop()
            .run_until_complete(async {
                VAR.set(1);
                let child = create_task_local(async { VAR.set(VAR.get().unwrap() + 1) });
                let token = child.await.unwrap();
                assert_eq!(token.old_value(), Some(&1));
                assert_eq!(VAR.get(), Some(1));
                assert!(VAR.reset(token).is_err(), "it was made in another context");
                assert_eq!(VAR.get(), Some(1));
            })
            .unwrap();
    });
}

#[test]
fn case_035_plain_futures_share_the_context_of_the_task_that_polls_them() {
    static VAR: ContextVar<u8> = ContextVar::new("var");

    guarded(|| {
        virtual_loop()
            .run_until_complete(async {
                let setter = async { drop(VAR.set(1)) };
                let reader = async {
                    yield_now().await;
                    VAR.get()
                };
                assert_eq!(gather((setter, reader)).await.1, Some(1));
            })
            .unwrap();
    });
}

#[test]
fn case_035_a_cancel_scope_and_a_timeout_are_parts_of_their_task_and_a_groups_child_is_not() {
    static VAR: ContextVar<u8> = ContextVar::new("var");

    guarded(|| {
        virtual_loop()
            .run_until_complete(async {
                catch_cancel(async { drop(VAR.set(1)) }).await.unwrap();
                assert_eq!(VAR.get(), Some(1));
                timeout(Duration::from_secs(1), async {
                    yield_now().await;
                    VAR.set(2);
                    let entered = Context::new();
                    entered.run(|| {
                        VAR.set(3);
                        // A scope that is polled inside of an entered context sees it.
                        let mut inside = std::pin::pin!(catch_cancel(async { VAR.get() }));
                        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
                        let polled = inside.as_mut().poll(&mut cx);
                        assert!(matches!(polled, std::task::Poll::Ready(Ok(Some(3)))));
                    });
                })
                .await
                .unwrap();
                assert_eq!(VAR.get(), Some(2));

                let scope = TaskGroup::scope(async |group| {
                    let child = async {
                        assert_eq!(VAR.set(4).old_value(), Some(&2));
                    };
                    group.create_task(child).unwrap().await
                });
                scope.await.unwrap();
                assert_eq!(VAR.get(), Some(2));
            })
            .unwrap();
    });
}

#[test]
fn case_035_a_destructor_of_a_coroutine_reads_the_context_of_its_task() {
    struct Reads(Seen<Option<u8>>);

    static VAR: ContextVar<u8> = ContextVar::new("var");

    impl Drop for Reads {
        fn drop(&mut self) {
            self.0.push(VAR.get());
        }
    }

    guarded(|| {
        let seen = Seen::new();
        let reads = Reads(seen.clone());
        virtual_loop()
            .run_until_complete(async {
                VAR.set(1);
                let child = create_task(async move {
                    VAR.set(2);
                    sleep(Duration::MAX).await;
                    drop(reads);
                });
                yield_now().await;
                child.cancel();
                child.await.unwrap_err();
            })
            .unwrap();

        assert_eq!(seen.take(), [Some(2)]);
    });
}

#[test]
fn case_035_a_task_that_is_given_a_context_runs_in_that_very_one() {
    static VAR: ContextVar<u8> = ContextVar::new("var");

    guarded(|| {
        virtual_loop()
            .run_until_complete(async {
                VAR.set(1);
                let context = Context::new();
                let task = TaskBuilder::new()
                    .context(context.clone())
                    .create_task(async {
                        let before = VAR.get();
                        VAR.set(2);
                        assert!(Context::current().get(&VAR).is_some());
                        (before, current_task().unwrap().context())
                    });
                assert!(task.context().is_same(&context));
                let (before, own) = task.await.unwrap();
                assert_eq!(before, None, "it is used as it is");
                assert!(own.is_same(&context));
                assert_eq!(context.get(&VAR), Some(2), "and changed");
                assert_eq!(VAR.get(), Some(1));
            })
            .unwrap();
    });
}

#[test]
fn case_035_every_callback_runs_in_the_context_of_where_it_was_scheduled() {
    static VAR: ContextVar<u8> = ContextVar::new("var");

    on_every_loop(|event_loop| {
        let (handle, seen) = (event_loop.handle(), Seen::new());
        let pusher = |who: &'static str| {
            let seen = seen.clone();
            move || {
                seen.push((who, VAR.get()));
                VAR.set(99);
            }
        };
        event_loop
            .run_until_complete(async {
                VAR.set(1);
                handle.call_soon(pusher("soon"));
                VAR.set(2);
                handle.call_soon_threadsafe(pusher("threadsafe")).unwrap();
                VAR.set(3);
                handle.call_later(Duration::from_secs(1), pusher("later"));
                VAR.set(4);
                handle.call_at(handle.now() + Duration::from_secs(2), pusher("at"));
                VAR.set(5);
                Context::new().run(|| handle.call_soon(pusher("empty")));
                sleep(Duration::from_secs(3)).await;
                assert_eq!(VAR.get(), Some(5), "none of them runs in the task's own");
            })
            .unwrap();

        let expected = [
            ("at", Some(4)),
            ("empty", None),
            ("later", Some(3)),
            ("soon", Some(1)),
            ("threadsafe", Some(2)),
        ];
        let mut seen = seen.take();
        seen.sort_unstable();
        assert_eq!(seen, expected);
    });
}

#[test]
fn case_035_a_done_callback_runs_in_the_context_of_its_registration() {
    static VAR: ContextVar<u8> = ContextVar::new("var");

    guarded(|| {
        let seen = Seen::new();
        let pusher = |who: &'static str| {
            let seen = seen.clone();
            move || {
                seen.push((who, VAR.get()));
                VAR.set(99);
            }
        };
        virtual_loop()
            .run_until_complete(async {
                let promise = Promise::new();
                VAR.set(1);
                let first = pusher("promise, 1");
                promise.add_done_callback(move |_| first());
                VAR.set(2);
                let second = pusher("promise, 2");
                promise.add_done_callback(move |_| second());
                VAR.set(3);
                let task = create_task(async { drop(VAR.set(50)) });
                let of_task = pusher("task");
                task.add_done_callback(move |_| of_task());
                VAR.set(4);
                promise.set_result(()).unwrap();
                let late = pusher("promise, done");
                promise.add_done_callback(move |_| late());
                sleep(Duration::from_secs(1)).await;
                assert_eq!(VAR.get(), Some(4));
            })
            .unwrap();

        let mut seen = seen.take();
        seen.sort_unstable();
        let expected = [
            ("promise, 1", Some(1)),
            ("promise, 2", Some(2)),
            ("promise, done", Some(4)),
            ("task", Some(3)),
        ];
        assert_eq!(seen, expected);
    });
}

#[test]
fn case_035_a_reader_runs_in_the_context_of_its_registration() {
    static VAR: ContextVar<u8> = ContextVar::new("var");

    guarded(|| {
        let (reader, mut writer) = UnixStream::pair().unwrap();
        let seen = Seen::new();
        let told = seen.clone();
        virtual_loop()
            .run_until_complete(async move {
                VAR.set(1);
                let (handle, arrived) = (Handle::current(), Promise::new());
                let arrival = arrived.clone();
                let callback = move || {
                    told.push(VAR.get());
                    VAR.set(VAR.get().unwrap() + 10);
                    if told.len() == 2 {
                        arrival.set_result(()).unwrap();
                    }
                };
                handle.add_reader(&reader, callback).unwrap();
                VAR.set(2);
                writer.write_all(b"x").unwrap();
                arrived.await.unwrap();
                handle.remove_reader(&reader);
                assert_eq!(VAR.get(), Some(2));
            })
            .unwrap();

        assert_eq!(seen.take(), [Some(1), Some(11)], "all runs share one");
    });
}

#[test]
fn case_035_the_first_variable_that_is_ever_set_stays_where_it_is_set() {
    static VAR: ContextVar<u8> = ContextVar::new("var");

    // In a process of its own: until a variable is set there, nothing is inherited by anybody.
    survives_in_child(
        "contexts::case_035_the_first_variable_that_is_ever_set_stays_where_it_is_set",
        || {
            let seen = Seen::new();
            let told = seen.clone();
            let reader = move || told.push(VAR.get());
            let outer = Context::new();
            outer.run(|| {
                let event_loop = virtual_loop();
                event_loop.call_soon(|| drop(VAR.set(1)));
                event_loop.call_soon(reader.clone());
                event_loop.create_task({
                    let reader = reader.clone();
                    async move { reader() }
                });
                let timer = reader.clone();
                event_loop.call_later(Duration::from_secs(1), timer);
                event_loop
                    .run_until_complete(sleep(Duration::from_secs(2)))
                    .unwrap();
                reader();
            });

            assert_eq!(seen.take(), [None; 4]);
            assert!(outer.is_empty());
            assert_eq!(VAR.get(), None);
        },
    );
}

#[test]
fn case_035_a_loop_inside_a_context_gives_it_to_its_main_task_as_a_copy() {
    static VAR: ContextVar<u8> = ContextVar::new("var");

    guarded(|| {
        let context = copy_context();
        let event_loop = virtual_loop();
        context.run(|| {
            VAR.set(1);
            let read = event_loop.run_until_complete(async {
                let before = VAR.get();
                VAR.set(2);
                before
            });
            assert_eq!(read.unwrap(), Some(1));
            assert_eq!(VAR.get(), Some(1));
        });
        assert_eq!(VAR.get(), None);
        assert_eq!(context.get(&VAR), Some(1));
    });
}

#[test]
fn case_035_entering_a_context_holds_until_it_is_left_also_by_a_panic() {
    static VAR: ContextVar<u8> = ContextVar::new("var");

    guarded(|| {
        virtual_loop()
            .run_until_complete(async {
                VAR.set(1);
                let context = Context::current();
                let panicked = catch_unwind(AssertUnwindSafe(|| {
                    context.run(|| {
                        VAR.set(2);
                        context.run(|| assert_eq!(VAR.get(), Some(2), "it may be entered twice"));
                        // A task that is spawned in here copies it, and has its own while it runs.
                        create_task(async { assert_eq!(VAR.get(), Some(2)) }).detach();
                        assert!(current_task().is_some(), "the task is the same");
                        panic!("inside");
                    })
                }));
                assert!(panicked.is_err());
                assert_eq!(VAR.get(), Some(1));
                assert_eq!(context.get(&VAR), Some(2));
                yield_now().await;
            })
            .unwrap();
    });
}

#[test]
fn case_035_a_panicking_destructor_of_a_value_is_reported_and_harms_nobody() {
    static VAR: ContextVar<Arc<PanicsInDrop>> = ContextVar::new("var");

    on_every_loop(|event_loop| {
        let reports = Reports::of(&event_loop);
        let (captured, dropped) = witness();
        event_loop
            .run_until_complete(async {
                let task = create_task(async move {
                    VAR.set(Arc::new(PanicsInDrop("value")));
                    drop(captured);
                });
                task.await.unwrap();
                at_rest().await;
            })
            .unwrap();

        assert!(dropped.is_dropped());
        let report = reports.only();
        assert!(
            report.message.contains("the value of a context variable"),
            "{report:?}"
        );
    });
}

#[test]
fn case_147_the_exception_handler_runs_in_the_context_of_the_callback_that_failed() {
    static VAR: ContextVar<u8> = ContextVar::new("var");

    on_every_loop(|event_loop| {
        let seen = Seen::new();
        let told = seen.clone();
        let handler = move |_: &Handle, _: &ErrorContext| told.push(VAR.get());
        event_loop.set_exception_handler(Some(handler));
        event_loop
            .run_until_complete(async {
                VAR.set(1);
                Handle::current().call_soon(|| panic!("a callback"));
                VAR.set(2);
                let promise = Promise::new();
                promise.add_done_callback(|_| panic!("a done callback"));
                VAR.set(3);
                promise.set_result(()).unwrap();
                sleep(Duration::from_secs(1)).await;
            })
            .unwrap();

        let mut seen = seen.take();
        seen.sort_unstable();
        assert_eq!(seen, [Some(1), Some(2)]);
    });
}

#[test]
fn case_158_to_thread_takes_a_copy_along_and_an_executor_does_not() {
    static VAR: ContextVar<u8> = ContextVar::new("var");

    guarded(|| {
        let held = HeldJobs::new();
        virtual_loop()
            .run_until_complete(async {
                VAR.set(1);
                let set_there = to_thread(|| {
                    let before = VAR.get();
                    VAR.set(2);
                    before
                });
                assert_eq!(set_there.await.unwrap(), Some(1));
                assert_eq!(VAR.get(), Some(1));

                let not_there = Handle::current().run_in_executor(Some(&held), || VAR.get());
                held.run_all();
                assert_eq!(not_there.await.unwrap(), None);
            })
            .unwrap();
    });
}

#[test]
fn case_163_the_runs_of_a_runner_share_the_context_of_its_making() {
    static VAR: ContextVar<u8> = ContextVar::new("var");

    guarded(|| {
        let made_in = Context::new();
        let runner = made_in.run(|| {
            VAR.set(1);
            let runner = Runner::with(virtual_builder()).unwrap();
            VAR.set(2);
            runner
        });

        assert_eq!(
            runner
                .run(async { VAR.set(3).old_value().copied() })
                .unwrap(),
            Some(1)
        );
        assert_eq!(runner.run(async { VAR.get() }).unwrap(), Some(3));
        let other = Context::new();
        assert_eq!(runner.run_in(&other, async { VAR.get() }).unwrap(), None);
        assert_eq!(made_in.get(&VAR), Some(2));
        assert_eq!(VAR.get(), None);

        runner.close();
        runner.close();
        assert!(runner.run(async {}).is_err());
    });
}

/// A loop that is made but not run has nothing to inherit from but the thread that schedules.
#[test]
fn case_035_outside_of_tasks_the_thread_has_a_context() {
    static VAR: ContextVar<u8> = ContextVar::new("var");

    guarded(|| {
        let event_loop: EventLoop = virtual_loop();
        let token = VAR.set(1);
        let task = event_loop.create_task(async { VAR.get() });
        VAR.reset(token).unwrap();
        assert_eq!(VAR.get(), None);

        assert_eq!(
            event_loop.run_until_complete(task).unwrap().unwrap(),
            Some(1)
        );
    });
}
