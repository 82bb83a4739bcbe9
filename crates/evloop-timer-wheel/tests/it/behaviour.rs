//! Plain statements about single features.

use std::rc::Rc;

use evloop_timer_wheel::{TimerKey, TimerWheel};

#[test]
fn nothing_expires_before_its_tick() {
    let mut wheel = TimerWheel::new(0);
    wheel.insert(100, ());

    assert_eq!(wheel.advance(99).count(), 0);
    assert_eq!(wheel.now(), 99);
    assert_eq!(wheel.advance(100).count(), 1);
}

#[test]
fn time_never_goes_back() {
    let mut wheel = TimerWheel::new(1_000);
    wheel.insert(1_000, 'a');
    wheel.insert(1_001, 'b');

    let expired: Vec<_> = wheel.advance(3).map(|timer| timer.value).collect();

    assert_eq!(expired, ['a']);
    assert_eq!(wheel.now(), 1_000);
}

#[test]
fn deadlines_that_have_passed_come_after_what_is_due_now_in_order_of_insertion() {
    let mut wheel = TimerWheel::new(500);
    wheel.insert(500, 1);
    wheel.insert(7, 2);
    wheel.insert(0, 3);
    wheel.insert(500, 4);
    wheel.insert(501, 5);

    let expired: Vec<_> = wheel
        .advance(501)
        .map(|timer| (timer.deadline, timer.value))
        .collect();

    assert_eq!(expired, [(500, 1), (500, 2), (500, 3), (500, 4), (501, 5)]);
}

#[test]
fn cancel_drops_the_value_at_once() {
    let value = Rc::new(());
    let mut wheel = TimerWheel::new(0);
    let key = wheel.insert(u64::MAX, Rc::clone(&value));
    assert_eq!(Rc::strong_count(&value), 2);

    drop(wheel.cancel(key));

    assert_eq!(Rc::strong_count(&value), 1);
    assert_eq!(wheel.next_deadline(), None);
}

#[test]
fn dropping_the_wheel_drops_the_values_left_in_it() {
    let value = Rc::new(());
    let mut wheel = TimerWheel::new(0);
    for deadline in 0..100 {
        wheel.insert(deadline, Rc::clone(&value));
    }

    drop(wheel.advance(50).nth(20));
    drop(wheel);

    assert_eq!(Rc::strong_count(&value), 1);
}

#[test]
fn a_half_driven_advance_keeps_the_rest_due_and_in_order() {
    let mut wheel = TimerWheel::new(0);
    for value in 0..10 {
        wheel.insert(1_000 + value / 3, value);
    }

    let first: Vec<_> = wheel
        .advance(5_000)
        .take(4)
        .map(|timer| timer.value)
        .collect();
    wheel.insert(3, 10); // Long passed, yet never before what expired already.
    let rest: Vec<_> = wheel.advance(5_000).map(|timer| timer.value).collect();

    assert_eq!(first, [0, 1, 2, 3]);
    assert_eq!(rest, [4, 5, 10, 6, 7, 8, 9]);
    assert_eq!(wheel.now(), 5_000);
}

#[test]
fn reset_goes_behind_its_equals() {
    let mut wheel = TimerWheel::new(0);
    let first = wheel.insert(70, "first");
    wheel.insert(70, "second");
    wheel.insert(9_000, "third");

    assert!(wheel.reset(first, 70));
    let expired: Vec<_> = wheel.advance(9_000).map(|timer| timer.value).collect();

    assert_eq!(expired, ["second", "first", "third"]);
}

#[test]
fn of_two_timers_in_a_slot_the_one_that_is_left_gives_the_next_deadline_exactly() {
    for cancel_first in [true, false] {
        let mut wheel = TimerWheel::new(0);
        let first = wheel.insert(1_000, ());
        let second = wheel.insert(1_001, ());

        let (gone, left) = match cancel_first {
            true => (first, second),
            false => (second, first),
        };
        wheel.cancel(gone);

        assert_eq!(wheel.next_deadline(), wheel.deadline(left));
    }
}

#[test]
fn values_can_be_read_and_changed_in_place() {
    let mut wheel = TimerWheel::default();
    let key = wheel.insert(8, 1);

    *wheel.get_mut(key).expect("it is waiting") += 1;

    assert_eq!(wheel.get(key), Some(&2));
    assert_eq!(wheel.deadline(key), Some(8));
    assert_eq!(wheel.iter().collect::<Vec<_>>(), [(key, 8, &2)]);
    assert_eq!(wheel.clone().cancel(key), Some(2));
    assert_eq!(wheel.cancel(key), Some(2));
    assert_eq!(wheel.get(key), None);
    assert_eq!(wheel.get_mut(key), None);
}

#[test]
fn the_wheel_grows_to_its_largest_number_of_timers_and_no_further() {
    let mut wheel = TimerWheel::with_capacity(0, 64);
    let capacity = wheel.capacity();

    for round in 0..1_000 {
        let keys: Vec<TimerKey> = (0..64)
            .map(|n| wheel.insert(round * 7 + n * n * n, n))
            .collect();
        assert_eq!(wheel.len(), 64);
        for key in keys {
            assert!(wheel.reset(key, round * 9));
            assert!(wheel.cancel(key).is_some());
        }
    }

    assert_eq!(wheel.capacity(), capacity);
}

#[test]
fn the_wheel_can_move_to_another_thread_when_its_values_can() {
    fn assert_send_and_sync<T: Send + Sync>() {}
    assert_send_and_sync::<TimerWheel<u8>>();
}

#[test]
fn debug_tells_the_time_and_what_waits() {
    let mut wheel = TimerWheel::new(3);
    wheel.insert(9, ());

    assert_eq!(
        format!("{wheel:?}"),
        "TimerWheel { now: 3, len: 1, next_deadline: Some(9) }"
    );
    assert_eq!(
        format!("{:?}", wheel.advance(5)),
        "Expired { until: 5, wheel: TimerWheel { now: 3, len: 1, next_deadline: Some(9) } }"
    );
}
