//! The queue of jobs, against a plain list.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Push,
    Pop,
    /// Removes by a ticket ever issued: waiting, started or removed before.
    Remove(usize),
    Drain,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::Push),
        3 => Just(Step::Pop),
        6 => any::<usize>().prop_map(Step::Remove),
        1 => Just(Step::Drain),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_queue_behaves_like_a_list_of_numbers(steps in vec(step(), 0..400)) {
        let mut queue = JobQueue::new();
        let mut model: Vec<usize> = Vec::new();
        let mut tickets = Vec::new();

        for step in steps {
            match step {
                Step::Push => {
                    let number = tickets.len();
                    tickets.push(queue.push(number));
                    model.push(number);
                }
                Step::Pop => {
                    let expected = (!model.is_empty()).then(|| model.remove(0));
                    prop_assert_eq!(queue.pop(), expected);
                }
                Step::Remove(choice) => {
                    if tickets.is_empty() {
                        continue;
                    }
                    let number = choice % tickets.len();
                    let place = model.iter().position(|other| *other == number);
                    let expected = place.map(|place| model.remove(place));
                    prop_assert_eq!(queue.remove(tickets[number]), expected);
                }
                Step::Drain => prop_assert_eq!(queue.drain(), std::mem::take(&mut model)),
            }
            prop_assert_eq!(queue.len(), model.len());
            prop_assert!(queue.entries.len() <= 2 * model.len() + DEAD_ENTRIES_ALLOWED);
        }
    }
}

#[test]
fn memory_follows_the_jobs_that_wait_and_not_those_taken_back() {
    let mut queue = JobQueue::new();
    queue.push(0);
    let mut previous = queue.push(1);

    for number in 2..10_000 {
        let ticket = queue.push(number);
        assert!(queue.remove(previous).is_some());
        previous = ticket;
    }

    assert_eq!(queue.len(), 2);
    assert!(queue.entries.len() < 64);
}
