//! `reserve`: waiting, without blocking, for a place in the bounded queue.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::containment::wake_all;
use crate::executor::Rejected;
use crate::handle::JobHandle;
use crate::job::Job;
use crate::places::{Turn, WaiterId};
use crate::pool::{BlockingPool, submit_or_reject};
use crate::shared::Entitlement;

impl BlockingPool {
    /// Waits for a place in the queue and holds it for a job to come.
    ///
    /// The order is fair: places go to waiters in the order of their first poll, and nobody,
    /// not even a [`try_spawn`](BlockingPool::try_spawn), passes those who wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use evloop_blocking::BlockingPool;
    ///
    /// async fn hash_all(pool: &BlockingPool, files: Vec<Vec<u8>>) -> Result<u64, evloop_blocking::Closed> {
    ///     let mut sums = Vec::new();
    ///     for file in files {
    ///         // No more than `queue_limit` files wait at any time.
    ///         let permit = pool.reserve().await?;
    ///         sums.push(permit.spawn(move || file.iter().map(|byte| u64::from(*byte)).sum::<u64>()));
    ///     }
    ///     let mut total = 0;
    ///     for sum in sums {
    ///         total += sum.await.expect("adding up bytes does not panic");
    ///     }
    ///     Ok(total)
    /// }
    /// # let pool = BlockingPool::builder().max_threads(1).queue_limit(1).build()?;
    /// # let mut fut = std::pin::pin!(hash_all(&pool, vec![vec![1], vec![2], vec![3]]));
    /// # let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    /// # let total = loop { if let std::task::Poll::Ready(total) = fut.as_mut().poll(&mut cx) { break total } };
    /// # assert_eq!(total?, 6);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line. If it was given a place that it had not
    /// returned yet, the next waiter gets it.
    ///
    /// # Errors
    ///
    /// [`Closed`] once the pool is shut down; a place given before that is still returned.
    pub fn reserve(&self) -> Reserve {
        Reserve {
            pool: self.clone(),
            stage: Stage::New,
        }
    }
}

/// The future of [`BlockingPool::reserve`].
#[must_use = "a reservation waits only while it is polled"]
pub struct Reserve {
    pool: BlockingPool,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    New,
    Waiting(WaiterId),
    Done,
}

impl Future for Reserve {
    type Output = Result<Permit, Closed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let id = match self.stage {
            Stage::New => None,
            Stage::Waiting(id) => Some(id),
            Stage::Done => panic!("a `Reserve` was polled again after it gave its permit away"),
        };
        // Wakers are cloned and dropped with the lock released: both are foreign code.
        let waker = cx.waker().clone();
        let mut crew = self.pool.shared().crew();
        let is_granted = id.is_some_and(|id| crew.places.is_granted(id));
        if crew.is_closed() && !is_granted {
            drop(crew);
            self.stage = Stage::Done;
            let pool = self.pool.shared().config.name.clone();
            return Poll::Ready(Err(Closed { pool }));
        }
        let n_queued = crew.queue.len();
        let turn = crew.places.poll(id, n_queued, waker);
        drop(crew);
        match turn {
            Turn::Granted(_waker) => {
                self.stage = Stage::Done;
                let pool = self.pool.clone();
                Poll::Ready(Ok(Permit {
                    pool,
                    is_used: false,
                }))
            }
            Turn::Wait(id, _replaced) => {
                self.stage = Stage::Waiting(id);
                Poll::Pending
            }
        }
    }
}

impl Drop for Reserve {
    fn drop(&mut self) {
        if let Stage::Waiting(id) = self.stage {
            let mut crew = self.pool.shared().crew();
            let n_queued = crew.queue.len();
            let forgotten = crew.places.forget(id, n_queued);
            drop(crew);
            drop(forgotten.own);
            wake_all(forgotten.next);
        }
    }
}

impl fmt::Debug for Reserve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reserve")
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

/// A place in the queue of a pool, held for one job. Dropping it gives the place to the next
/// waiter.
#[must_use = "a permit that is not used holds a place in the queue until it is dropped"]
pub struct Permit {
    pool: BlockingPool,
    is_used: bool,
}

impl Permit {
    /// Submits `work` in the reserved place.
    ///
    /// The queue cannot be full. If the pool was shut down since, or has no thread and cannot
    /// start one, the handle yields [`JobError::Rejected`](crate::JobError::Rejected).
    pub fn spawn<F, T>(mut self, work: F) -> JobHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let shared = self.pool.shared();
        let (handle, is_used) = submit_or_reject(shared, work, Entitlement::Reserved);
        self.is_used = is_used;
        handle
    }

    /// Submits a job in the reserved place.
    ///
    /// # Errors
    ///
    /// [`Rejected`] if the pool was shut down since, or there is no thread and the system
    /// refuses to start one.
    pub fn execute(mut self, job: Job) -> Result<(), Rejected> {
        let ticket = self.pool.shared().submit(job, Entitlement::Reserved)?;
        self.is_used = ticket.is_some();
        Ok(())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.is_used {
            let mut crew = self.pool.shared().crew();
            let n_queued = crew.queue.len();
            let granted = crew.places.release(n_queued);
            drop(crew);
            wake_all(granted);
        }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("pool", &self.pool.shared().config.name)
            .finish_non_exhaustive()
    }
}

/// No place can be reserved, because the pool was shut down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    pool: String,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "failed to reserve a place in the queue of `{}`: it was shut down; reserve before \
             the shutdown, or in another pool",
            self.pool
        )
    }
}

impl Error for Closed {}
