//! The models that `tests/loom.rs` explores: the shipped inbox and the shipped driver for all threads,
//! with a stand-in for the owner's wait.

mod shared_driver;

use std::sync::Arc as StdArc;
use std::task::{Wake, Waker};

use evloop_timer_wheel::TimerWheel;
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use crate::clock::ManualClock;
use crate::inbox::{Order, Shared};

pub use shared_driver::{
    GAVE_UP, a_close_meets_a_poll, a_close_meets_an_insertion, a_fire_meets_a_poll,
    a_fire_meets_a_reset, a_fire_meets_an_older_reading_of_the_clock,
    a_move_to_an_earlier_deadline_meets_an_owner_that_waits,
    a_waker_named_late_meets_an_earlier_deadline, an_earlier_deadline_meets_an_owner_that_waits,
    an_impatient_helper_meets_an_owner_that_turns, an_owner_that_waits_is_helped_by_another_thread,
};

/// What the owner waits on: sticky, as every unpark token is.
#[derive(Default)]
struct Token {
    given: Mutex<bool>,
    changed: Condvar,
}

impl Token {
    fn waker(token: &Arc<Self>) -> Waker {
        Waker::from(StdArc::new(Unpark(Arc::clone(token))))
    }

    fn wait(&self) {
        let mut given = self.given.lock().unwrap();
        while !*given {
            given = self.changed.wait(given).unwrap();
        }
        *given = false;
    }
}

struct Unpark(Arc<Token>);

impl Wake for Unpark {
    fn wake(self: StdArc<Self>) {
        *self.0.given.lock().unwrap() = true;
        self.0.changed.notify_one();
    }
}

/// LM-07: the orders of two threads are carried out by an owner that waits whenever it sees none,
/// and that takes at most `limit` at once.
fn orders_meet_an_owner_that_waits(limit: usize) {
    let clock = StdArc::new(ManualClock::new());
    let shared = Arc::new(Shared::new(clock));
    let token = Arc::new(Token::default());
    let named = shared.set_unpark(StdArc::new(Token::waker(&token)));
    assert!(named.is_ok(), "the driver is open");
    let threads: Vec<_> = (0..2)
        .map(|n| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let key = TimerWheel::new(0).insert(n, ());
                assert!(shared.post(Order::Reset(key, n)));
            })
        })
        .collect();

    let mut orders = Vec::new();
    while orders.len() < 2 {
        if shared.has_orders() {
            shared.collect(&mut orders, limit);
        } else {
            // Without a sticky wake for what was missed, this waits for ever.
            token.wait();
        }
    }

    for thread in threads {
        thread.join().unwrap();
    }
}

/// Everything is taken at once.
pub fn orders_meet_an_owner_that_takes_all() {
    orders_meet_an_owner_that_waits(usize::MAX);
}

/// One order is taken at a time: the flag stays up for the other.
pub fn orders_meet_an_owner_that_takes_one() {
    orders_meet_an_owner_that_waits(1);
}
