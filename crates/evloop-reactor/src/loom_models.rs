//! The models that `tests/loom.rs` explores: the shipped types of the cross-thread protocols, with
//! a stand-in for the kernel. Each fails, or deadlocks, when a step of its protocol is left out.

use std::{
    sync::{
        Arc as StdArc,
        atomic::{AtomicUsize as StdAtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Wake, Waker},
};

use loom::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use crate::{
    readiness::{ShortTransfer, Snapshot},
    side::{Side, Until},
    waiters::Place,
    wake_state::{Notify, Sleep, WakeState},
};

/// The eventfd: a wait returns once there was a write since the last one.
#[derive(Default)]
struct EventFd {
    written: Mutex<usize>,
    changed: Condvar,
}

impl EventFd {
    fn write(&self) {
        *self.written.lock().unwrap() += 1;
        self.changed.notify_one();
    }

    fn wait(&self) {
        let mut written = self.written.lock().unwrap();
        while *written == 0 {
            written = self.changed.wait(written).unwrap();
        }
        *written = 0;
    }
}

/// What owner and notifiers share. The inbox is relaxed on purpose: only the word orders it.
#[derive(Default)]
struct Loop {
    word: Word,
    eventfd: EventFd,
    inbox: [AtomicBool; 2],
    interrupts: AtomicUsize,
}

struct Word(WakeState);

impl Default for Word {
    fn default() -> Self {
        Self(WakeState::new())
    }
}

impl Loop {
    fn push_and_notify(&self, index: usize) {
        self.inbox[index].store(true, Relaxed);
        if self.word.0.notify() == Notify::Interrupt {
            self.interrupts.fetch_add(1, Relaxed);
            self.eventfd.write();
        }
    }

    fn drain(&self) -> usize {
        let full = |slot: &&AtomicBool| slot.load(Relaxed);
        self.inbox.iter().filter(full).count()
    }

    /// A `poll` without timeout. Says whether it was allowed to block.
    fn poll(&self) -> bool {
        match self.word.0.fall_asleep() {
            Sleep::Notified => false,
            Sleep::MayBlock => {
                self.eventfd.wait();
                self.word.0.wake_up();
                true
            }
        }
    }
}

/// The owner sees both pushes, or loom reports the deadlock of a wait that nobody ends; and there
/// is at most one interrupt for each blocking wait.
pub fn pushes_of_two_notifiers_are_seen_before_the_owner_blocks_for_good() {
    let shared = Arc::new(Loop::default());
    let notifiers: Vec<_> = (0..2)
        .map(|index| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.push_and_notify(index))
        })
        .collect();

    let mut blocked = 0;
    loop {
        shared.word.0.begin_turn();
        if shared.drain() == 2 {
            break;
        }
        blocked += usize::from(shared.poll());
    }

    for notifier in notifiers {
        notifier.join().unwrap();
    }
    assert!(shared.interrupts.load(Relaxed) <= blocked);
}

/// The same for an owner that never calls `begin_turn`.
pub fn the_owner_need_not_begin_its_turns() {
    let shared = Arc::new(Loop::default());
    let other = Arc::clone(&shared);
    let notifier = thread::spawn(move || other.push_and_notify(0));

    while shared.drain() == 0 {
        shared.poll();
    }

    notifier.join().unwrap();
}

/// LM-08: a notifier against the drop of the reactor, which forgets its half of the loop.
pub fn a_notification_races_the_drop_of_the_reactor() {
    let shared = Arc::new(Loop::default());
    let notifiers: Vec<_> = (0..2)
        .map(|index| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.push_and_notify(index))
        })
        .collect();

    // The last turn of the owner, then its end.
    let blocked = shared.poll();
    drop(shared.clone());
    let interrupts = Arc::clone(&shared);
    drop(shared);

    for notifier in notifiers {
        notifier.join().unwrap();
    }
    let interrupts = interrupts.interrupts.load(Relaxed);
    assert_eq!(interrupts, usize::from(blocked));
}

/// Counts its wakes.
#[derive(Default)]
struct Counter(StdAtomicUsize);

impl Wake for Counter {
    fn wake(self: StdArc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// A socket of the kernel's, holding `data`, and the side that is told about it.
struct Socket {
    data: AtomicUsize,
    side: Side,
}

impl Socket {
    fn arrives(&self) -> Vec<Waker> {
        self.data.fetch_add(1, Ordering::AcqRel);
        let mut woken = Vec::new();
        self.side.deliver(ShortTransfer::MeansEmpty, &mut woken);
        woken
    }

    /// Reads until it would block and then waits; says how much it has read.
    fn read(&self, waker: &Waker, empty: impl Fn(&Side, Snapshot)) -> usize {
        let mut count = 0;
        loop {
            let cx = Context::from_waker(waker);
            let slot = Place::Slot;
            let Poll::Ready(seen) = self.side.poll(Until::WorthTrying, slot, &cx) else {
                return count;
            };
            let seen = seen.unwrap();
            match self.data.swap(0, Ordering::AcqRel) {
                0 => empty(&self.side, seen),
                some => count += some,
            }
        }
    }
}

/// LM-17: the reader's attempt and clear against the events of the driver.
pub fn a_clear_never_erases_the_event_that_came_after_the_attempt() {
    let socket = Arc::new(Socket {
        data: AtomicUsize::new(0),
        side: Side::new(),
    });
    let driver = {
        let socket = Arc::clone(&socket);
        thread::spawn(move || {
            let mut woken = socket.arrives();
            woken.extend(socket.arrives());
            woken.into_iter().for_each(Waker::wake);
        })
    };

    let wakes = StdArc::new(Counter::default());
    let waker = Waker::from(StdArc::clone(&wakes));
    let count = socket.read(&waker, Side::clear);

    driver.join().unwrap();
    let woken = wakes.0.load(Relaxed) > 0;
    assert!(count == 2 || woken, "asleep with {} unread", 2 - count);
    // Whoever was woken finds the rest by reading on.
    assert_eq!(count + socket.read(&waker, Side::clear), 2);
}

/// A waiter in the list gives up while the event that would wake it is delivered: it is either
/// taken by the event or gone from the list, and another waiter is always woken.
pub fn a_cancelled_waiter_never_takes_the_event_of_another() {
    let side = Arc::new(Side::new());
    side.clear(side.check().unwrap());
    let wakes = StdArc::new(Counter::default());
    let waker = Waker::from(StdArc::clone(&wakes));
    let cx = Context::from_waker(&waker);
    let (mut cancelled, mut stays) = (None, None);
    let list = Place::List(&mut cancelled);
    assert!(
        side.poll(Until::Ready, list, &Context::from_waker(Waker::noop()))
            .is_pending()
    );
    assert!(
        side.poll(Until::Ready, Place::List(&mut stays), &cx)
            .is_pending()
    );

    let driver = {
        let side = Arc::clone(&side);
        thread::spawn(move || {
            let mut woken = Vec::new();
            side.deliver(ShortTransfer::MeansEmpty, &mut woken);
            woken.into_iter().for_each(Waker::wake);
        })
    };
    side.cancel(Place::List(&mut cancelled));

    driver.join().unwrap();
    assert_eq!(wakes.0.load(Relaxed), 1);
}

/// The end of the reactor against a waiter that begins to wait.
pub fn nobody_waits_for_a_reactor_that_is_gone() {
    let side = Arc::new(Side::new());
    side.clear(side.check().unwrap());
    let owner = {
        let side = Arc::clone(&side);
        thread::spawn(move || {
            let mut woken = Vec::new();
            side.give_up(&mut woken);
            woken.into_iter().for_each(Waker::wake);
        })
    };

    let wakes = StdArc::new(Counter::default());
    let waker = Waker::from(StdArc::clone(&wakes));
    let waited = side.poll(Until::Ready, Place::Slot, &Context::from_waker(&waker));

    owner.join().unwrap();
    assert!(waited.is_ready() || wakes.0.load(Relaxed) == 1);
}

/// An event against a waiter that begins to wait.
pub fn an_event_meets_the_waiter_that_begins_to_wait() {
    let side = Arc::new(Side::new());
    side.clear(side.check().unwrap());
    let driver = {
        let side = Arc::clone(&side);
        thread::spawn(move || {
            let mut woken = Vec::new();
            side.deliver(ShortTransfer::MeansEmpty, &mut woken);
            woken.into_iter().for_each(Waker::wake);
        })
    };

    let wakes = StdArc::new(Counter::default());
    let waker = Waker::from(StdArc::clone(&wakes));
    let waited = side.poll(Until::Ready, Place::Slot, &Context::from_waker(&waker));

    driver.join().unwrap();
    assert!(waited.is_ready() || wakes.0.load(Relaxed) == 1);
}

/// Events against a waiter in the list that polls again, with another waker: the second poll may find an
/// event without the lock. It waits for no event that has come, and the next one wakes it.
pub fn events_meet_a_waiter_that_polls_again() {
    let side = Arc::new(Side::new());
    side.clear(side.check().unwrap());
    let mut ticket = None;
    let mut poll = |waker: &Waker| {
        let place = Place::List(&mut ticket);
        side.poll(Until::Ready, place, &Context::from_waker(waker))
    };
    assert!(poll(Waker::noop()).is_pending());
    let driver = {
        let side = Arc::clone(&side);
        thread::spawn(move || deliver_to(&side, 2))
    };

    let wakes = StdArc::new(Counter::default());
    let waker = Waker::from(StdArc::clone(&wakes));
    let mut waited = poll(&waker);
    if let Poll::Ready(seen) = waited {
        side.clear(seen.unwrap());
        waited = poll(&waker);
    }

    driver.join().unwrap();
    let is_woken = || wakes.0.load(Relaxed) > 0;
    let is_ready = side.check().unwrap().is_ready();
    assert!(waited.is_ready() || is_woken() || !is_ready);
    deliver_to(&side, 1);
    assert!(waited.is_ready() || is_woken());
}

fn deliver_to(side: &Side, n_events: usize) {
    for _ in 0..n_events {
        let mut woken = Vec::new();
        side.deliver(ShortTransfer::MeansEmpty, &mut woken);
        woken.into_iter().for_each(Waker::wake);
    }
}
