//! First steps that run inside the spawn.

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;

use evloop_executor::LocalExecutor;
use evloop_fixtures::watched;
use evloop_task::{Builder, current_task, yield_now};

use crate::support::run_until_idle;

fn eager() -> Builder {
    Builder::new().eager_start(true)
}

#[test]
fn an_executor_is_eager_only_if_it_was_told_so_itself() {
    watched(|| {
        // The next one often gets the place of the one before, which ended as the opposite.
        for eager in [true, true, false, false, true] {
            let executor = LocalExecutor::new();
            if eager {
                executor.set_eager_tasks(true);
            }
            let entered = executor.enter();
            assert_eq!(executor.spawn(async {}).done(), eager);
            assert_eq!(executor.spawn_local(async {}).done(), eager);
            let by_handle = executor.handle().spawn(Builder::new(), async {});
            assert_eq!(by_handle.done(), eager);
            executor.set_eager_tasks(!eager);
            assert_eq!(executor.spawn(async {}).done(), !eager);
            drop(entered);
        }
    });
}

#[test]
fn a_root_task_never_starts_eagerly() {
    watched(|| {
        let executor = LocalExecutor::new();
        executor.set_eager_tasks(true);
        let _entered = executor.enter();
        let has_started = Cell::new(false);
        let end = executor.run_root(async { has_started.set(true) }, |_| {
            assert!(!has_started.get());
        });
        drop(end);
        assert!(!has_started.get(), "nobody has turned the executor");
    });
}

#[test]
fn the_task_of_an_outer_executor_is_not_listed_by_the_inner_one() {
    watched(|| {
        let outer = LocalExecutor::new();
        let task = outer.spawn_local(async {
            let inner = Rc::new(LocalExecutor::new());
            let listed = Rc::new(Cell::new(0));
            let (asked, told) = (Rc::clone(&inner), Rc::clone(&listed));
            let entered = inner.enter();
            let child = eager().spawn_local(inner.scheduler(), async move {
                let own = current_task().unwrap();
                assert_eq!(asked.tasks(), [own]);
                told.set(asked.tasks().len());
            });
            drop(entered);
            assert!(child.done());
            let foreign = eager().spawn(inner.scheduler(), async {});
            assert!(!foreign.done(), "the outer one turns here");
            listed.get()
        });

        assert_eq!(outer.block_on(task).ok(), Some(1));
    });
}

#[test]
fn a_task_that_suspends_in_its_first_step_is_kept_without_its_handle() {
    watched(|| {
        let executor = LocalExecutor::new();
        let entered = executor.enter();
        eager()
            .spawn(executor.scheduler(), pending::<()>())
            .detach();
        let done = Rc::new(Cell::new(false));
        let end = Rc::clone(&done);
        let steps = async move {
            for _ in 0..3 {
                yield_now().await;
            }
            end.set(true);
        };
        eager().spawn_local(executor.scheduler(), steps).detach();
        assert_eq!(executor.tasks().len(), 2);
        drop(entered);

        run_until_idle(&executor);

        assert!(done.get());
        assert_eq!(executor.tasks().len(), 1);
    });
}

#[test]
fn a_spawn_by_a_destructor_while_the_executor_ends_runs_nothing() {
    struct Spawns(Rc<Cell<u32>>, &'static dyn evloop_task::Scheduler);

    impl Drop for Spawns {
        fn drop(&mut self) {
            let n_runs = Rc::clone(&self.0);
            let body = async move { n_runs.set(n_runs.get() + 1) };
            eager().spawn_local(self.1, body).detach();
            self.0.set(self.0.get() + 100);
        }
    }

    watched(|| {
        let n_runs = Rc::new(Cell::new(0));
        let executor = LocalExecutor::new();
        let entered = executor.enter();
        let spawns = Spawns(Rc::clone(&n_runs), executor.scheduler());
        let suspended = executor.spawn_local(async move {
            pending::<()>().await;
            drop(spawns);
        });
        run_until_idle(&executor);
        executor.close();
        drop(entered);

        assert!(suspended.cancelled());
        assert_eq!(n_runs.get(), 100, "it was spawned and did not run");
        assert_eq!(Rc::strong_count(&n_runs), 1);
    });
}
