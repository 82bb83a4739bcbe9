//! Who runs, who looks for work and who sleeps.
//!
//! A worker is *active* while it runs jobs, *searching* while it looks for some at other workers',
//! and otherwise *sleeping*. One of the sleepers may be the *watcher*: it sleeps for a short time
//! only, and then looks for queues that do not move.
//!
//! All changes are made under one lock and mirrored into one word, which is what others read. They
//! are rare: a worker changes its role when it runs dry or is woken.

use std::sync::PoisonError;

use crossbeam_utils::CachePadded;

use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering};

/// What the word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Census(u64);

const SEARCHING_SHIFT: u32 = 16;
const COUNT: u64 = 0xffff;
const WATCHED: u64 = 1 << 32;

impl Census {
    #[inline]
    pub(crate) fn n_sleeping(self) -> u64 {
        self.0 & COUNT
    }

    #[inline]
    pub(crate) fn n_searching(self) -> u64 {
        self.0 >> SEARCHING_SHIFT & COUNT
    }

    /// True when somebody could be woken, and nobody is about to look or looks now and then.
    #[inline]
    pub(crate) fn is_unwatched(self) -> bool {
        // The searching and the watched bits are above those of the sleeping.
        self.0 != 0 && self.0 <= COUNT
    }

    /// True when somebody could be woken for what has just come, and nobody is looking.
    #[inline]
    pub(crate) fn wants_wake(self) -> bool {
        self.n_sleeping() > 0 && self.n_searching() == 0
    }
}

/// See the module's docs.
#[derive(Debug)]
pub(crate) struct Roles {
    word: CachePadded<AtomicU64>,
    crew: Mutex<Crew>,
}

#[derive(Debug, Default)]
struct Crew {
    /// Those that sleep, the latest last: its caches are the warmest.
    sleepers: Vec<usize>,
    watcher: Option<usize>,
    n_searching: usize,
    n_present: usize,
    n_wake_ups: u64,
    /// How often a worker has found work.
    n_finds: u64,
}

impl Crew {
    fn n_active(&self) -> usize {
        self.n_present - self.sleepers.len() - self.n_searching
    }
}

/// How a worker may sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Until it is woken.
    Deep,
    /// For a while: it is the watcher.
    Light,
}

impl Roles {
    pub(crate) fn new() -> Self {
        Self {
            word: CachePadded::new(AtomicU64::new(0)),
            crew: Mutex::new(Crew::default()),
        }
    }

    /// A look without the lock. What it is compared with has to be ordered by a fence.
    #[inline]
    pub(crate) fn census(&self) -> Census {
        Census(self.word.load(Ordering::Relaxed))
    }

    fn change<R>(&self, f: impl FnOnce(&mut Crew) -> R) -> R {
        let mut crew: MutexGuard<'_, Crew> =
            self.crew.lock().unwrap_or_else(PoisonError::into_inner);
        let result = f(&mut crew);
        let mut word = crew.sleepers.len() as u64;
        word |= (crew.n_searching as u64) << SEARCHING_SHIFT;
        if crew.watcher.is_some() {
            word |= WATCHED;
        }
        // A read-modify-write, for the fences: a later value is read only by whoever comes later.
        self.word.swap(word, Ordering::SeqCst);
        result
    }

    /// A worker has begun, as an active one.
    pub(crate) fn join(&self) {
        self.change(|crew| crew.n_present += 1);
    }

    /// A worker, active or searching, has ended.
    pub(crate) fn leave(&self, was_searching: bool) {
        self.change(|crew| {
            crew.n_present -= 1;
            crew.n_searching -= usize::from(was_searching);
        });
    }

    /// An active worker wants to search; only half of them may at a time.
    pub(crate) fn start_search(&self) -> bool {
        self.change(|crew| {
            let may = 2 * crew.n_searching < crew.n_present;
            crew.n_searching += usize::from(may);
            may
        })
    }

    /// A searching worker has work. Says whether it was the last one to search.
    pub(crate) fn end_search(&self) -> bool {
        self.change(|crew| {
            crew.n_searching -= 1;
            crew.n_finds += 1;
            crew.n_searching == 0
        })
    }

    /// A worker goes to sleep. `would_watch` is told how often one has found work, and says whether it
    /// would watch even while nobody is active, which may be over soon.
    pub(crate) fn sleep(
        &self,
        worker: usize,
        was_searching: bool,
        would_watch: impl FnOnce(u64) -> bool,
    ) -> Depth {
        self.change(|crew| {
            crew.n_searching -= usize::from(was_searching);
            crew.sleepers.push(worker);
            let would_watch = would_watch(crew.n_finds);
            let is_needed = crew.n_active() > 0 || would_watch;
            if crew.n_present > 1 && crew.watcher.is_none() && is_needed {
                crew.watcher = Some(worker);
                return Depth::Light;
            }
            Depth::Deep
        })
    }

    /// A worker is awake, and searches from here on, whoever has woken it. Says whether it was claimed.
    pub(crate) fn wake_up(&self, worker: usize) -> bool {
        self.change(|crew| {
            let place = crew.sleepers.iter().position(|sleeper| *sleeper == worker);
            place.map(|place| crew.remove(place)).is_none()
        })
    }

    /// Chooses a sleeper to be woken, which counts as searching from here on. `None` when nobody
    /// sleeps. The watcher comes last.
    pub(crate) fn claim_sleeper(&self) -> Option<usize> {
        self.change(|crew| {
            let watcher = crew.watcher;
            let others = |sleeper: &usize| Some(*sleeper) != watcher;
            let place = crew.sleepers.iter().rposition(others);
            let place = place.or_else(|| crew.sleepers.len().checked_sub(1))?;
            Some(crew.remove(place))
        })
    }

    /// As [`Roles::claim_sleeper`], unless somebody searches by now.
    pub(crate) fn claim_sleeper_if_none_searches(&self) -> Option<usize> {
        // Whoever begins to search in between looks for the work after that.
        if self.census().wants_wake() {
            self.claim_sleeper()
        } else {
            None
        }
    }

    /// The number of times that a worker has woken up, if now no worker is active or searching.
    pub(crate) fn all_sleep(&self) -> Option<u64> {
        let crew = self.crew.lock().unwrap_or_else(PoisonError::into_inner);
        (crew.sleepers.len() == crew.n_present).then_some(crew.n_wake_ups)
    }

    /// How many workers there are.
    pub(crate) fn n_present(&self) -> usize {
        let crew = self.crew.lock().unwrap_or_else(PoisonError::into_inner);
        crew.n_present
    }
}

impl Crew {
    /// The sleeper at this place searches from here on.
    fn remove(&mut self, place: usize) -> usize {
        let worker = self.sleepers.remove(place);
        if self.watcher == Some(worker) {
            self.watcher = None;
        }
        self.n_searching += 1;
        self.n_wake_ups += 1;
        worker
    }
}
