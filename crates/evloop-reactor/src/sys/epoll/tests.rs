//! Waiting on epoll directly: timeouts and events.

use std::time::Duration;

use polling::Poller;
use proptest::prelude::*;
use rustix::event::Timespec;

use super::{Events, LONGEST, PRECISE, REST};

fn nanos(timespec: Timespec) -> u128 {
    let seconds = u128::try_from(timespec.tv_sec).unwrap();
    seconds * 1_000_000_000 + u128::try_from(timespec.tv_nsec).unwrap()
}

fn any_duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        any::<u64>().prop_map(Duration::from_secs),
        any::<u64>().prop_map(Duration::from_nanos),
        any::<u32>().prop_map(|ms| Duration::from_millis(ms.into())),
        (any::<u64>(), 0..1_000_000_000u32).prop_map(|(s, ns)| Duration::new(s, ns)),
        (0..=2_000_000_000u64).prop_map(Duration::from_nanos),
        Just(Duration::MAX),
        Just(PRECISE),
        Just(PRECISE + Duration::from_nanos(1)),
    ]
}

proptest! {
    /// Epoll gets zero only for zero, and otherwise at least a millisecond's worth that ends
    /// before the timeout; everything precise is left to the timer.
    #[test]
    fn museum_bm45_no_duration_is_truncated_to_a_spin_or_to_for_ever(timeout in any_duration()) {
        let poller = Poller::new().unwrap();
        let events = Events::new(&poller);

        let epoll = events.set_timer(timeout).map(nanos);

        if timeout.is_zero() {
            prop_assert_eq!(epoll, Some(0));
        } else if timeout <= PRECISE {
            prop_assert_eq!(epoll, None);
        } else {
            let waits = epoll.unwrap();
            prop_assert!(waits >= (PRECISE - REST).as_nanos());
            prop_assert!(waits <= (timeout - REST).as_nanos());
            prop_assert!(waits <= LONGEST.as_nanos());
            prop_assert!(waits / 1_000_000 < i32::MAX as u128);
        }
    }
}

#[test]
fn without_a_timer_epoll_itself_ends_the_wait() {
    let poller = Poller::new().unwrap();
    let mut events = Events::new(&poller);
    events.timer = None;

    let epoll = events.set_timer(Duration::from_micros(1)).map(nanos);

    assert_eq!(epoll, Some(1_000));
}

#[test]
fn the_timer_ends_a_wait_and_is_not_an_event() {
    let poller = Poller::new().unwrap();
    let mut events = Events::new(&poller);

    for _ in 0..3 {
        events
            .wait(&poller, Some(Duration::from_micros(50)))
            .unwrap();
        assert!(events.is_empty());
    }
}
