//! Queues of items, bounded or not, in three orders.

mod errors;
mod get;
mod join;
mod order;
mod put;
mod side;
mod state;

use std::fmt;

use crate::sync::{Mutex, constructor, lock};
use crate::wakers::Wakers;

use order::{Items, Stores};
use state::{State, Stays};

pub use errors::{
    GetNowaitError, InvalidMaxsize, PutNowaitError, QueueEmpty, QueueFull, QueueShutDown,
    TooManyDone,
};
pub use get::Get;
pub use join::Join;
pub use order::{Fifo, Lifo, LowestFirst, Order};
pub use put::Put;

/// A queue, first in first out: asyncio's `Queue`. All it can do is at [`OrderedQueue`].
///
/// ```
/// use evloop_sync::Queue;
/// # futures_lite::future::block_on(async {
/// let queue = Queue::bounded(2)?;
/// queue.put(1).await?;
/// queue.put(2).await?;
/// assert!(queue.is_full());
/// assert_eq!((queue.get().await?, queue.get().await?), (1, 2));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[doc(alias("asyncio.Queue", "channel", "mpmc"))]
pub type Queue<T> = OrderedQueue<T, Fifo>;

/// A queue, last in first out: asyncio's `LifoQueue`. All it can do is at [`OrderedQueue`].
///
/// ```
/// use evloop_sync::LifoQueue;
///
/// let queue = LifoQueue::unbounded();
/// queue.put_nowait(1).unwrap();
/// queue.put_nowait(2).unwrap();
/// assert_eq!(queue.get_nowait(), Ok(2));
/// ```
#[doc(alias("asyncio.LifoQueue", "stack"))]
pub type LifoQueue<T> = OrderedQueue<T, Lifo>;

/// A queue, lowest first: asyncio's `PriorityQueue`. All it can do is at [`OrderedQueue`].
///
/// Equal items come in any order. Items are compared under the lock of the queue: an `Ord` that uses
/// the queue waits for ever, and one that panics may lose the item that is taken,
/// for which `join` then waits.
///
/// ```
/// use evloop_sync::PriorityQueue;
///
/// let queue = PriorityQueue::unbounded();
/// queue.put_nowait((2, "later")).unwrap();
/// queue.put_nowait((1, "soon")).unwrap();
/// assert_eq!(queue.get_nowait(), Ok((1, "soon")));
/// ```
#[doc(alias("asyncio.PriorityQueue", "heap"))]
pub type PriorityQueue<T> = OrderedQueue<T, LowestFirst>;

/// Items on their way from those who put to those who get, any number of both.
///
/// [`Queue`], [`LifoQueue`] and [`PriorityQueue`] are this type, in the order of their name. It is shared
/// by reference, mostly in an `Arc`.
///
/// # Fairness
///
/// Who waits for an item or for room is granted one in the order of arrival. Until it comes for it, it
/// is there, and counted by [`qsize`](Self::qsize), but nobody else has it: [`get_nowait`](Self::get_nowait)
/// says that the queue is empty, and [`put_nowait`](Self::put_nowait) that it is full, rather than
/// take what others were woken for. In asyncio newcomers take it, and those who were woken queue again,
/// at the end. Which of two items it gets is decided when it comes, as in asyncio: the first, the last or
/// the lowest of those that are there then.
///
/// # Examples
///
/// ```
/// use evloop_sync::{Queue, Shutdown};
/// use futures_lite::future::{block_on, zip};
///
/// let queue = Queue::bounded(1).unwrap();
/// let producer = async {
///     for n in 1..=3 {
///         queue.put(n).await.unwrap();
///     }
///     queue.shutdown(Shutdown::Drain);
/// };
/// let consumer = async {
///     let mut sum = 0;
///     while let Ok(n) = queue.get().await {
///         sum += n;
///     }
///     sum
/// };
/// assert_eq!(block_on(zip(producer, consumer)).1, 6);
/// ```
///
/// # Cost
///
/// Each operation takes one short lock of a std mutex, and two where it has to wait. Waiting takes O(1), and
/// no allocation once the queue has had its size, except that several who are woken at once, by the last
/// `task_done` or a shutdown, are woken from one list. Putting and getting take O(1), and O(log n) for n items
/// of a [`PriorityQueue`].
pub struct OrderedQueue<T, O: Order<T>> {
    state: Mutex<State<T, O>>,
}

/// What becomes of the items when a queue is shut down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// They can still be got: asyncio's `shutdown()`.
    Drain,
    /// They are dropped: asyncio's `shutdown(immediate=True)`.
    Immediate,
}

impl<T, O: Order<T>> OrderedQueue<T, O> {
    /// Makes one that holds at most so many items.
    ///
    /// ```
    /// # use evloop_sync::Queue;
    /// assert_eq!(Queue::<u8>::bounded(2).unwrap().maxsize(), Some(2));
    /// assert!(Queue::<u8>::bounded(0).is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// When it is 0, which asyncio takes for no limit.
    pub fn bounded(maxsize: usize) -> Result<Self, InvalidMaxsize> {
        if maxsize == 0 {
            return Err(InvalidMaxsize(()));
        }
        Ok(Self::with_limit(maxsize))
    }

    constructor! {
        /// Makes one without a limit, also in a `static`: who puts faster than others get fills the memory.
        ///
        /// ```
        /// use evloop_sync::Queue;
        ///
        /// static JOBS: Queue<u8> = Queue::unbounded();
        /// JOBS.put_nowait(1).unwrap();
        /// assert_eq!(JOBS.maxsize(), None);
        /// ```
        #[must_use]
        pub fn unbounded() -> Self {
            Self::with_limit(usize::MAX)
        }
    }

    constructor! {
        fn with_limit(limit: usize) -> Self {
            Self {
                state: Mutex::new(State::new(limit)),
            }
        }
    }

    /// Puts an item, as soon as there is room.
    ///
    /// ```
    /// # use evloop_sync::Queue;
    /// # futures_lite::future::block_on(async {
    /// let queue = Queue::unbounded();
    /// queue.put("item").await.unwrap();
    /// assert_eq!(queue.qsize(), 1);
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, it has put nothing: the item is dropped with it, or comes back by
    /// [`Put::into_item`]. Room that it had been granted goes to the next.
    ///
    /// # Errors
    ///
    /// When the queue has been shut down; the item comes back.
    #[doc(alias = "send")]
    pub fn put(&self, item: T) -> Put<'_, T, O> {
        Put::new(self, item)
    }

    /// Puts an item at once.
    ///
    /// ```
    /// # use evloop_sync::{PutNowaitError, Queue, QueueFull};
    /// let queue = Queue::bounded(1).unwrap();
    /// queue.put_nowait(1).unwrap();
    /// assert_eq!(queue.put_nowait(2), Err(PutNowaitError::Full(QueueFull(2))));
    /// ```
    ///
    /// # Errors
    ///
    /// When the queue has been shut down, or else when there is no room that is nobody's; the item comes
    /// back.
    #[doc(alias = "try_send")]
    pub fn put_nowait(&self, item: T) -> Result<(), PutNowaitError<T>> {
        let mut wakers = Wakers::new();
        {
            let mut state = lock(&self.state);
            match state.check_room() {
                Ok(()) => state.put(item, &mut wakers),
                Err(Stays::ShutDown) => {
                    return Err(PutNowaitError::ShutDown(QueueShutDown(item)));
                }
                Err(Stays::Waits | Stays::Unregistered) => {
                    return Err(PutNowaitError::Full(QueueFull(item)));
                }
            }
        }
        wakers.wake();
        Ok(())
    }

    /// Gets an item, as soon as there is one.
    ///
    /// ```
    /// # use evloop_sync::Queue;
    /// # futures_lite::future::block_on(async {
    /// let queue = Queue::unbounded();
    /// queue.put_nowait("item").unwrap();
    /// assert_eq!(queue.get().await, Ok("item"));
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, it has taken nothing: an item that it had been granted stays in the
    /// queue, and the next who waits is woken for it.
    ///
    /// # Errors
    ///
    /// When the queue has been shut down, and no item is left.
    #[doc(alias = "recv")]
    pub fn get(&self) -> Get<'_, T, O> {
        Get::new(self)
    }

    /// Gets an item at once.
    ///
    /// ```
    /// # use evloop_sync::{GetNowaitError, Queue, QueueEmpty};
    /// let queue = Queue::<u8>::unbounded();
    /// assert_eq!(queue.get_nowait(), Err(GetNowaitError::Empty(QueueEmpty)));
    /// ```
    ///
    /// # Errors
    ///
    /// When there is no item that is nobody's; it tells whether the queue has been shut down.
    #[doc(alias = "try_recv")]
    pub fn get_nowait(&self) -> Result<T, GetNowaitError> {
        let mut wakers = Wakers::new();
        let taken = lock(&self.state).take_free(&mut wakers);
        wakers.wake();
        taken.map_err(|stays| match stays {
            Stays::ShutDown => GetNowaitError::ShutDown(QueueShutDown(())),
            Stays::Waits | Stays::Unregistered => GetNowaitError::Empty(QueueEmpty),
        })
    }

    /// Reports an item that was got as done, for those who [`join`](Self::join).
    ///
    /// ```
    /// # use evloop_sync::Queue;
    /// let queue = Queue::unbounded();
    /// queue.put_nowait(1).unwrap();
    /// queue.get_nowait().unwrap();
    /// queue.task_done().unwrap();
    /// assert!(queue.task_done().is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// When as many were reported as were put.
    pub fn task_done(&self) -> Result<(), TooManyDone> {
        let mut wakers = Wakers::new();
        let is_one = lock(&self.state).finish(1, &mut wakers);
        wakers.wake();
        is_one.then_some(()).ok_or(TooManyDone(()))
    }

    /// Waits until all items that were put are reported as [done](Self::task_done), or were dropped by an
    /// immediate shutdown; at once if there are none.
    ///
    /// ```
    /// # use evloop_sync::Queue;
    /// # futures_lite::future::block_on(async {
    /// let queue = Queue::unbounded();
    /// queue.put_nowait(1).unwrap();
    /// queue.get_nowait().unwrap();
    /// queue.task_done().unwrap();
    /// queue.join().await;
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: who joins takes nothing.
    pub fn join(&self) -> Join<'_, T, O> {
        Join::new(self)
    }

    /// Ends the queue: nothing can be put any more, and all who wait are woken. Again is fine, also to drop
    /// the items after all.
    ///
    /// ```
    /// # use evloop_sync::{Queue, Shutdown};
    /// let queue = Queue::unbounded();
    /// queue.put_nowait(1).unwrap();
    /// queue.shutdown(Shutdown::Drain);
    /// assert!(queue.put_nowait(2).is_err());
    /// assert_eq!(queue.get_nowait(), Ok(1));
    /// assert!(queue.get_nowait().is_err());
    /// ```
    #[doc(alias = "close")]
    pub fn shutdown(&self, shutdown: Shutdown) {
        let mut wakers = Wakers::new();
        let dropped = {
            let mut state = lock(&self.state);
            let dropped = match shutdown {
                Shutdown::Drain => None,
                Shutdown::Immediate => Some(state.drain(&mut wakers)),
            };
            state.shut_down(&mut wakers);
            dropped
        };
        wakers.wake();
        drop(dropped);
    }

    /// How many items are there, with those that getters have been woken for.
    ///
    /// ```
    /// # use evloop_sync::Queue;
    /// assert_eq!(Queue::<u8>::unbounded().qsize(), 0);
    /// ```
    #[doc(alias = "len")]
    #[must_use]
    pub fn qsize(&self) -> usize {
        lock(&self.state).items.len()
    }

    /// True if no item is there.
    ///
    /// ```
    /// # use evloop_sync::Queue;
    /// assert!(Queue::<u8>::unbounded().is_empty());
    /// ```
    #[doc(alias = "empty")]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.qsize() == 0
    }

    /// True if as many items are there as may be: never without a limit.
    ///
    /// ```
    /// # use evloop_sync::Queue;
    /// assert!(!Queue::<u8>::unbounded().is_full());
    /// ```
    #[doc(alias = "full")]
    #[must_use]
    pub fn is_full(&self) -> bool {
        let state = lock(&self.state);
        state.items.len() >= state.limit
    }

    /// How many items may be there; `None` without a limit, where asyncio says 0.
    ///
    /// ```
    /// # use evloop_sync::Queue;
    /// assert_eq!(Queue::<u8>::bounded(5).unwrap().maxsize(), Some(5));
    /// ```
    #[must_use]
    pub fn maxsize(&self) -> Option<usize> {
        let limit = lock(&self.state).limit;
        (limit < usize::MAX).then_some(limit)
    }
}

/// One without a limit.
impl<T, O: Order<T>> Default for OrderedQueue<T, O> {
    fn default() -> Self {
        Self::unbounded()
    }
}

/// As asyncio's `str`: `<Queue maxsize=2 size=1 _putters[1] tasks=3 shutdown>`; the number of the items
/// stands for them.
impl<T, O: Order<T>> fmt::Debug for OrderedQueue<T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n_items, n_getters, n_putters, n_unfinished, is_shut_down) = {
            let state = lock(&self.state);
            (
                state.items.len(),
                state.getters.n_waiting(),
                state.putters.n_waiting(),
                state.n_unfinished,
                state.is_shut_down,
            )
        };
        let name = <O as Stores<T>>::NAME;
        write!(f, "<{name} maxsize={}", self.maxsize().unwrap_or(0))?;
        if n_items > 0 {
            write!(f, " size={n_items}")?;
        }
        if n_getters > 0 {
            write!(f, " _getters[{n_getters}]")?;
        }
        if n_putters > 0 {
            write!(f, " _putters[{n_putters}]")?;
        }
        if n_unfinished > 0 {
            write!(f, " tasks={n_unfinished}")?;
        }
        f.write_str(if is_shut_down { " shutdown>" } else { ">" })
    }
}
