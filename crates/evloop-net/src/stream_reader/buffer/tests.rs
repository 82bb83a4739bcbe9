//! The block and its edges.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::{Buffer, CHUNK};

const MOST: usize = 3 * CHUNK;

fn fill(buffer: &mut Buffer, bytes: &[u8]) -> usize {
    let room = buffer.room(MOST);
    let count = room.len().min(bytes.len());
    room[..count].copy_from_slice(&bytes[..count]);
    buffer.filled(count);
    count
}

#[test]
fn the_block_stays_within_its_bound_until_that_much_is_held() {
    let mut buffer = Buffer::default();
    assert_eq!(buffer.block.len(), 0);
    while buffer.len() < MOST {
        assert!(fill(&mut buffer, &[1; MOST]) > 0);
        assert!(buffer.block.len() <= MOST);
    }

    assert!(!buffer.room(MOST).is_empty());
    assert_eq!(buffer.block.len(), 2 * MOST);
}

#[test]
fn a_block_beyond_the_bound_is_given_away_or_let_go() {
    let full = || {
        let mut buffer = Buffer::default();
        while buffer.len() < 2 * MOST {
            fill(&mut buffer, &[7; MOST]);
        }
        buffer
    };

    let (mut taken, mut skipped) = (full(), full());
    let count = taken.len();

    assert_eq!(taken.take(count, MOST), vec![7; count]);
    assert_eq!(taken.block.len(), 0);
    skipped.skip(count, MOST);
    assert_eq!(skipped.block.len(), 0);
}

#[test]
#[should_panic(expected = "more than there is room for")]
fn a_claim_beyond_the_room_is_a_panic_and_no_rubbish() {
    let mut buffer = Buffer::default();
    let room = buffer.room(MOST).len();
    buffer.filled(room + 1);
}

#[derive(Debug, Clone)]
enum Step {
    Fill(Vec<u8>),
    Take(usize),
    Skip(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..2 * CHUNK).prop_map(Step::Fill),
        (0..3 * CHUNK).prop_map(Step::Take),
        (0..3 * CHUNK).prop_map(Step::Skip),
    ]
}

proptest! {
    #[test]
    fn it_holds_what_a_queue_would(steps in proptest::collection::vec(step(), 0..40)) {
        let (mut buffer, mut queue) = (Buffer::default(), VecDeque::new());
        for step in steps {
            match step {
                Step::Fill(bytes) => {
                    let count = fill(&mut buffer, &bytes);
                    queue.extend(&bytes[..count]);
                }
                Step::Take(count) => {
                    let count = count.min(queue.len());
                    let expected: Vec<u8> = queue.drain(..count).collect();
                    prop_assert_eq!(buffer.take(count, MOST), expected);
                }
                Step::Skip(count) => {
                    let count = count.min(queue.len());
                    queue.drain(..count);
                    buffer.skip(count, MOST);
                }
            }
            prop_assert_eq!(buffer.held(), &*queue.make_contiguous());
            prop_assert_eq!(buffer.is_empty(), queue.is_empty());
        }
    }
}
