//! Intervals and what they do about missed ticks.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use evloop_fixtures::Wakes;
use evloop_time::{Interval, MissedTicks, interval, interval_at};

use super::support::{Flavour, MS, SECOND, World, YEAR};

fn tick(beat: &mut Interval) -> Poll<Instant> {
    beat.poll_tick(&mut Context::from_waker(Waker::noop()))
}

/// Takes every tick that is there without time passing; each but the first costs a turn.
fn ticks_now(world: &World, beat: &mut Interval) -> Vec<Duration> {
    let mut ticks = Vec::new();
    loop {
        if let Poll::Ready(scheduled) = tick(beat) {
            ticks.push(scheduled - world.start);
        } else if world.turn() == 0 {
            return ticks;
        }
    }
}

#[test]
fn a_period_of_zero_is_an_error() {
    let error = interval(Duration::ZERO).expect_err("it would tick without end");
    assert_eq!(
        error.to_string(),
        "failed to create the interval: its period is zero, which would tick without end"
    );
    let world = World::new();
    assert!(interval_at(world.start, Duration::ZERO).is_err());
    assert!(world.driver.handle().interval(Duration::ZERO).is_err());
    assert!(
        world
            .driver
            .handle()
            .interval_at(world.start, Duration::ZERO)
            .is_err()
    );
}

#[test]
fn the_first_tick_is_at_the_first_poll_and_the_others_on_its_grid() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let mut beat = interval(10 * MS).expect("the period is not zero");
        world.clock.advance(3 * MS);

        assert_eq!(ticks_now(&world, &mut beat), [3 * MS]);
        world.clock.advance(14 * MS);
        assert_eq!(ticks_now(&world, &mut beat), [13 * MS]);
        world.clock.advance(6 * MS);
        assert_eq!(ticks_now(&world, &mut beat), [23 * MS]);
        assert_eq!(beat.period(), 10 * MS);
    }
}

#[test]
fn a_bound_interval_starts_where_it_is_told_to() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let handle = world.driver.handle();
        let mut beat = handle
            .interval_at(world.start + SECOND, SECOND)
            .expect("the period is not zero");

        assert_eq!(ticks_now(&world, &mut beat), []);
        world.clock.advance(SECOND);
        assert_eq!(ticks_now(&world, &mut beat), [SECOND]);

        let mut beat = handle.interval(SECOND).expect("the period is not zero");
        assert_eq!(ticks_now(&world, &mut beat), [SECOND]);
    }
}

#[test]
fn museum_bm65_thirty_seconds_of_standstill_follow_the_policy() {
    for flavour in Flavour::each() {
        let grid = |ms: std::ops::RangeInclusive<u32>| ms.map(|n| 100 * n * MS).collect::<Vec<_>>();
        let cases = [
            (
                MissedTicks::Burst,
                grid(1..=300),
                vec![30_100 * MS, 30_200 * MS],
            ),
            (
                MissedTicks::Skip,
                grid(1..=1),
                vec![30_100 * MS, 30_200 * MS],
            ),
            (
                MissedTicks::Delay,
                grid(1..=1),
                vec![30_150 * MS, 30_250 * MS],
            ),
        ];
        for (policy, at_once, later) in cases {
            let world = World::of(flavour);
            let _guard = world.driver.enter();
            let beat = interval(100 * MS).expect("the period is not zero");
            let mut beat = beat.with_missed_ticks(policy);
            assert_eq!(beat.missed_ticks(), policy);
            assert_eq!(ticks_now(&world, &mut beat), [Duration::ZERO]);
            assert!(tick(&mut beat).is_pending());

            world.clock.advance(30_050 * MS);
            assert_eq!(ticks_now(&world, &mut beat), at_once, "{policy:?}");

            for scheduled in later {
                world.clock.advance_to(world.start + scheduled - MS);
                assert_eq!(ticks_now(&world, &mut beat), [], "{policy:?}");
                world.clock.advance(MS);
                assert_eq!(ticks_now(&world, &mut beat), [scheduled], "{policy:?}");
            }
        }
        assert_eq!(MissedTicks::default(), MissedTicks::Skip);
    }
}

#[test]
fn an_overdue_tick_leaves_others_their_turn() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let (count, waker) = Wakes::new();
        let mut cx = Context::from_waker(&waker);
        let mut beat = interval_at(world.start, Duration::from_nanos(1))
            .expect("the period is not zero")
            .with_missed_ticks(MissedTicks::Burst);
        world.clock.advance(SECOND);

        for n in 0..100 {
            assert_eq!(count.count(), n);
            assert!(beat.poll_tick(&mut cx).is_pending());
            assert_eq!(world.turn(), 1);
            assert!(beat.poll_tick(&mut cx).is_ready());
        }
    }
}

#[test]
fn a_dropped_call_of_tick_takes_no_tick() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let mut beat = interval(SECOND).expect("the period is not zero");
        assert!(tick(&mut beat).is_ready());
        let mut cx = Context::from_waker(Waker::noop());

        assert!(pin!(beat.tick()).poll(&mut cx).is_pending());
        world.pass(SECOND);
        drop(beat.tick());

        assert_eq!(tick(&mut beat), Poll::Ready(world.start + SECOND));
    }
}

#[test]
fn reset_starts_a_new_grid() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let mut beat = interval(SECOND).expect("the period is not zero");
        assert!(tick(&mut beat).is_ready());
        assert!(tick(&mut beat).is_pending());

        world.clock.advance(300 * MS);
        beat.reset();
        world.clock.advance(999 * MS);
        assert_eq!(ticks_now(&world, &mut beat), []);
        world.clock.advance(MS);
        assert_eq!(ticks_now(&world, &mut beat), [1_300 * MS]);

        beat.reset_at(world.start + 7 * SECOND);
        world.clock.advance(10 * SECOND);
        assert_eq!(ticks_now(&world, &mut beat), [7 * SECOND]);
    }
}

#[test]
fn a_period_beyond_the_end_of_time_ticks_once() {
    for flavour in Flavour::each() {
        let world = World::of(flavour);
        let _guard = world.driver.enter();
        let mut beat = interval(Duration::MAX).expect("the period is not zero");

        assert_eq!(ticks_now(&world, &mut beat), [Duration::ZERO]);
        world.clock.advance(500 * YEAR);
        assert_eq!(ticks_now(&world, &mut beat), []);
    }
}
