//! The manual clock and what it does to waiting drivers.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use evloop_fixtures::{Wakes, in_thread, watched};
use evloop_time::{Clock, ManualClock};

use super::support::{Call, Flavour, SECOND, World, YEAR, poll, run};

#[test]
fn a_manual_clock_moves_only_forward_and_stops_at_its_end() {
    let clock = ManualClock::new();
    let start = clock.now();

    clock.advance_to(start + 5 * SECOND);
    clock.advance_to(start);
    assert_eq!(clock.elapsed(), 5 * SECOND);

    clock.advance(Duration::MAX);
    assert_eq!(clock.elapsed(), Duration::from_nanos(u64::MAX));
    clock.advance(SECOND);
    assert_eq!(clock.elapsed(), Duration::from_nanos(u64::MAX));
}

#[test]
fn clones_are_the_same_clock() {
    let clock = ManualClock::default();
    clock.clone().advance(SECOND);
    assert_eq!(clock.elapsed(), SECOND);
}

#[test]
fn an_auto_jumping_clock_jumps_only_when_there_is_a_deadline() {
    let clock = ManualClock::new().with_auto_jump();
    assert_eq!(clock.idle(None), None);
    assert_eq!(clock.elapsed(), Duration::ZERO);

    assert_eq!(clock.idle(Some(clock.now() + SECOND)), Some(Duration::ZERO));
    assert_eq!(clock.elapsed(), SECOND);

    clock.set_auto_jump(false);
    assert_eq!(clock.idle(Some(clock.now() + SECOND)), None);
    assert_eq!(clock.elapsed(), SECOND);
}

#[test]
fn moving_the_clock_wakes_the_drivers_that_wait_until_they_are_gone() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let (old, old_waker) = Wakes::new();
        let (new, new_waker) = Wakes::new();
        world.driver.set_unpark(old_waker);
        world.driver.set_unpark(new_waker);

        world.clock.advance(SECOND);
        assert_eq!((old.count(), new.count()), (0, 1));
        world.clock.advance(Duration::ZERO);
        assert_eq!(new.count(), 1, "it did not move");

        let clock = world.clock.clone();
        drop(world);
        clock.advance(SECOND);
        assert_eq!(new.count(), 1);
    }
}

#[test]
fn a_parked_loop_notices_a_clock_moved_from_another_thread() {
    for flavour in Flavour::each() {
        watched(move || {
            let world = World::of(flavour);
            let clock = world.clock.clone();
            let mover = in_thread(move || {
                for _ in 0..100 {
                    clock.advance(SECOND);
                }
            });

            run(
                &world.driver,
                evloop_time::sleep_until(world.start + 100 * SECOND),
            );

            mover.join().expect("it does not panic");
        });
    }
}

#[test]
fn the_end_of_the_clock_is_not_the_end_of_never() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let mut never = evloop_time::sleep(Duration::MAX);
        assert!(poll(&mut never).is_pending());

        for _ in 0..3 {
            assert_eq!(world.pass(1_000 * YEAR), 0);
            assert!(poll(&mut never).is_pending());
        }
        assert_eq!(world.driver.next_deadline(), None);
    }
}

#[test]
fn a_waker_that_panics_when_the_clock_moves_leaves_the_others_woken() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let other = flavour.driver(Arc::new(world.clock.clone()));
        let panics = Waker::from(Arc::new(Call(|| panic!("a hostile waker"))));
        let (count, waker) = Wakes::new();
        world.driver.set_unpark(panics);
        other.set_unpark(waker);

        world.clock.advance(SECOND);

        assert_eq!(count.count(), 1);
    }
}
