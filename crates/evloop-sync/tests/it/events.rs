//! The event.

use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use evloop_sync::Event;

use crate::support::{Polled, at_once};

#[test]
fn all_who_wait_go_on_even_if_it_is_cleared_at_once() {
    let event = Event::new();
    let waiting = [(); 3].map(|()| Polled::waiting(event.wait()));

    event.set();
    event.clear();

    waiting.into_iter().for_each(Polled::woken);
    assert!(at_once(event.wait()).is_none(), "a newcomer waits");
}

#[test]
fn nobody_waits_for_what_is_set() {
    let event = Event::new();
    event.set();
    assert!(at_once(event.wait()).is_some());
}

#[test]
fn who_was_made_before_and_asks_after_a_pulse_has_missed_it() {
    let event = Event::new();
    let mut late = Polled::new(event.wait());

    event.set();
    event.clear();

    assert!(late.poll().is_pending());
}

#[test]
fn waiters_of_a_later_round_are_not_touched_by_the_end_of_an_earlier_one() {
    let event = Event::new();
    let mut earlier = Polled::waiting(event.wait());
    event.set();
    event.clear();
    let later = Polled::waiting(event.wait());

    assert!(earlier.poll().is_ready());
    drop(earlier);
    assert_eq!(format!("{event:?}"), "<Event [unset, waiters:1]>");

    event.set();
    later.woken();
    assert_eq!(format!("{event:?}"), "<Event [set]>");
}

#[test]
fn who_leaves_is_not_woken() {
    let event = Event::new();
    let stays = Polled::waiting(event.wait());
    let leaves = Polled::waiting(event.wait());
    drop(leaves);

    assert_eq!(format!("{event:?}"), "<Event [unset, waiters:1]>");

    event.set();
    stays.woken();
}

#[test]
fn a_future_that_moves_to_another_task_wakes_that() {
    let event = Event::new();
    let mut waits = Polled::waiting(event.wait());
    assert!(waits.move_to_other_task().is_pending());
    assert!(waits.poll().is_pending());

    event.set();

    waits.woken();
}

/// Writes its number down.
struct Numbered(usize, Arc<Mutex<Vec<usize>>>);

impl Wake for Numbered {
    fn wake(self: Arc<Self>) {
        let mut numbers = self.1.lock().expect("nobody panics in here");
        numbers.push(self.0);
    }
}

#[test]
fn all_are_woken_in_the_order_of_their_arrival() {
    let event = Event::new();
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut waiting: Vec<_> = (0..100).map(|_| Box::pin(event.wait())).collect();
    for (n, waits) in waiting.iter_mut().enumerate() {
        let waker = Waker::from(Arc::new(Numbered(n, Arc::clone(&order))));
        let poll = waits.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(poll.is_pending());
    }
    drop(waiting.remove(50));

    event.set();

    let expected: Vec<_> = (0..100).filter(|n| *n != 50).collect();
    assert_eq!(*order.lock().unwrap(), expected);
}
