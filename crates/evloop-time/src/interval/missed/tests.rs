//! The policies against their closed forms.

use proptest::prelude::*;

use super::*;
use crate::clock::{Clock, ManualClock};

proptest! {
    #[test]
    fn the_next_tick_follows_the_closed_form(
        period in (1_u64..u64::MAX, 0_u32..63).prop_map(|(bits, shift)| (bits >> shift).max(1)),
        late in (any::<u64>(), 1_u32..64).prop_map(|(bits, shift)| bits >> shift),
        is_on_the_grid in any::<bool>(),
    ) {
        let late = match is_on_the_grid {
            true => (late % 100).saturating_mul(period),
            false => late,
        };
        let scheduled = ManualClock::new().now();
        let next = |policy: MissedTicks| {
            let next = policy.next(
                scheduled,
                Duration::from_nanos(period),
                scheduled + Duration::from_nanos(late),
            );
            next.expect("it can be expressed").duration_since(scheduled).as_nanos()
        };
        let (period, late) = (u128::from(period), u128::from(late));

        prop_assert_eq!(next(MissedTicks::Burst), period);
        prop_assert_eq!(next(MissedTicks::Skip), (late / period + 1) * period);
        prop_assert_eq!(
            next(MissedTicks::Delay),
            if late < period { period } else { late + period }
        );
    }
}

#[test]
fn a_period_beyond_the_end_of_time_is_never() {
    let scheduled = ManualClock::new().now();

    for policy in [MissedTicks::Burst, MissedTicks::Skip, MissedTicks::Delay] {
        assert_eq!(policy.next(scheduled, Duration::MAX, scheduled), None);
    }
}
