//! Children that nobody waits for any more, and the one thread that reaps them.
//!
//! A zombie belongs to the whole process, whatever has become of the loop that started it, so what reaps
//! it is the process's as well: this is a global on purpose.
//!
//! A child that is forked off has no children and no thread yet, shares with its parent where that waits, and
//! may have begun while the thread held the lock. So it begins anew, with orphans of its own. Those of the
//! parent it leaves alone, until it ends or runs another program: the system copies descriptors and memory one
//! after the other, so what it would close might not be open here.

use std::{
    collections::BTreeMap,
    io,
    mem::take,
    os::fd::{AsFd, AsRawFd, OwnedFd, RawFd},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    thread::Builder,
};

use evloop_fork::Origin;
use rustix::{
    event::epoll::{self, CreateFlags, Event, EventData, EventFlags},
    io::{Errno, retry_on_intr},
    process::WaitId,
};

use crate::end::reap;

/// That of the first process that had orphans.
static FIRST: OnceLock<Generation> = OnceLock::new();

/// The orphans of one process, and of those that were forked off one from the other.
#[derive(Debug)]
struct Generation {
    origin: Origin,
    orphans: Mutex<Orphans>,
    /// Of a child of that process, which is this process or one before it.
    next: OnceLock<Box<Generation>>,
}

#[derive(Debug, Default)]
struct Orphans {
    /// By their own numbers, which events bring back.
    watched: BTreeMap<RawFd, OwnedFd>,
    /// For which the system had no descriptor, memory or thread; each adoption looks at them again.
    unwatched: Vec<OwnedFd>,
    /// Where the thread waits. It sets it to `None` under the lock when nobody is watched, and ends.
    epoll: Option<Arc<OwnedFd>>,
}

/// Has the child of `pidfd` reaped when it ends.
pub(crate) fn adopt(pidfd: OwnedFd) {
    let mut orphans = lock();
    orphans.unwatched.push(pidfd);
    orphans.reap_unwatched();
    // Without a thread for now, they are looked at when the next one comes.
    drop(orphans.watch_all());
}

fn lock() -> MutexGuard<'static, Orphans> {
    let mut generation = FIRST.get_or_init(Generation::here);
    while !generation.origin.is_here() {
        generation = generation.next.get_or_init(|| Box::new(Generation::here()));
    }
    generation.lock()
}

impl Generation {
    fn here() -> Self {
        Self {
            origin: Origin::here(),
            orphans: Mutex::default(),
            next: OnceLock::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Orphans> {
        self.orphans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Orphans {
    fn reap_unwatched(&mut self) {
        self.unwatched.retain(|pidfd| !is_reaped(pidfd));
    }

    /// Moves the unwatched to where the thread waits, as far as the system allows.
    fn watch_all(&mut self) -> io::Result<()> {
        if self.unwatched.is_empty() {
            return Ok(());
        }
        let epoll = match &self.epoll {
            Some(epoll) => Arc::clone(epoll),
            None => Arc::new(epoll::create(CreateFlags::CLOEXEC)?),
        };
        while let Some(pidfd) = self.unwatched.pop() {
            if let Err(error) = watch(&epoll, &pidfd) {
                self.unwatched.push(pidfd);
                if self.watched.is_empty() {
                    return Err(error.into());
                }
                break;
            }
            self.watched.insert(pidfd.as_raw_fd(), pidfd);
        }
        if self.epoll.is_none() {
            // After it has something to wait for: else it would wait for ever.
            self.start(epoll).inspect_err(|_| self.unwatch_all())?;
        }
        Ok(())
    }

    fn start(&mut self, epoll: Arc<OwnedFd>) -> io::Result<()> {
        let its_epoll = Arc::clone(&epoll);
        Builder::new()
            .name("evloop-orphans".to_owned())
            .spawn(move || reap_all(&its_epoll))?;
        self.epoll = Some(epoll);
        Ok(())
    }

    /// Nobody waits for any of them now.
    fn unwatch_all(&mut self) {
        self.epoll = None;
        self.unwatched.extend(take(&mut self.watched).into_values());
    }

    fn event(&mut self, event: &Event) {
        let number = RawFd::try_from(event.data.u64()).expect("it was made of one");
        if self.watched.get(&number).is_some_and(is_reaped) {
            // Closes it, and so takes it from where the thread waits.
            self.watched.remove(&number);
        }
    }
}

fn watch(epoll: &OwnedFd, pidfd: &OwnedFd) -> Result<(), Errno> {
    let data = EventData::new_u64(pidfd.as_raw_fd().unsigned_abs().into());
    // Edge: while a debugger holds a child that has ended, it is readable but not to be reaped.
    epoll::add(epoll, pidfd, data, EventFlags::IN | EventFlags::ET)
}

/// The body of the thread.
fn reap_all(epoll: &OwnedFd) {
    let mut events = Vec::with_capacity(64);
    loop {
        events.clear();
        let waited =
            retry_on_intr(|| epoll::wait(epoll, rustix::buffer::spare_capacity(&mut events), None));
        let mut orphans = lock();
        events.iter().for_each(|event| orphans.event(event));
        orphans.reap_unwatched();
        if orphans.watched.is_empty() || waited.is_err() {
            orphans.unwatch_all();
            return;
        }
    }
}

/// True if there is nothing left to reap.
fn is_reaped(pidfd: &OwnedFd) -> bool {
    !matches!(reap(WaitId::PidFd(pidfd.as_fd())), Ok(None))
}
