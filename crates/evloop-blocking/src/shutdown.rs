//! Shutting a pool down: bounded for a thread, awaitable for a loop.

use std::error::Error;
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::containment::contain;
use crate::crew::Crew;
use crate::pool::BlockingPool;
use crate::shared::Shared;

impl BlockingPool {
    /// Stops accepting jobs, and waits until those that were accepted have run and the threads
    /// are leaving, but no longer than `timeout`.
    ///
    /// When the time is up, jobs that have not started are dropped (their handles yield
    /// [`JobError::ShutDown`](crate::JobError::ShutDown)), jobs that run are left to
    /// themselves, and the error says how many of each there were. `Duration::ZERO` does not
    /// wait, `Duration::MAX` waits for ever.
    ///
    /// Calling it again, or from several threads, is fine: each call waits for what is left.
    /// Inside a job of the same pool it does not wait, for it would wait for itself: the time
    /// is up at once.
    ///
    /// This blocks the calling thread; on a loop use
    /// [`shutdown_async`](BlockingPool::shutdown_async).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    /// use evloop_blocking::BlockingPool;
    ///
    /// let pool = BlockingPool::builder().max_threads(1).build()?;
    /// let (tx, rx) = mpsc::channel::<()>();
    /// let stuck = pool.spawn(move || rx.recv());
    /// let queued = pool.spawn(|| "never");
    ///
    /// let abandoned = pool.shutdown(Duration::ZERO).unwrap_err();
    /// assert_eq!((abandoned.n_running, abandoned.n_queued), (1, 1));
    /// assert_eq!(abandoned.names, ["evloop-blocking-0"]);
    /// assert!(queued.join().is_err());
    ///
    /// drop(tx); // Now the job can end, and nothing is left.
    /// assert!(pool.shutdown(Duration::MAX).is_ok());
    /// # drop(stuck);
    /// # Ok::<(), evloop_blocking::BuildError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Abandoned`] if a job was left running or dropped.
    pub fn shutdown(&self, timeout: Duration) -> Result<(), Abandoned> {
        let shared = self.shared();
        shared.close();
        let timeout = if shared.is_inside() {
            Duration::ZERO
        } else {
            timeout
        };
        let crew = shared.crew();
        let mut crew = shared.watch(crew, timeout, |crew| !crew.is_drained());
        let dropped = crew.queue.drain();
        let abandoned = abandoned(shared, &crew, dropped.len());
        drop(crew);
        for job in dropped {
            contain(|| drop(job));
        }
        abandoned.map_or(Ok(()), Err)
    }

    /// Stops accepting jobs, and resolves when those that were accepted have run and the
    /// threads are leaving.
    ///
    /// The pool is closed by this call, not by the first poll. There is no time limit: use
    /// the timer of your loop, and then [`shutdown(Duration::ZERO)`](BlockingPool::shutdown)
    /// to drop what is left and hear what it was.
    ///
    /// # Examples
    ///
    /// ```
    /// use evloop_blocking::BlockingPool;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = BlockingPool::new();
    /// let sum = pool.spawn(|| 1 + 1);
    /// pool.shutdown_async().await?;
    /// assert_eq!(sum.await?, 2);
    /// # Ok(())
    /// # }
    /// # let mut fut = std::pin::pin!(example());
    /// # let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    /// # while fut.as_mut().poll(&mut cx).is_pending() {}
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future only stops waiting; the pool stays closed, its jobs go on, and
    /// calling again waits for the rest.
    ///
    /// # Errors
    ///
    /// [`Abandoned`] if it is polled inside a job of the same pool, which would wait for
    /// itself; nothing is dropped in that case.
    pub fn shutdown_async(&self) -> Shutdown {
        self.shared().close();
        Shutdown {
            shared: Arc::clone(self.shared()),
            id: None,
        }
    }
}

/// Says what is left, if there is anything.
fn abandoned(shared: &Shared, crew: &Crew, n_queued: usize) -> Option<Abandoned> {
    let names: Vec<String> = crew
        .running()
        .map(|seat| shared.thread_name(seat))
        .collect();
    (n_queued + names.len() > 0).then_some(Abandoned {
        n_running: names.len(),
        n_queued,
        names,
    })
}

/// The future of [`BlockingPool::shutdown_async`].
#[must_use = "the pool is closed, but only polling waits for its jobs"]
pub struct Shutdown {
    shared: Arc<Shared>,
    /// The name under which the waker is kept, once there is one.
    id: Option<u64>,
}

impl Future for Shutdown {
    type Output = Result<(), Abandoned>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let shared = Arc::clone(&self.shared);
        // Wakers are cloned and dropped with the lock released: both are foreign code.
        let waker = cx.waker().clone();
        let mut crew = shared.crew();
        if crew.is_drained() {
            drop(crew);
            return Poll::Ready(Ok(()));
        }
        if shared.is_inside() {
            let left = abandoned(&shared, &crew, crew.queue.len());
            drop(crew);
            return Poll::Ready(left.map_or(Ok(()), Err));
        }
        let known = self
            .id
            .and_then(|id| crew.mourners.iter_mut().find(|(other, _)| *other == id));
        if let Some((_, old)) = known {
            let replaced = mem::replace(old, waker);
            drop(crew);
            drop(replaced);
            return Poll::Pending;
        }
        let id = crew.next_mourner;
        crew.next_mourner += 1;
        crew.mourners.push((id, waker));
        drop(crew);
        self.id = Some(id);
        Poll::Pending
    }
}

impl Drop for Shutdown {
    fn drop(&mut self) {
        let Some(id) = self.id else { return };
        let mut crew = self.shared.crew();
        let index = crew.mourners.iter().position(|(other, _)| *other == id);
        let waker = index.map(|index| crew.mourners.swap_remove(index));
        drop(crew);
        drop(waker);
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shutdown")
            .field("pool", &self.shared.config.name)
            .finish_non_exhaustive()
    }
}

/// What a shutdown left behind when its time was up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Abandoned {
    /// Jobs that were still running, and go on.
    pub n_running: usize,
    /// Jobs that had not started; they are dropped by [`BlockingPool::shutdown`].
    pub n_queued: usize,
    /// The threads of the running jobs, in the order of their numbers.
    pub names: Vec<String>,
}

impl fmt::Display for Abandoned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "failed to shut a blocking pool down in time: {} running and {} queued jobs were \
             abandoned",
            self.n_running, self.n_queued
        )?;
        if !self.names.is_empty() {
            write!(f, " (running on {})", self.names.join(", "))?;
        }
        f.write_str("; allow more time, or make the jobs end sooner")
    }
}

impl Error for Abandoned {}
