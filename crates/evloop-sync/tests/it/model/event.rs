//! The event.

use evloop_sync::{Event, EventWait};
use proptest::prelude::*;

use super::STEPS;
use crate::support::{Polled, at_once};

#[derive(Clone, Debug)]
enum Op {
    Set,
    Clear,
    Wait,
    Poll(usize),
    Move(usize),
    Leave(usize),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        2 => Just(Op::Set),
        3 => Just(Op::Clear),
        5 => Just(Op::Wait),
        3 => any::<usize>().prop_map(Op::Poll),
        2 => any::<usize>().prop_map(Op::Move),
        3 => any::<usize>().prop_map(Op::Leave),
    ];
    prop::collection::vec(op, STEPS)
}

proptest! {
    /// Each knows whether the flag was raised since it began to wait.
    #[test]
    fn museum_bm79_events_do_what_the_model_does(ops in ops()) {
        let event = Event::new();
        let mut is_set = false;
        let mut waiting: Vec<(Polled<EventWait<'_>>, bool)> = Vec::new();
        for op in ops {
            match op {
                Op::Set => {
                    event.set();
                    is_set = true;
                    waiting.iter_mut().for_each(|(_, is_through)| *is_through = true);
                }
                Op::Clear => {
                    event.clear();
                    is_set = false;
                }
                Op::Wait if is_set => prop_assert!(at_once(event.wait()).is_some()),
                Op::Wait => waiting.push((Polled::waiting(event.wait()), false)),
                Op::Poll(n) | Op::Move(n) if !waiting.is_empty() => {
                    let n = n % waiting.len();
                    let (wait, is_through) = &mut waiting[n];
                    let poll = match op {
                        Op::Move(_) => wait.move_to_other_task(),
                        _ => wait.poll(),
                    };
                    prop_assert_eq!(poll.is_ready(), *is_through);
                    if poll.is_ready() {
                        waiting.swap_remove(n);
                    }
                }
                Op::Leave(n) if !waiting.is_empty() => {
                    let n = n % waiting.len();
                    waiting.swap_remove(n);
                }
                Op::Poll(_) | Op::Move(_) | Op::Leave(_) => {}
            }
            prop_assert_eq!(event.is_set(), is_set);
            for (wait, is_through) in &waiting {
                prop_assert_eq!(wait.n_wakes(), usize::from(*is_through));
            }
        }
        drop(waiting);
        event.clear();
        prop_assert_eq!(format!("{event:?}"), "<Event [unset]>");
    }
}
