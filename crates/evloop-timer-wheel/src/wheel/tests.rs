//! Invariants that the public interface does not show.

use alloc::vec::Vec;
use core::num::NonZeroU64;
use core::task::Waker;

use proptest::prelude::*;

use super::*;
use crate::entries::Entry;

#[test]
fn a_timer_with_a_waker_takes_forty_bytes() {
    assert_eq!(size_of::<Entry<Waker>>(), 40);
    assert_eq!(size_of::<Option<TimerKey>>(), 16);
}

#[test]
fn a_position_is_the_highest_differing_digit() {
    let cases = [
        (0, 0, 0, 0),
        (63, 0, 0, 0),
        (64, 0, 1, 64),
        (127, 64, 0, 64),
        (128, 127, 1, 128),
        (4_095, 0, 1, 4_032),
        (4_096, 4_095, 2, 4_096),
        (1 << 60, 0, 10, 1 << 60),
        (u64::MAX, 0, 10, 15 << 60),
        (u64::MAX, u64::MAX, 0, u64::MAX),
        (u64::MAX, u64::MAX - 63, 0, u64::MAX - 63),
    ];
    for (deadline, now, level, start_of_slot) in cases {
        let position = Position::of(deadline, now);

        assert_eq!(position.level, level, "deadline {deadline}, now {now}");
        if level == 0 {
            assert_eq!(
                position.start(now),
                deadline,
                "deadline {deadline}, now {now}"
            );
        } else {
            assert_eq!(
                position.start(now),
                start_of_slot,
                "deadline {deadline}, now {now}"
            );
        }
    }
}

#[test]
fn the_stamp_skips_zero_when_it_wraps() {
    let mut wheel = TimerWheel::new(0);
    wheel.entries.set_next_stamp(NonZeroU64::MAX);

    let last = wheel.insert(1, 'a');
    let first = wheel.insert(1, 'b');

    assert_eq!(
        (last.stamp, first.stamp),
        (NonZeroU64::MAX, NonZeroU64::MIN)
    );
    assert_eq!(wheel.cancel(last), Some('a'));
    assert_eq!(wheel.cancel(last), None);
    assert_eq!(wheel.get(first), Some(&'b'));
    check_invariants(&wheel);
}

#[test]
fn shrinking_keeps_the_timers_and_reuses_the_gaps() {
    let mut wheel = TimerWheel::new(0);
    let keys: Vec<_> = (0..100)
        .map(|deadline| wheel.insert(deadline, deadline))
        .collect();
    for &key in keys.iter().filter(|key| key.index != 10 && key.index != 40) {
        wheel.cancel(key);
    }

    wheel.shrink_to_fit();
    assert_eq!(wheel.capacity(), 41);
    let fresh: Vec<_> = (0..39)
        .map(|deadline| wheel.insert(deadline, deadline))
        .collect();

    assert_eq!(wheel.capacity(), 41);
    assert!(keys.iter().filter(|&&key| wheel.contains(key)).count() == 2);
    assert!(fresh.iter().all(|&key| wheel.contains(key)));
    check_invariants(&wheel);
    assert_eq!(wheel.advance(u64::MAX).count(), 41);
    wheel.shrink_to_fit();
    assert_eq!(wheel.capacity(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_timer_is_always_where_its_deadline_and_now_put_it(
        start in any::<u64>().prop_map(|bits| bits >> (bits % 64)),
        steps in prop::collection::vec((0_u8..8, any::<u64>(), 0_u32..64, any::<prop::sample::Index>()), 1..80),
    ) {
        let mut wheel = TimerWheel::new(start);
        let mut keys = Vec::new();
        for (step, bits, shift, index) in steps {
            let ahead = wheel.now().saturating_add(bits >> shift);
            let behind = wheel.now().saturating_sub(bits >> shift);
            match step {
                0 | 1 => keys.push(wheel.insert(ahead, ())),
                2 => drop(wheel.advance(ahead).take(bits as usize % 7).count()),
                3 => keys.push(wheel.insert(behind, ())),
                4 if !keys.is_empty() => { wheel.reset(keys[index.index(keys.len())], behind); }
                5 if !keys.is_empty() => { wheel.cancel(keys[index.index(keys.len())]); }
                _ if !keys.is_empty() => { wheel.reset(keys[index.index(keys.len())], ahead); }
                _ => {}
            }
            check_invariants(&wheel);
        }
    }
}

fn check_invariants<T>(wheel: &TimerWheel<T>) {
    let mut n_linked = 0;
    for (deadline, sequence, index) in wheel.overdue.iter() {
        let entry = wheel.entries.at(index);
        assert!(deadline < wheel.now);
        assert_eq!((entry.deadline, entry.sequence()), (deadline, sequence));
        n_linked += 1;
    }
    for position in wheel.slots.occupied() {
        let slot = wheel.slots.get(position);
        let (mut previous, mut index) = (NIL, slot.head);
        while index != NIL {
            let entry = wheel.entries.at(index);
            assert_eq!(entry.previous, previous);
            assert_eq!(Position::of(entry.deadline, wheel.now), position);
            assert!(entry.deadline >= slot.earliest);
            assert!(entry.deadline >= wheel.now);
            (previous, index) = (index, entry.next);
            n_linked += 1;
        }
        assert_eq!(slot.tail, previous, "the tail ends the list");
        assert!(slot.earliest >= position.start(wheel.now) || position.level == 0);
    }
    assert_eq!(n_linked, wheel.len());
    assert_eq!(wheel.iter().count(), wheel.len());
    assert!(wheel.slots.levels_agree());
}
