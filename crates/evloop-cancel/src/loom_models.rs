//! The models of types that are private: `tests/loom.rs` explores them.

#![expect(
    clippy::unwrap_used,
    reason = "a model that unwraps in vain has failed"
)]

use std::sync::Arc;
use std::task::{Wake, Waker};

use loom::sync::{Condvar, Mutex};
use loom::thread::JoinHandle;

use crate::delivery::{Delivery, Standing, Ticket};
use crate::hub::{Hub, Slot};
use crate::request::Request;

/// A thread that sleeps until it is woken: a wake that is lost is a deadlock, which loom reports.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    rings: Condvar,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().unwrap() = true;
        self.rings.notify_one();
    }
}

impl Bell {
    fn new() -> (Arc<Self>, Waker) {
        let bell = Arc::new(Self::default());
        let waker = Waker::from(Arc::clone(&bell));
        (bell, waker)
    }

    fn sleep(&self) {
        let mut rung = self.rung.lock().unwrap();
        while !*rung {
            rung = self.rings.wait(rung).unwrap();
        }
        *rung = false;
    }
}

/// Starts a thread.
pub type Spawn = fn(Box<dyn FnOnce()>) -> JoinHandle<()>;

/// Runs `f` on a thread; gives what it returned.
fn fork<T: 'static>(spawn: Spawn, f: impl FnOnce() -> T + 'static) -> impl FnOnce() -> T {
    let result = Arc::new(Mutex::new(None));
    let theirs = Arc::clone(&result);
    let thread = spawn(Box::new(move || *theirs.lock().unwrap() = Some(f())));
    move || {
        thread.join().unwrap();
        let result = result.lock().unwrap().take();
        result.expect("it has ended")
    }
}

/// Posts a delivery as a node does in a pass, and waits until it is decided.
fn deliver(hub: &Hub) -> (Arc<Delivery>, Standing) {
    let (bell, waker) = Bell::new();
    let delivery = Delivery::start(Request::new());
    let round = Delivery::root();
    let ticket = delivery.ticket(round);
    hub.post(&ticket);
    ticket.give_back();
    let mut standing = delivery.leave(round);
    while standing == Standing::Undecided {
        standing = delivery.wait(round, &waker);
        if standing == Standing::Undecided {
            bell.sleep();
        }
    }
    (delivery, standing)
}

/// M2: a member that is polled while mail is posted sees the mail, or is woken for it.
pub fn a_poll_meets_the_mail(spawn: Spawn) {
    let hub = Hub::new();
    let (bell, waker) = Bell::new();
    let slot = Slot::register(&hub, &waker);
    let owner = fork(spawn, move || deliver(&hub).1);

    // As a task that moves does, it comes with another waker each time.
    let (second_bell, second_waker) = Bell::new();
    let mut mail = slot.refresh(&second_waker);
    if mail.is_empty() {
        second_bell.sleep();
        mail = slot.refresh(&waker);
    }

    assert_eq!(mail.len(), 1, "it was posted once");
    mail.into_iter().for_each(Ticket::swallow);
    assert_eq!(owner(), Standing::Swallowed);
    drop((slot, bell));
}

/// M3: a member that is dropped while mail is posted gives it back, or has got none.
pub fn a_drop_meets_the_mail(spawn: Spawn) {
    let hub = Hub::new();
    let (_bell, waker) = Bell::new();
    let slot = Slot::register(&hub, &waker);
    let owner = fork(spawn, move || deliver(&hub).1);

    drop(slot);

    let standing = owner();
    assert!(
        matches!(standing, Standing::Passed | Standing::Untaken),
        "{standing:?}"
    );
}

/// M4: the owner stores its waker and looks again, or the last decision wakes it.
pub fn the_last_decision_meets_the_wait(spawn: Spawn) {
    let delivery = Delivery::start(Request::new());
    let round = Delivery::root();
    let mine = delivery.ticket(round);
    let theirs = delivery.ticket(round);
    assert_eq!(delivery.leave(round), Standing::Untaken);
    theirs.confirm();
    let decider = fork(spawn, move || drop(theirs));
    let (bell, waker) = Bell::new();

    mine.swallow();
    while delivery.wait(round, &waker) == Standing::Undecided {
        bell.sleep();
    }

    assert_eq!(delivery.standing(round), Standing::Passed);
    decider();
}

/// M4 one level up: the round of a scope that has ended is decided by the last token inside, and so
/// is the one above it.
pub fn the_last_decision_inside_an_ended_scope_meets_the_wait(spawn: Spawn) {
    let delivery = Delivery::start(Request::new());
    let root = Delivery::root();
    let (_, round) = delivery.ticket(root).into_round();
    let token = delivery.ticket(round);
    token.confirm();
    assert_eq!(delivery.leave(round), Standing::Undecided);
    assert_eq!(delivery.leave(root), Standing::Undecided);
    let decider = fork(spawn, move || drop(token));
    let (bell, waker) = Bell::new();

    delivery.close(round);
    while delivery.wait(root, &waker) == Standing::Undecided {
        bell.sleep();
    }

    assert_eq!(delivery.standing(root), Standing::Passed);
    decider();
}
