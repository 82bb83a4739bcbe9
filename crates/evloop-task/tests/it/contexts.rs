//! Contexts by themselves, and on a scheduler that is run by hand.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Barrier};

use evloop_fixtures::{in_thread, join, watched};
use evloop_task::{
    Builder, Context, ContextSnapshot, ContextVar, Promise, closed_scheduler, copy_context,
    current_task, outside_of_tasks,
};

use crate::by_hand::ByHand;

#[test]
fn a_copy_changes_by_itself_and_a_clone_is_the_same_context() {
    static A: ContextVar<u8> = ContextVar::new("a");
    static B: ContextVar<u8> = ContextVar::new("b");

    let context = Context::new();
    context.run(|| A.set(1));
    let (copy, same) = (context.copy(), context.clone());

    copy.run(|| (A.set(2), B.set(3)));

    assert_eq!((context.get(&A), context.get(&B)), (Some(1), None));
    assert_eq!((copy.get(&A), copy.get(&B)), (Some(2), Some(3)));
    assert!(same.is_same(&context) && !copy.is_same(&context));
    same.run(|| A.set(4));
    assert_eq!(context.get(&A), Some(4));
    assert_eq!((context.len(), copy.len()), (1, 2));
    assert_eq!(format!("{copy:?}"), "<Context of [a, b]>");
}

#[test]
fn values_are_shared_by_copies_and_dropped_with_the_last_one() {
    static VAR: ContextVar<Arc<()>> = ContextVar::new("var");

    let value = Arc::new(());
    let context = Context::new();
    context.run(|| VAR.set(Arc::clone(&value)));
    let copies: Vec<_> = (0..10).map(|_| context.copy()).collect();
    assert_eq!(Arc::strong_count(&value), 2, "the copies copy no value");

    drop(context);
    assert_eq!(Arc::strong_count(&value), 2);
    drop(copies);
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn resetting_goes_back_step_by_step_and_takes_only_tokens_of_its_own() {
    static A: ContextVar<u8> = ContextVar::new("a");
    static B: ContextVar<u8> = ContextVar::new("b");

    Context::new().run(|| {
        let (first, second) = (A.set(1), A.set(2));
        assert_eq!((first.old_value(), second.old_value()), (None, Some(&1)));
        assert_eq!(format!("{first:?}"), "<Token of 'a'>");

        let foreign = B.set(3);
        let error = A.reset(foreign).unwrap_err();
        assert!(error.to_string().contains("another one"), "{error}");
        let elsewhere = Context::new().run(|| A.set(4));
        let error = A.reset(elsewhere).unwrap_err();
        assert!(error.to_string().contains("another context"), "{error}");
        assert_eq!((A.get(), B.get()), (Some(2), Some(3)));

        A.reset(second).unwrap();
        assert_eq!(A.get(), Some(1));
        A.reset(first).unwrap();
        assert_eq!(A.get(), None);
        assert_eq!(copy_context().len(), 1);
    });
}

#[test]
fn a_variable_may_be_set_while_it_is_looked_at() {
    static VAR: ContextVar<String> = ContextVar::new("var");

    Context::new().run(|| {
        VAR.set("old".to_owned());
        let seen = VAR.with(|value| {
            VAR.set("new".to_owned());
            assert_eq!(VAR.get().as_deref(), Some("new"));
            value.cloned()
        });
        assert_eq!(seen.as_deref(), Some("old"));
    });
}

#[test]
fn a_value_may_set_variables_when_it_is_dropped() {
    #[derive(Clone)]
    struct Sets;

    impl Drop for Sets {
        fn drop(&mut self) {
            N_DROPS.set(N_DROPS.get().unwrap_or(0) + 1);
        }
    }

    static VAR: ContextVar<Sets> = ContextVar::new("var");
    static N_DROPS: ContextVar<u8> = ContextVar::new("n_drops");

    Context::new().run(|| {
        VAR.set(Sets);
        VAR.set(Sets);
        assert_eq!(
            N_DROPS.get(),
            Some(1),
            "in what is current outside of tasks"
        );
        let token = VAR.set(Sets);
        VAR.reset(token).unwrap();
        assert_eq!(N_DROPS.get(), Some(2));
    });
}

#[test]
fn a_panic_leaves_what_it_has_entered() {
    static VAR: ContextVar<u8> = ContextVar::new("var");

    let (outer, inner) = (Context::new(), Context::new());
    outer.run(|| {
        VAR.set(1);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            inner.run(|| {
                VAR.set(2);
                panic!("inside")
            })
        }));
        assert!(panicked.is_err());
        assert_eq!(VAR.get(), Some(1));
    });
    assert_eq!(inner.get(&VAR), Some(2));
}

#[test]
fn a_task_that_is_polled_inside_an_entered_context_has_its_own() {
    static VAR: ContextVar<u8> = ContextVar::new("var");

    watched(|| {
        let scheduler = ByHand::new();
        let outer = Context::new();
        outer.run(|| {
            VAR.set(1);
            let task = Builder::new().spawn(scheduler, async {
                let inherited = VAR.get();
                VAR.set(2);
                let entered = Context::new();
                entered.run(|| {
                    assert_eq!(VAR.get(), None);
                    VAR.set(3);
                    // What is entered by the task does not hold outside of it.
                    outside_of_tasks(|| assert_ne!(VAR.get(), Some(3)));
                    assert!(current_task().is_some());
                });
                assert_eq!(entered.get(&VAR), Some(3));
                (inherited, VAR.get())
            });
            VAR.set(4);
            scheduler.run();
            assert_eq!(VAR.get(), Some(4));
            let result = task.result().unwrap().as_ref().unwrap();
            assert_eq!(*result, (Some(1), Some(2)));
        });
    });
}

#[test]
fn a_tasks_context_is_there_before_its_first_step_and_after_its_end() {
    static VAR: ContextVar<u8> = ContextVar::new("var");

    watched(|| {
        let scheduler = ByHand::new();
        let task = Builder::new().spawn(scheduler, async { VAR.set(1) });
        let context = task.context();
        assert!(context.is_empty());
        scheduler.run();

        assert!(task.done());
        assert!(task.context().is_same(&context));
        assert_eq!(context.get(&VAR), Some(1));
    });
}

#[test]
fn a_snapshot_is_isolated_also_when_it_is_empty() {
    static VAR: ContextVar<u8> = ContextVar::new("var");

    Context::new().run(|| {
        let empty = ContextSnapshot::take();
        VAR.set(1);
        let full = ContextSnapshot::take();
        empty.run(|| {
            assert_eq!(VAR.get(), None);
            VAR.set(2);
            assert_eq!(VAR.get(), Some(2));
        });
        full.run(|| assert_eq!(VAR.set(3).old_value(), Some(&1)));
        ContextSnapshot::default().run(|| assert_eq!(VAR.get(), None));
        assert_eq!(VAR.get(), Some(1));
    });
}

#[test]
fn a_done_callback_that_never_runs_gives_its_context_back() {
    static VAR: ContextVar<Arc<()>> = ContextVar::new("var");

    let value = Arc::new(());
    let promise = Promise::<()>::new_in(closed_scheduler());
    let context = Context::new();
    context.run(|| {
        VAR.set(Arc::clone(&value));
        promise.add_done_callback(|_| ());
    });
    drop(context);
    assert_eq!(Arc::strong_count(&value), 2, "the registration has a copy");

    promise.set_result(()).unwrap();

    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn threads_have_contexts_of_their_own_and_may_share_one() {
    static VAR: ContextVar<usize> = ContextVar::new("var");
    const N: usize = 4;

    watched(|| {
        let (shared, all_there) = (Context::new(), Arc::new(Barrier::new(N)));
        let threads: Vec<_> = (0..N)
            .map(|n| {
                let (shared, all_there) = (shared.clone(), Arc::clone(&all_there));
                in_thread(move || {
                    let token = shared.run(|| VAR.set(n));
                    assert_eq!(VAR.get(), None);
                    VAR.set(100 + n);
                    all_there.wait();
                    assert_eq!(VAR.get(), Some(100 + n));
                    token.old_value().copied()
                })
            })
            .collect();

        // Each set has replaced another one's value, and the last one is still there.
        let mut seen: Vec<_> = threads.into_iter().filter_map(join).collect();
        seen.push(shared.get(&VAR).unwrap());
        seen.sort_unstable();
        assert_eq!(seen, [0, 1, 2, 3]);
    });
}

#[test]
fn a_destructor_of_a_thread_local_may_use_contexts_while_its_thread_ends() {
    struct Uses;

    impl Drop for Uses {
        fn drop(&mut self) {
            let _before = VAR.get();
            VAR.set(2);
            Context::current().run(|| VAR.set(3));
        }
    }

    static VAR: ContextVar<u8> = ContextVar::new("var");
    thread_local! {
        static LATE: Uses = const { Uses };
    }

    // Both orders in which the two thread-locals may be made.
    for context_first in [true, false] {
        let thread = in_thread(move || {
            if context_first {
                VAR.set(1);
            }
            LATE.with(|_| ());
            VAR.set(1);
        });
        join(thread);
    }
}
