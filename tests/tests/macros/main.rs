//! `#[evloop::main]` and `#[evloop::test]`.

use std::cell::Cell;
use std::future::pending;
use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use evloop::{Handle, create_task, create_task_local, gather, sleep, yield_now};

mod on_a_loop {
    //! A `main` that fails, with its own way out.

    use super::{io, sleep};
    use std::time::Duration;

    #[evloop::main]
    pub(super) async fn main() -> io::Result<u32> {
        sleep(Duration::ZERO).await;
        if evloop::Handle::current().n_workers() == 1 {
            return Err(io::Error::other("on one thread"));
        }
        Ok(1)
    }
}

mod on_a_runtime {
    //! A `main` with workers.

    #[evloop::main(flavor = "runtime", workers = 3)]
    pub(super) async fn main() -> usize {
        let task = evloop::create_task(async { evloop::Handle::current().n_workers() });
        task.await.expect("nobody cancels it")
    }
}

#[test]
fn main_returns_what_the_function_does() {
    let failed = on_a_loop::main().expect_err("it is on one thread");
    assert_eq!(failed.to_string(), "on one thread");
    assert_eq!(on_a_runtime::main(), 3);
}

#[evloop::test]
async fn a_test_runs_in_a_loop_and_need_not_be_send() {
    let local = Rc::new(Cell::new(0));
    let there = Rc::clone(&local);
    let task = create_task_local(async move { there.set(5) });
    task.await.expect("nobody cancels it");
    assert_eq!(local.get(), 5);
    assert_eq!(Handle::current().n_workers(), 1);
}

#[evloop::test]
async fn a_test_may_give_a_result() -> Result<(), evloop::JoinError> {
    create_task(async {}).await?;
    Ok(())
}

#[evloop::test(virtual_time = true)]
async fn a_year_of_virtual_time_passes_at_once() {
    let year = Duration::from_secs(365 * 86_400);
    let before = Handle::current().time();
    gather((sleep(year), sleep(year / 2))).await;
    assert_eq!(Handle::current().time() - before, year);
}

#[evloop::test(flavor = "runtime", workers = 2, virtual_time = true, seed = 7)]
async fn a_year_of_virtual_time_passes_at_once_for_workers_as_well() {
    let year = Duration::from_secs(365 * 86_400);
    let before = Handle::current().time();
    let tasks = (1..=20).map(|part| create_task(sleep(year / part)));
    for ended in gather(tasks).await {
        ended.expect("nobody cancels it");
    }
    assert_eq!(Handle::current().time() - before, year);
    assert_eq!(Handle::current().n_workers(), 2);
}

#[evloop::test]
#[should_panic(expected = "the test's own panic")]
async fn a_panic_of_a_test_is_its_own() {
    yield_now().await;
    panic!("the test's own panic");
}

mod with_a_rest {
    //! A `main` that leaves a task behind.

    use super::{LEFT, pending, yield_now};
    use std::sync::atomic::Ordering;

    struct Ends;

    impl Drop for Ends {
        fn drop(&mut self) {
            LEFT.fetch_sub(1, Ordering::SeqCst);
        }
    }

    #[evloop::main]
    pub(super) async fn main() -> usize {
        evloop::create_task(async {
            LEFT.fetch_add(1, Ordering::SeqCst);
            let _ends = Ends;
            pending::<()>().await;
        })
        .detach();
        yield_now().await;
        LEFT.load(Ordering::SeqCst)
    }
}

static LEFT: AtomicUsize = AtomicUsize::new(0);

#[test]
fn what_is_left_is_ended() {
    assert_eq!(with_a_rest::main(), 1, "the task has begun");
    assert_eq!(LEFT.load(Ordering::SeqCst), 0);
}
