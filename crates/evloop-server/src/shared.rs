//! What a server and the tasks of its listeners and clients know in common.

use std::{
    collections::BTreeMap,
    fmt,
    future::poll_fn,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
};

use evloop_task::Task;

use crate::waiters::Waiters;

/// A client as the server sees it.
pub(crate) trait Client: Send + Sync {
    /// Has what was written sent, and ends the connection then.
    fn close(&self);
    /// Ends the connection now.
    fn abort(&self);
    /// Asks the handler's task to end.
    fn cancel(&self);
}

/// A listener until the server is closed.
///
/// Whoever polls it holds the lock, so that it is closed for certain when `close` returns, whatever
/// another thread is doing.
pub(crate) struct Slot<L>(Mutex<Option<Arc<L>>>);

impl<L> Slot<L> {
    pub(crate) fn new(listener: L) -> Self {
        Self(Mutex::new(Some(Arc::new(listener))))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<L>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with it, or says `None` when it is closed.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&L) -> R) -> Option<R> {
        self.lock().as_deref().map(act)
    }
}

struct Entry {
    /// `None` until its task is started, and may be running elsewhere already.
    client: Option<Arc<dyn Client>>,
    /// What was asked of it meanwhile.
    asked: Vec<Ask>,
    /// Its connection is gone; its handler may still be busy with something else.
    is_aborted: bool,
}

/// What a client is asked for.
#[derive(Debug, Clone, Copy)]
enum Ask {
    Close,
    Abort,
    Cancel,
}

impl Ask {
    fn of(self, client: &dyn Client) {
        match self {
            Self::Close => client.close(),
            Self::Abort => client.abort(),
            Self::Cancel => client.cancel(),
        }
    }
}

/// What the server has, under one lock.
pub(crate) struct State<L> {
    /// Empty when the server is closed, which closes them.
    listeners: Vec<Arc<Slot<L>>>,
    /// The tasks that accept, which are asked to end when the server is closed.
    accepting: Vec<Task<()>>,
    clients: BTreeMap<u64, Entry>,
    /// How many of them are aborted.
    n_aborted: usize,
    next: u64,
    pub(crate) is_awaited: bool,
    waiters: Waiters,
}

pub(crate) struct Shared<L> {
    state: Mutex<State<L>>,
    max_clients: usize,
    /// How often a listener has failed to accept.
    pub(crate) accept_errors: AtomicU64,
}

impl<L> State<L> {
    pub(crate) fn is_closed(&self) -> bool {
        self.listeners.is_empty()
    }

    pub(crate) fn listeners(&self) -> Vec<Arc<L>> {
        let slots = self.listeners.iter();
        slots.filter_map(|slot| slot.lock().clone()).collect()
    }

    /// How many connections are open.
    pub(crate) fn n_connected(&self) -> usize {
        self.clients.len() - self.n_aborted
    }

    /// No connection is open any more. Returns how many were.
    fn abort(&mut self) -> usize {
        let n_connected = self.n_connected();
        for entry in self.clients.values_mut() {
            entry.is_aborted = true;
        }
        self.n_aborted = self.clients.len();
        n_connected
    }

    fn remove(&mut self, key: u64) -> Option<Entry> {
        let entry = self.clients.remove(&key)?;
        self.n_aborted -= usize::from(entry.is_aborted);
        Some(entry)
    }

    fn insert(&mut self) -> u64 {
        let key = self.next;
        self.next += 1;
        let entry = Entry {
            client: None,
            asked: Vec::new(),
            is_aborted: false,
        };
        self.clients.insert(key, entry);
        key
    }

    /// How many clients there are, also those whose handlers have outlived their connections.
    pub(crate) fn n_clients(&self) -> usize {
        self.clients.len()
    }
}

impl<L> Shared<L> {
    pub(crate) fn new(listeners: Vec<Arc<Slot<L>>>, max_clients: usize) -> Self {
        Self {
            state: Mutex::new(State {
                listeners,
                accepting: Vec::new(),
                clients: BTreeMap::new(),
                n_aborted: 0,
                next: 0,
                is_awaited: false,
                waiters: Waiters::default(),
            }),
            max_clients,
            accept_errors: AtomicU64::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<L>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the state.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&mut State<L>) -> R) -> R {
        look(&mut self.lock())
    }

    /// Changes the state, and wakes whoever waits for a change.
    fn change<R>(&self, change: impl FnOnce(&mut State<L>) -> R) -> R {
        let mut state = self.lock();
        let result = change(&mut state);
        let wakers = state.waiters.take();
        drop(state);
        wakers.for_each(std::task::Waker::wake);
        result
    }

    /// Waits until `look` finds something.
    pub(crate) async fn wait<R>(&self, mut look: impl FnMut(&mut State<L>) -> Option<R>) -> R {
        let mut place = Place {
            shared: self,
            ticket: None,
        };
        poll_fn(|cx| {
            // Cloned, and the one before dropped, outside of the lock.
            let waker = cx.waker().clone();
            let mut state = self.lock();
            match look(&mut state) {
                Some(found) => Poll::Ready(found),
                None => {
                    let before = state.waiters.register(&mut place.ticket, waker);
                    drop(state);
                    drop(before);
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Waits until there is room for a client. `None` when the server is closed.
    pub(crate) async fn room(&self) -> Option<()> {
        let max_clients = self.max_clients;
        self.wait(|state| match state.is_closed() {
            true => Some(None),
            false => (state.n_clients() < max_clients).then_some(Some(())),
        })
        .await
    }

    /// A new client, whose connection counts from now on. Waits for room if another listener has
    /// taken it meanwhile; `None` when the server is closed.
    pub(crate) async fn enter(&self) -> Option<u64> {
        let max_clients = self.max_clients;
        self.wait(|state| {
            if state.is_closed() {
                return Some(None);
            }
            (state.n_clients() < max_clients).then(|| Some(state.insert()))
        })
        .await
    }

    pub(crate) fn add_accepting(&self, task: Task<()>) {
        self.look(|state| state.accepting.push(task));
    }

    /// Says how the client is reached, unless it is gone already, and asks it for what others have
    /// asked it for in the meantime.
    pub(crate) fn introduce(&self, key: u64, client: Arc<dyn Client>) {
        let asked = self.look(|state| {
            let entry = state.clients.get_mut(&key)?;
            entry.client = Some(Arc::clone(&client));
            Some(std::mem::take(&mut entry.asked))
        });
        for ask in asked.into_iter().flatten() {
            ask.of(&*client);
        }
    }

    pub(crate) fn leave(&self, key: u64) {
        // Dropped outside of the lock, with what it holds.
        drop(self.change(|state| state.remove(key)));
    }

    /// Stops listening. Again and again is fine.
    pub(crate) fn close(&self) {
        let (listeners, accepting) = self.change(|state| {
            let listeners = std::mem::take(&mut state.listeners);
            (listeners, std::mem::take(&mut state.accepting))
        });
        for slot in listeners {
            let listener = slot.lock().take();
            drop(listener);
        }
        for task in accepting {
            task.cancel();
        }
    }

    pub(crate) fn close_clients(&self) {
        self.ask(Ask::Close);
    }

    /// Returns how many there were.
    pub(crate) fn abort_clients(&self) -> usize {
        let n_aborted = self.change(State::abort);
        self.ask(Ask::Abort);
        n_aborted
    }

    pub(crate) fn cancel_clients(&self) {
        self.ask(Ask::Cancel);
    }

    fn ask(&self, ask: Ask) {
        // Copied, so that they can be told without the lock.
        let reachable: Vec<_> = self.look(|state| {
            let reach = |entry: &mut Entry| {
                if entry.client.is_none() {
                    entry.asked.push(ask);
                }
                entry.client.clone()
            };
            state.clients.values_mut().filter_map(reach).collect()
        });
        for client in reachable {
            ask.of(&*client);
        }
    }

    pub(crate) fn count_accept_error(&self) {
        self.accept_errors.fetch_add(1, Ordering::Relaxed);
    }
}

/// A place among the waiters, which is given up with this.
struct Place<'a, L> {
    shared: &'a Shared<L>,
    ticket: Option<u64>,
}

impl<L> Drop for Place<'_, L> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            drop(self.shared.look(|state| state.waiters.forget(ticket)));
        }
    }
}

impl<L> fmt::Debug for Shared<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        // It stands for the server, which is all that its users see.
        f.debug_struct("Server")
            .field("listeners", &state.listeners.len())
            .field("clients", &state.n_connected())
            .finish_non_exhaustive()
    }
}
