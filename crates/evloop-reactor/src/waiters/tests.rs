//! The list of waiters of one direction.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Wake, Waker},
};

use proptest::prelude::*;

use super::{Place, Ticket, Waiters};

/// Remembers by whom it was woken: the order is its own number.
struct Numbered(u64, Arc<AtomicU64>);

impl Wake for Numbered {
    fn wake(self: Arc<Self>) {
        self.1.store(self.0, Ordering::Relaxed);
    }
}

#[derive(Debug, Clone)]
enum Step {
    Put(usize),
    Take(usize),
    Slot,
    TakeSlot,
    WakeAll,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..8usize).prop_map(Step::Put),
        3 => (0..8usize).prop_map(Step::Take),
        1 => Just(Step::Slot),
        1 => Just(Step::TakeSlot),
        1 => Just(Step::WakeAll),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// The list against a map from the order of arrival to the number of the waker.
    #[test]
    fn waiters_agree_with_a_map_and_wake_in_order_of_arrival(
        steps in prop::collection::vec(step(), 0..60)
    ) {
        let last = Arc::new(AtomicU64::new(0));
        let mut number = 0;
        let mut waiters = Waiters::default();
        let mut tickets: [Option<Ticket>; 8] = [None; 8];
        let mut model: BTreeMap<u64, (usize, u64)> = BTreeMap::new();
        let mut slot: Option<u64> = None;
        let mut arrivals = 0;

        for step in steps {
            number += 1;
            let waker = Waker::from(Arc::new(Numbered(number, Arc::clone(&last))));
            match step {
                Step::Put(who) => {
                    let known = model.iter().find(|(_, (owner, _))| *owner == who).map(|(k, _)| *k);
                    let stale = waiters.put(&mut Place::List(&mut tickets[who]), waker);
                    prop_assert_eq!(stale.is_some(), known.is_some());
                    let arrival = known.unwrap_or_else(|| { arrivals += 1; arrivals });
                    model.insert(arrival, (who, number));
                }
                Step::Take(who) => {
                    let taken = waiters.take(&mut Place::List(&mut tickets[who]));
                    let before = model.len();
                    model.retain(|_, (owner, _)| *owner != who);
                    prop_assert_eq!(taken.is_some(), model.len() < before);
                }
                Step::Slot => {
                    waiters.put(&mut Place::Slot, waker);
                    slot = Some(number);
                }
                Step::TakeSlot => {
                    let taken = waiters.take(&mut Place::Slot);
                    prop_assert_eq!(taken.is_some(), slot.take().is_some());
                }
                Step::WakeAll => {
                    let mut woken = Vec::new();
                    waiters.take_all(&mut woken);
                    let order: Vec<u64> = woken
                        .into_iter()
                        .map(|waker| { waker.wake(); last.load(Ordering::Relaxed) })
                        .collect();
                    let expected: Vec<u64> =
                        slot.take().into_iter().chain(model.values().map(|(_, n)| *n)).collect();
                    prop_assert_eq!(order, expected);
                    model.clear();
                }
            }
            prop_assert_eq!(waiters.len(), model.len() + usize::from(slot.is_some()));
        }
    }
}
