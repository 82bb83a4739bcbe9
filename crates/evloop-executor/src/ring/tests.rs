//! The ring, against a queue of numbers, against threads, and against the bugs of others.

use std::collections::VecDeque;
use std::ptr::without_provenance_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::{Builder, JoinHandle, yield_now};
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::owner::Owner;
use super::*;

/// An item that stands for a number: nobody follows it.
fn item(number: usize) -> NonNull<()> {
    NonNull::new(without_provenance_mut(number + 1)).unwrap()
}

fn number(item: NonNull<()>) -> usize {
    item.as_ptr().addr() - 1
}

fn numbers(items: &[NonNull<()>]) -> Vec<usize> {
    items.iter().copied().map(number).collect()
}

fn starting_at(position: usize) -> Owner {
    Owner::new(Ring::starting_at(position))
}

fn push_all(owner: &Owner, numbers: impl IntoIterator<Item = usize>) {
    numbers
        .into_iter()
        .for_each(|number| owner.push(item(number)));
}

fn pop_all(owner: &Owner) -> Vec<usize> {
    std::iter::from_fn(|| owner.pop()).map(number).collect()
}

fn steal(ring: &Ring) -> Vec<usize> {
    let mut taken = Vec::new();
    let n_taken = ring.steal(&mut taken);
    assert_eq!(n_taken, taken.len());
    numbers(&taken)
}

#[test]
fn a_new_ring_is_empty() {
    let owner = Owner::new(Ring::new());

    assert_eq!(owner.pop(), None);
    assert_eq!(steal(owner.ring()), []);
    assert_eq!((owner.ring().len(), owner.ring().position()), (0, 0));
    assert!(owner.ring().is_empty());
}

#[test]
fn a_steal_appends_the_first_half_rounded_up() {
    let owner = starting_at(0);
    push_all(&owner, 0..5);
    let mut taken = vec![item(9)];

    assert_eq!(owner.ring().steal(&mut taken), 3);

    assert_eq!(numbers(&taken), [9, 0, 1, 2]);
    assert_eq!(owner.ring().position(), 3);
    assert_eq!(pop_all(&owner), [3, 4]);
}

#[test]
fn a_steal_takes_only_so_many() {
    let owner = Owner::new(Ring::new());
    push_all(&owner, 0..1000);

    assert_eq!(steal(owner.ring()), Vec::from_iter(0..MOST_STOLEN));

    assert_eq!(pop_all(&owner), Vec::from_iter(MOST_STOLEN..1000));
}

#[test]
fn a_ring_grows_only_when_it_is_full() {
    let owner = starting_at(0);

    for number in 0..100 {
        push_all(&owner, [number, number]);
        assert_eq!(pop_all(&owner), [number, number]);
    }
    assert_eq!(owner.capacity(), 2);

    push_all(&owner, 0..3);
    assert_eq!(owner.capacity(), 4);
    assert_eq!(pop_all(&owner), [0, 1, 2]);
}

#[derive(Clone, Debug)]
enum Op {
    Push(usize),
    Pop(usize),
    Steal,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (1..6_usize).prop_map(Op::Push),
        1 => (500..700_usize).prop_map(Op::Push),
        6 => (1..6_usize).prop_map(Op::Pop),
        1 => (100..600_usize).prop_map(Op::Pop),
        5 => Just(Op::Steal),
    ]
}

/// Before the wrap, so that it comes early, in the middle of growth, or never.
fn start() -> impl Strategy<Value = usize> {
    (0..2000_usize).prop_map(|distance| 0_usize.wrapping_sub(distance))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 4 } else { 256 }))]

    #[test]
    fn the_ring_behaves_like_a_queue_of_numbers(start in start(), ops in vec(op(), 0..60)) {
        let owner = starting_at(start);
        let mut model = VecDeque::new();
        let (mut n_pushed, mut n_taken) = (0, 0_usize);

        for op in ops {
            match op {
                Op::Push(n) => {
                    push_all(&owner, n_pushed..n_pushed + n);
                    model.extend(n_pushed..n_pushed + n);
                    n_pushed += n;
                }
                Op::Pop(n) => for _ in 0..n {
                    let expected = model.pop_front();
                    prop_assert_eq!(owner.pop().map(number), expected);
                    n_taken += usize::from(expected.is_some());
                },
                Op::Steal => {
                    let half = model.len().div_ceil(2).min(MOST_STOLEN);
                    let expected: Vec<usize> = model.drain(..half).collect();
                    prop_assert_eq!(steal(owner.ring()), expected);
                    n_taken += half;
                }
            }
            prop_assert_eq!(owner.ring().len(), model.len());
            prop_assert_eq!(owner.ring().is_empty(), model.is_empty());
            prop_assert_eq!(owner.ring().position(), start.wrapping_add(n_taken));
        }
        prop_assert_eq!(pop_all(&owner), Vec::from(model));
    }
}

/// A slot that the owner uses again while a thief is about to take what was in it.
#[test]
fn museum_bm03_a_slot_written_again_during_a_steal_gives_no_item_twice() {
    let owner = starting_at(usize::MAX);
    push_all(&owner, [0, 1]);
    let claim = owner.ring().claim();
    let mut copies = Vec::new();
    assert!(claim.copy(&mut copies), "the first thief stops here");

    assert_eq!(steal(owner.ring()), [0], "the second thief");
    push_all(&owner, [2]);

    assert_eq!(owner.capacity(), 2, "in the slot of the first item");
    assert!(!owner.ring().take(&claim));
    assert_eq!(pop_all(&owner), [1, 2]);
}

/// Head and tail in the same slot: full is not empty, wherever the counters are.
#[test]
fn museum_bm03_full_is_not_empty() {
    for start in [0, 1, usize::MAX - 2, usize::MAX - 1, usize::MAX] {
        let owner = starting_at(start);
        assert_eq!(steal(owner.ring()), []);
        push_all(&owner, [0, 1]);

        assert_eq!((owner.capacity(), owner.ring().len()), (2, 2));
        assert_eq!(steal(owner.ring()), [0]);
        push_all(&owner, [2]);
        assert_eq!((owner.capacity(), owner.ring().len()), (2, 2));
        assert_eq!(pop_all(&owner), [1, 2]);
        assert!(owner.ring().is_empty());
    }
}

#[test]
fn museum_bm04_counters_that_wrap_keep_order_and_counts() {
    let owner = starting_at(usize::MAX - 2);
    push_all(&owner, 0..4);

    assert_eq!(owner.ring().len(), 4, "across the wrap");
    assert_eq!(steal(owner.ring()), [0, 1]);
    assert_eq!(owner.ring().position(), usize::MAX);
    push_all(&owner, 4..8);
    assert_eq!(steal(owner.ring()), [2, 3, 4]);
    assert_eq!(owner.ring().position(), 2);

    assert_eq!(pop_all(&owner), [5, 6, 7]);
}

#[test]
fn museum_bm05_a_steal_from_a_buffer_that_was_replaced_gives_what_was_there() {
    let owner = starting_at(0);
    push_all(&owner, [0, 1]);
    let claim = owner.ring().claim();

    push_all(&owner, 2..20);
    let mut copies = Vec::new();

    assert!(claim.copy(&mut copies));
    assert!(owner.ring().take(&claim), "nobody else took it");
    assert_eq!(numbers(&copies), [0]);
    assert_eq!(pop_all(&owner), Vec::from_iter(1..20));
}

#[test]
fn museum_bm05_a_steal_from_a_buffer_that_was_replaced_gives_no_item_twice() {
    let owner = starting_at(0);
    push_all(&owner, [0, 1]);
    let claim = owner.ring().claim();

    push_all(&owner, 2..20);
    assert_eq!(owner.pop().map(number), Some(0));
    let mut copies = Vec::new();

    assert!(claim.copy(&mut copies), "the former buffer is still there");
    assert!(!owner.ring().take(&claim));
    assert_eq!(pop_all(&owner), Vec::from_iter(1..20));
}

/// A thief with a head from before a growth looks into slots that were never written.
#[test]
fn a_claim_on_what_a_newer_buffer_lacks_is_given_up() {
    let owner = starting_at(0);
    push_all(&owner, [0, 1]);
    assert_eq!(owner.pop().map(number), Some(0));
    push_all(&owner, [2, 3]);
    let claim = Claim {
        head: 0,
        n_items: 2,
        buffer: owner.ring().buffer(Ordering::Acquire),
    };
    let mut copies = Vec::new();

    assert!(!claim.copy(&mut copies), "the ring grew without it");
    assert!(!owner.ring().take(&claim));
    assert_eq!(pop_all(&owner), [1, 2, 3]);
}

const N_ITEMS: usize = if cfg!(miri) { 500 } else { 100_000 };

/// What thieves and owner of one race share.
#[derive(Default)]
struct Race {
    /// How many thieves have stolen anything.
    n_lucky: AtomicUsize,
    is_over: AtomicBool,
}

/// A thread that steals once, waits until all have, and goes on until the race is over and nothing
/// is left. It returns the numbers.
fn thief(ring: Arc<Ring>, race: Arc<Race>, n_thieves: usize) -> JoinHandle<Vec<usize>> {
    let thief = Builder::new().name("thief".into()).spawn(move || {
        let mut taken = Vec::new();
        while ring.steal(&mut taken) == 0 {
            yield_now();
        }
        race.n_lucky.fetch_add(1, Ordering::SeqCst);
        while race.n_lucky.load(Ordering::SeqCst) < n_thieves {
            yield_now();
        }
        loop {
            let is_over = race.is_over.load(Ordering::SeqCst);
            if ring.steal(&mut taken) == 0 {
                if is_over && ring.is_empty() {
                    return numbers(&taken);
                }
                yield_now();
            }
        }
    });
    thief.unwrap()
}

/// Has an owner push all numbers, in bursts, and pop about half of what it pushes. Each number
/// comes out once, in order for whoever takes it.
fn check_race(start: usize, n_thieves: usize) {
    let owner = starting_at(start);
    let race = Arc::new(Race::default());
    let thieves: Vec<_> = (0..n_thieves)
        .map(|_| thief(Arc::clone(owner.ring()), Arc::clone(&race), n_thieves))
        .collect();

    let mut n_pushed = 0;
    while race.n_lucky.load(Ordering::SeqCst) < n_thieves {
        if owner.ring().is_empty() {
            push_all(&owner, [n_pushed]);
            n_pushed += 1;
        }
        yield_now();
    }
    let mut popped = Vec::new();
    // Long and short ones, so that the ring is empty as well as growing.
    for n in [1, 2, 3, 40, 2, 1, 300].into_iter().cycle() {
        if n_pushed >= N_ITEMS {
            break;
        }
        push_all(&owner, n_pushed..n_pushed + n);
        n_pushed += n;
        popped.extend((0..n.div_ceil(2)).map_while(|_| owner.pop()));
    }
    race.is_over.store(true, Ordering::SeqCst);
    popped.extend(std::iter::from_fn(|| owner.pop()));

    let mut all = numbers(&popped);
    assert!(all.is_sorted(), "of the owner");
    for thief in thieves {
        let taken = thief.join().unwrap();
        assert!(!taken.is_empty() && taken.is_sorted(), "of a thief");
        all.extend(taken);
    }
    all.sort_unstable();
    assert_eq!(all, Vec::from_iter(0..n_pushed), "each item once");
}

/// Runs the race on another thread, and fails if it hangs.
fn watch_race(start: usize, n_thieves: usize) {
    let (tx, rx) = channel();
    let owner = Builder::new().name("owner".into()).spawn(move || {
        check_race(start, n_thieves);
        tx.send(()).unwrap();
    });

    let ended = rx.recv_timeout(Duration::from_secs(60));

    assert_ne!(ended, Err(RecvTimeoutError::Timeout), "the race hangs");
    owner.unwrap().join().unwrap();
}

#[test]
fn two_thieves_and_the_owner_take_each_item_once() {
    watch_race(0, 2);
}

#[test]
fn museum_bm04_two_thieves_across_the_wrap_take_each_item_once() {
    watch_race(0_usize.wrapping_sub(N_ITEMS / 2), 2);
}

#[test]
fn museum_bm05_four_thieves_at_a_growing_ring_take_each_item_once() {
    watch_race(0, 4);
}
