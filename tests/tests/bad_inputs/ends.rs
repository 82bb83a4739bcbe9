//! F15 and F16: loops that end, or are started, in strange places.

use std::cell::RefCell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use evloop::{EventLoop, RunError, create_task, sleep, to_thread, yield_now};
use evloop_tests::{Reports, Seen, on_thread, survives_in_child, virtual_loop, witness};

use crate::guarded;

#[test]
fn f15_dropping_another_loop_inside_a_task_leaves_that_task_alone() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (left, dropped) = witness();

        let ended = event_loop.run_until_complete(async {
            let other = virtual_loop();
            other
                .create_task(async move {
                    pending::<()>().await;
                    drop(left);
                })
                .detach();
            drop(other);
            assert!(dropped.is_dropped());
            assert_eq!(evloop::current_task().unwrap().cancelling(), 0);
            sleep(Duration::from_secs(1)).await;
            "went on"
        });

        assert_eq!(ended.unwrap(), "went on");
    });
}

#[test]
fn f15_a_loop_dropped_inside_a_callback_of_another_ends_well() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        let seen = Seen::new();
        let told = seen.clone();
        event_loop.call_soon(move || {
            let other = virtual_loop();
            other.create_task(pending::<()>()).detach();
            drop(other);
            told.push(evloop::get_running_loop().is_ok());
        });

        event_loop
            .run_until_complete(sleep(Duration::from_secs(1)))
            .unwrap();

        assert_eq!(
            seen.take(),
            [true],
            "the outer loop is still the running one"
        );
        assert_eq!(reports.messages(), [""; 0]);
    });
}

#[test]
fn f15_a_loop_may_live_and_end_inside_a_blocking_job() {
    guarded(|| {
        let event_loop = virtual_loop();

        let inner = event_loop.run_until_complete(to_thread(|| {
            let inner = virtual_loop();
            inner.create_task(pending::<()>()).detach();
            inner.run_until_complete(async {
                sleep(Duration::from_secs(1)).await;
                "inner"
            })
        }));

        assert_eq!(inner.unwrap().unwrap().unwrap(), "inner");
    });
}

#[test]
fn f15_a_handle_whose_loop_ended_in_a_blocking_job_is_closed() {
    guarded(|| {
        let event_loop = virtual_loop();
        let handle = event_loop.handle();

        let shared = on_thread(move || {
            let own = virtual_loop();
            let sent = own.handle();
            drop(own);
            (sent, handle.is_closed())
        });
        let (dead, outer_closed) = shared.join().unwrap();

        assert!(dead.is_closed() && !outer_closed);
        assert!(dead.call_soon_threadsafe(|| {}).is_err());
    });
}

#[test]
fn f15_a_loop_in_a_thread_local_ends_with_its_thread() {
    thread_local! {
        static LOOP: RefCell<Option<EventLoop>> = const { RefCell::new(None) };
        static HANDLE: RefCell<Option<evloop::Handle>> = const { RefCell::new(None) };
    }

    const NAME: &str = "ends::f15_a_loop_in_a_thread_local_ends_with_its_thread";
    survives_in_child(NAME, || {
        guarded(|| {
            // In both orders of initialisation, with respect to what a loop itself keeps there.
            for touch_first in [true, false] {
                let (left, dropped) = witness();
                let thread = on_thread(move || {
                    if touch_first {
                        LOOP.with_borrow(|kept| assert!(kept.is_none()));
                    }
                    let event_loop = virtual_loop();
                    let task = async move {
                        pending::<()>().await;
                        drop(left);
                    };
                    event_loop.create_task(task).detach();
                    event_loop.call_later(Duration::from_secs(9), || {});
                    event_loop.run_until_complete(yield_now()).unwrap();
                    HANDLE.set(Some(event_loop.handle()));
                    LOOP.set(Some(event_loop));
                });
                thread.join().unwrap();
                assert!(dropped.is_dropped(), "touched first: {touch_first}");
            }
        });
    });
}

#[test]
fn f15_a_loop_dropped_while_its_thread_unwinds_drops_its_tasks() {
    guarded(|| {
        let (left, dropped) = witness();

        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let event_loop = virtual_loop();
            let task = async move {
                pending::<()>().await;
                drop(left);
            };
            event_loop.create_task(task).detach();
            event_loop.run_until_complete(yield_now()).unwrap();
            panic!("unwinding");
        }));

        assert!(unwound.is_err());
        assert!(dropped.is_dropped());
        assert!(evloop::get_running_loop().is_err());
    });
}

#[test]
fn f15_a_loop_that_is_owned_by_its_own_task_is_freed_by_close() {
    guarded(|| {
        let event_loop = Rc::new(virtual_loop());
        let own = Rc::clone(&event_loop);
        event_loop
            .create_task_local(async move {
                pending::<()>().await;
                drop(own);
            })
            .detach();
        event_loop.run_until_complete(yield_now()).unwrap();

        event_loop.close();

        assert_eq!(Rc::strong_count(&event_loop), 1);
    });
}

#[test]
fn f15_a_loop_whose_last_owner_is_a_task_that_ends_is_dropped_after_the_run() {
    guarded(|| {
        let outer = virtual_loop();
        let inner = Rc::new(virtual_loop());
        let (left, dropped) = witness();
        let in_inner = async move {
            pending::<()>().await;
            drop(left);
        };
        inner.create_task(in_inner).detach();

        let owner = outer.create_task_local(async move {
            yield_now().await;
            drop(inner);
            "ended"
        });

        assert_eq!(outer.run_until_complete(owner).unwrap().unwrap(), "ended");
        assert!(dropped.is_dropped());
    });
}

#[test]
fn f16_running_a_loop_inside_a_task_or_a_done_callback_is_an_error() {
    guarded(|| {
        let event_loop = virtual_loop();
        let seen = Seen::new();
        let (in_task, in_callback) = (seen.clone(), seen.clone());

        event_loop
            .run_until_complete(async {
                let task = create_task(async move {
                    let nested = virtual_loop().run_until_complete(async {});
                    in_task.push(matches!(nested, Err(RunError::Nested)));
                });
                task.add_done_callback(move |_| {
                    let nested = virtual_loop().run_forever();
                    in_callback.push(matches!(nested, Err(RunError::Nested)));
                });
                task.await.unwrap();
            })
            .unwrap();

        assert_eq!(seen.take(), [true, true]);
    });
}

#[test]
fn f16_run_inside_a_blocking_job_is_allowed() {
    guarded(|| {
        let value = virtual_loop().run_until_complete(async {
            let job = evloop::Handle::current().run_in_executor(None, || evloop::run(async { 5 }));
            job.await.unwrap() + to_thread(|| evloop::run(async { 6 })).await.unwrap()
        });

        assert_eq!(value.unwrap(), 11);
    });
}

#[test]
fn f16_one_loop_may_run_after_another_on_one_thread_and_beside_others() {
    guarded(|| {
        for _ in 0..3 {
            assert_eq!(virtual_loop().run_until_complete(async { 1 }).unwrap(), 1);
        }
        let here = virtual_loop();
        let (tx, rx) = mpsc::channel();
        let thread = on_thread(move || {
            let there = virtual_loop();
            there
                .run_until_complete(async move { rx.recv().unwrap() + 1 })
                .unwrap()
        });
        here.run_until_complete(async move { tx.send(1).unwrap() })
            .unwrap();
        assert_eq!(thread.join().unwrap(), 2);
    });
}

/// Does something when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn f16_a_destructor_that_runs_another_loop_while_its_own_closes_ends_well() {
    guarded(|| {
        let event_loop = virtual_loop();
        let seen = Seen::new();
        let told = seen.clone();
        let runs = OnDrop(move || told.push(virtual_loop().run_until_complete(async { 5 }).ok()));
        let task = event_loop.create_task(async move {
            pending::<()>().await;
            drop(runs);
        });
        event_loop.run_until_complete(yield_now()).unwrap();

        event_loop.close();

        assert!(task.cancelled());
        assert_eq!(seen.len(), 1, "run or refused, but not stuck");
    });
}

#[test]
fn f16_a_destructor_that_runs_the_loop_that_is_closing_ends_well() {
    guarded(|| {
        let event_loop = Rc::new(virtual_loop());
        let seen = Seen::new();
        let (told, own) = (seen.clone(), Rc::clone(&event_loop));
        let runs = OnDrop(move || told.push(own.run_until_complete(async { 5 }).is_ok()));
        event_loop
            .create_task_local(async move {
                pending::<()>().await;
                drop(runs);
            })
            .detach();
        let last = event_loop.create_task(pending::<()>());
        event_loop.run_until_complete(yield_now()).unwrap();

        event_loop.close();

        assert_eq!(seen.len(), 1);
        assert!(event_loop.is_closed() && last.cancelled());
        assert_eq!(Rc::strong_count(&event_loop), 1);
    });
}

#[test]
fn f16_a_destructor_that_closes_the_loop_that_is_closing_ends_well() {
    // In a process of its own: what it leaves behind is used by the next loop.
    const NAME: &str = "ends::f16_a_destructor_that_closes_the_loop_that_is_closing_ends_well";
    survives_in_child(NAME, || {
        guarded(|| {
            let event_loop = Rc::new(virtual_loop());
            let own = Rc::clone(&event_loop);
            let closes = OnDrop(move || own.close());
            event_loop
                .create_task_local(async move {
                    pending::<()>().await;
                    drop(closes);
                })
                .detach();
            let last = event_loop.create_task(pending::<()>());
            event_loop.run_until_complete(yield_now()).unwrap();

            event_loop.close();

            assert!(event_loop.is_closed() && last.cancelled());
            drop((event_loop, last));
            // The next loop hears other threads.
            let next = virtual_loop();
            let job = next.run_in_executor(None, || 5);
            assert_eq!(next.run_until_complete(job).unwrap().unwrap(), 5);
        });
    });
}

#[test]
fn f16_a_main_future_that_is_cancelled_is_an_error_of_the_run() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (left, dropped) = witness();

        let ended = event_loop.run_until_complete(async move {
            evloop::current_task().unwrap().cancel_with("by itself");
            yield_now().await;
            drop(left);
        });

        assert_eq!(
            ended.unwrap_err().to_string(),
            "the main task was cancelled: by itself"
        );
        assert!(dropped.is_dropped());
        assert_eq!(event_loop.run_until_complete(async { 1 }).unwrap(), 1);
    });
}
