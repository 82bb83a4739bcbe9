//! A blocking pool without a runtime: jobs, results, a panic, cancelling and a shutdown, from a
//! plain `main`. The only dependency is `evloop-blocking`.
#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::sync::mpsc;
use std::time::Duration;

use evloop_blocking::{BlockingPool, Executor, Job, Rejected};

/// An executor of our own: no threads at all. Code written against [`Executor`] takes both.
struct RunHere;

impl Executor for RunHere {
    fn execute(&self, job: Job) -> Result<(), Rejected> {
        job.run();
        Ok(())
    }
}

fn checksum_on(executor: &dyn Executor, data: &'static [u8]) -> Result<u32, Box<dyn Error>> {
    let (job, handle) = Job::with_handle(move || data.iter().map(|byte| u32::from(*byte)).sum());
    executor.execute(job)?;
    Ok(handle.join()?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let builder = BlockingPool::builder().max_threads(1);
    let pool = builder.thread_name("disk").build()?;
    assert_eq!(pool.stats().n_threads, 0);
    println!("a new pool has no threads");

    // Jobs start when they are submitted, in order.
    let handles: Vec<_> = (1..=5).map(|n| pool.spawn(move || n * n)).collect();
    let squares: Result<Vec<i32>, _> = handles.into_iter().map(|handle| handle.join()).collect();
    let squares = squares?;
    assert_eq!(squares, [1, 4, 9, 16, 25]);
    println!("squares: {squares:?}");

    // A job that panics hands the panic over, and the thread lives on. `resume_unwind` panics
    // without the report that `panic!` would print here.
    let failed = pool.spawn(|| std::panic::resume_unwind(Box::new("no such disk")));
    let Err(error) = failed.join();
    assert!(error.is_panic());
    println!("error: {error}");

    // While one job holds the only thread, the next can still be taken back.
    let (release, held) = mpsc::channel::<()>();
    let (tx, started) = mpsc::channel();
    let running = pool.spawn(move || tx.send(()).is_ok() && held.recv().is_err());
    started.recv()?;
    let second = pool.spawn(|| "never");
    assert!(second.cancel());
    println!(
        "the second job: {}",
        second.join().expect_err("it was cancelled")
    );

    // A shutdown waits as long as it may, and says what it left behind.
    let abandoned = pool.shutdown(Duration::ZERO).expect_err("one job runs");
    assert_eq!((abandoned.n_running, abandoned.n_queued), (1, 0));
    println!("still running on {}", abandoned.names.join(", "));
    drop(release);
    assert!(running.join()?);
    pool.shutdown(Duration::MAX)?;
    println!("threads after the shutdown: {}", pool.stats().n_threads);

    // The same code on two executors.
    assert_eq!(checksum_on(&RunHere, b"abc")?, 294);
    assert_eq!(checksum_on(&BlockingPool::new(), b"abc")?, 294);
    println!("checksums agree");
    Ok(())
}
