//! Limits in time.

use std::future::{pending, poll_fn, ready};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use evloop_time::{deadline, deadline_at, sleep};

use super::support::{Flavour, MS, SECOND, World};

#[test]
fn a_future_that_is_ready_at_once_needs_neither_driver_nor_time() {
    let mut cx = Context::from_waker(Waker::noop());

    assert_eq!(
        pin!(deadline(Duration::ZERO, ready(1))).poll(&mut cx),
        Poll::Ready(Ok(1))
    );
    assert_eq!(
        pin!(deadline(SECOND, ready(2))).poll(&mut cx),
        Poll::Ready(Ok(2))
    );
    let past = World::new().start;
    assert_eq!(
        pin!(deadline_at(past, ready(3))).poll(&mut cx),
        Poll::Ready(Ok(3))
    );
}

#[test]
fn a_late_future_is_dropped_with_the_error() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let mut cx = Context::from_waker(Waker::noop());
        let held = Arc::new(());
        let holder = Arc::clone(&held);
        let mut limited = pin!(deadline(20 * MS, async move {
            pending::<()>().await;
            drop(holder);
        }));
        assert!(limited.as_mut().poll(&mut cx).is_pending());
        world.pass(20 * MS - Duration::from_nanos(1));
        assert!(limited.as_mut().poll(&mut cx).is_pending());
        assert_eq!(Arc::strong_count(&held), 2);

        world.pass(Duration::from_nanos(1));
        let Poll::Ready(Err(elapsed)) = limited.as_mut().poll(&mut cx) else {
            panic!("it is late");
        };

        assert_eq!(elapsed.limit(), Some(20 * MS));
        assert_eq!(elapsed.to_string(), "failed to finish within 20ms");
        assert_eq!(Arc::strong_count(&held), 1);
    }
}

#[test]
fn a_future_in_time_takes_the_timer_out_at_once() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let mut cx = Context::from_waker(Waker::noop());
        let mut limited = pin!(deadline(SECOND, async {
            sleep(MS).await;
            7
        }));
        assert!(limited.as_mut().poll(&mut cx).is_pending());

        world.pass(MS);

        assert_eq!(limited.as_mut().poll(&mut cx), Poll::Ready(Ok(7)));
        assert!(!world.driver.has_timers());
    }
}

#[test]
fn the_future_is_asked_first_even_when_it_is_late() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let mut cx = Context::from_waker(Waker::noop());
        let mut n_polls = 0;
        let second_poll = poll_fn(|_| {
            n_polls += 1;
            match n_polls {
                2 => Poll::Ready("in the last moment"),
                _ => Poll::Pending,
            }
        });
        let mut limited = pin!(deadline(SECOND, second_poll));
        assert!(limited.as_mut().poll(&mut cx).is_pending());

        world.pass(SECOND);

        assert_eq!(
            limited.as_mut().poll(&mut cx),
            Poll::Ready(Ok("in the last moment"))
        );
    }
}

#[test]
fn a_limit_of_zero_allows_one_suspension() {
    let mut cx = Context::from_waker(Waker::noop());
    let mut limited = pin!(deadline(Duration::ZERO, pending::<()>()));

    assert!(limited.as_mut().poll(&mut cx).is_pending());
    assert!(matches!(
        limited.as_mut().poll(&mut cx),
        Poll::Ready(Err(_))
    ));
}

#[test]
fn bound_deadlines_need_no_current_driver() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let handle = world.driver.handle();
        let mut cx = Context::from_waker(Waker::noop());
        let mut relative = pin!(handle.deadline(SECOND, pending::<()>()));
        let mut absolute = pin!(handle.deadline_at(world.start + SECOND, pending::<()>()));
        assert!(relative.as_mut().poll(&mut cx).is_pending());
        assert!(absolute.as_mut().poll(&mut cx).is_pending());

        world.pass(SECOND);

        assert!(matches!(
            relative.as_mut().poll(&mut cx),
            Poll::Ready(Err(_))
        ));
        let Poll::Ready(Err(elapsed)) = absolute.as_mut().poll(&mut cx) else {
            panic!("it is late");
        };
        assert_eq!(elapsed.to_string(), "failed to finish before the deadline");
    }
}

#[test]
#[should_panic(expected = "polled after it had completed")]
fn polling_a_completed_deadline_is_a_clear_error() {
    let mut cx = Context::from_waker(Waker::noop());
    let mut limited = pin!(deadline(SECOND, ready(())));
    assert!(limited.as_mut().poll(&mut cx).is_ready());

    assert!(limited.as_mut().poll(&mut cx).is_pending());
}
