//! The wheel against a `BTreeMap` over years of virtual time.

use std::collections::BTreeMap;

use evloop_timer_wheel::{TimerKey, TimerWheel};
use proptest::prelude::*;
use proptest::sample::Index;

/// A day of nanoseconds; jumps reach ten years.
const DAY: u64 = 86_400 * 1_000_000_000;

#[derive(Clone, Debug)]
enum Step {
    Insert(Delay),
    /// One that is live, or one that is long gone.
    Cancel(Index),
    Reset(Index, Delay),
    Advance(Delay),
    /// Drives the iterator only so far.
    AdvancePartly(Delay, usize),
    /// What a loop does: wait for the next deadline, again and again.
    AdvanceToNext,
    ShrinkToFit,
}

/// An offset from the wheel's time, or a place on the axis.
#[derive(Clone, Debug)]
enum Delay {
    Ahead(u64),
    Behind(u64),
    At(u64),
    /// The deadline of a timer that is waiting, to provoke ties.
    Like(Index),
}

fn delay() -> impl Strategy<Value = Delay> {
    prop_oneof![
        3 => (0_u64..130).prop_map(Delay::Ahead),
        3 => (any::<u64>(), 0_u32..64).prop_map(|(bits, shift)| Delay::Ahead(bits >> shift)),
        2 => (0..3_650 * DAY).prop_map(Delay::Ahead),
        2 => power_of_64().prop_map(Delay::Ahead),
        1 => (0_u64..130).prop_map(Delay::Behind),
        1 => (any::<u64>(), 0_u32..64).prop_map(|(bits, shift)| Delay::Behind(bits >> shift)),
        1 => (0_u64..3).prop_map(|back| Delay::At(u64::MAX - back)),
        1 => any::<u64>().prop_map(Delay::At),
        3 => any::<Index>().prop_map(Delay::Like),
    ]
}

/// A value within two of a power of 64.
fn power_of_64() -> impl Strategy<Value = u64> {
    (0_u32..11, -2_i64..=2)
        .prop_map(|(digit, off)| (1_u64 << (6 * digit)).saturating_add_signed(off))
}

fn start() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        power_of_64(),
        (0_u64..5_000).prop_map(|back| u64::MAX - back),
        (1_u64..300).prop_map(|years| years * 365 * DAY),
        any::<u64>(),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => delay().prop_map(Step::Insert),
        2 => any::<Index>().prop_map(Step::Cancel),
        2 => (any::<Index>(), delay()).prop_map(|(index, delay)| Step::Reset(index, delay)),
        3 => delay().prop_map(Step::Advance),
        1 => (delay(), 0_usize..4).prop_map(|(delay, n)| Step::AdvancePartly(delay, n)),
        2 => Just(Step::AdvanceToNext),
        1 => Just(Step::ShrinkToFit),
    ]
}

/// The same promises, kept the slow way.
struct Model {
    now: u64,
    by_deadline: BTreeMap<(u64, u64), u64>,
    /// Every key ever issued, with the place of its timer in the map while it is live.
    keys: Vec<(TimerKey, Option<(u64, u64)>)>,
    sequence: u64,
    /// Whether anything was ever cancelled or reset: until then `next_deadline` is exact, and
    /// later while anything is overdue.
    disturbed: bool,
}

impl Model {
    fn resolve(&self, delay: &Delay) -> u64 {
        match delay {
            Delay::Ahead(ticks) => self.now.saturating_add(*ticks),
            Delay::Behind(ticks) => self.now.saturating_sub(*ticks),
            Delay::At(tick) => *tick,
            Delay::Like(index) if self.by_deadline.is_empty() => index.index(1_000) as u64,
            Delay::Like(index) => {
                let n = index.index(self.by_deadline.len());
                self.by_deadline.keys().nth(n).expect("n is in range").0
            }
        }
    }

    /// The map's key of a new insertion at this deadline.
    fn place(&mut self, deadline: u64) -> (u64, u64) {
        self.sequence += 1;
        (deadline, self.sequence)
    }

    /// What an advance takes out, at most `limit` timers.
    fn advance(&mut self, now: u64, limit: usize) -> Vec<(u64, u64)> {
        let until = now.max(self.now);
        let mut expired = Vec::new();
        while let Some((&place, &value)) = self.by_deadline.first_key_value() {
            if place.0 > until || expired.len() == limit {
                break;
            }
            self.by_deadline.remove(&place);
            self.now = self.now.max(place.0);
            self.keys[value as usize].1 = None;
            expired.push((place.0, value));
        }
        if expired.len() < limit {
            self.now = until;
        }
        expired
    }

    fn check(&self, wheel: &TimerWheel<u64>) -> Result<(), TestCaseError> {
        prop_assert_eq!(wheel.now(), self.now);
        prop_assert_eq!(wheel.len(), self.by_deadline.len());
        let earliest = self.by_deadline.keys().next().map(|place| place.0);
        let next = wheel.next_deadline();
        prop_assert_eq!(next.is_some(), earliest.is_some());
        if let (Some(next), Some(earliest)) = (next, earliest) {
            let is_overdue = earliest < self.now;
            if is_overdue || !self.disturbed {
                prop_assert_eq!(next, earliest);
            }
            if is_overdue {
                return Ok(());
            }
            prop_assert!(self.now <= next && next <= earliest);
            // Early by less than the slot: all but the digit of the level and those below agree.
            let level = ((earliest ^ self.now) | 63).ilog2() / 6;
            prop_assert_eq!(earliest >> (6 * level), next >> (6 * level));
        }
        Ok(())
    }
}

fn run(start: u64, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let mut wheel = TimerWheel::new(start);
    let mut model = Model {
        now: start,
        by_deadline: BTreeMap::new(),
        keys: Vec::new(),
        sequence: 0,
        disturbed: false,
    };
    for step in steps {
        take(&step, &mut wheel, &mut model)?;
        model.check(&wheel)?;
    }

    let rest = drain(wheel.advance(u64::MAX), usize::MAX);
    prop_assert_eq!(rest, model.advance(u64::MAX, usize::MAX));
    prop_assert!(wheel.is_empty());
    Ok(())
}

fn take(step: &Step, wheel: &mut TimerWheel<u64>, model: &mut Model) -> Result<(), TestCaseError> {
    match step {
        Step::Insert(delay) => {
            let deadline = model.resolve(delay);
            let value = model.keys.len() as u64;
            let key = wheel.insert(deadline, value);
            let place = model.place(deadline);
            model.by_deadline.insert(place, value);
            model.keys.push((key, Some(place)));
            prop_assert_eq!(wheel.deadline(key), Some(deadline));
        }
        Step::Cancel(index) if !model.keys.is_empty() => {
            let n = index.index(model.keys.len());
            let (key, place) = model.keys[n];
            let expected = place.and_then(|place| model.by_deadline.remove(&place));
            model.keys[n].1 = None;
            model.disturbed = true;
            prop_assert_eq!(wheel.contains(key), expected.is_some());
            prop_assert_eq!(wheel.cancel(key), expected);
            prop_assert_eq!(wheel.get(key), None);
        }
        Step::Reset(index, delay) if !model.keys.is_empty() => {
            let n = index.index(model.keys.len());
            let deadline = model.resolve(delay);
            let (key, old) = model.keys[n];
            prop_assert_eq!(wheel.reset(key, deadline), old.is_some());
            if let Some(value) = old.and_then(|old| model.by_deadline.remove(&old)) {
                let place = model.place(deadline);
                model.by_deadline.insert(place, value);
                model.keys[n].1 = Some(place);
                model.disturbed = true;
                prop_assert_eq!(wheel.deadline(key), Some(deadline));
            }
        }
        Step::Cancel(_) | Step::Reset(..) => {}
        Step::Advance(delay) => {
            let now = model.resolve(delay);
            let expired = drain(wheel.advance(now), usize::MAX);
            prop_assert_eq!(expired, model.advance(now, usize::MAX));
        }
        Step::AdvancePartly(delay, limit) => {
            let now = model.resolve(delay);
            let expired = drain(wheel.advance(now), *limit);
            if *limit > 0 {
                prop_assert_eq!(expired, model.advance(now, *limit));
            }
        }
        Step::AdvanceToNext => advance_to_next(wheel, model)?,
        Step::ShrinkToFit => wheel.shrink_to_fit(),
    }
    Ok(())
}

/// Waits for one deadline after another until something expires: never long.
fn advance_to_next(wheel: &mut TimerWheel<u64>, model: &mut Model) -> Result<(), TestCaseError> {
    for _ in 0..=11 {
        let Some(next) = wheel.next_deadline() else {
            return Ok(());
        };
        let expired = drain(wheel.advance(next), usize::MAX);
        prop_assert_eq!(&expired, &model.advance(next, usize::MAX));
        if !expired.is_empty() {
            return Ok(());
        }
        model.check(wheel)?;
    }
    Err(TestCaseError::fail("twelve waits and nothing expired"))
}

fn drain(expired: evloop_timer_wheel::Expired<'_, u64>, limit: usize) -> Vec<(u64, u64)> {
    expired
        .take(limit)
        .map(|timer| (timer.deadline, timer.value))
        .collect()
}

// `PROPTEST_CASES=100000` with `--release` digs deeper.
proptest! {
    #[test]
    fn the_wheel_agrees_with_an_ordered_map(
        start in start(),
        steps in prop::collection::vec(step(), 1..200),
    ) {
        run(start, steps)?;
    }

    #[test]
    fn the_next_deadline_is_exact_while_nothing_is_cancelled(
        start in start(),
        delays in prop::collection::vec((delay(), delay()), 1..60),
    ) {
        let steps = delays
            .into_iter()
            .flat_map(|(insert, advance)| [Step::Insert(insert.clone()), Step::Insert(insert), Step::Advance(advance)])
            .collect();
        run(start, steps)?;
    }
}
