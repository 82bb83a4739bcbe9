//! The first output.

use std::future::{Ready, pending, ready};
use std::pin::pin;
use std::task::Poll;

use evloop_combinators::{EmptyRace, race};

use crate::harness::{Census, Door, doors, now, poll};

#[test]
fn the_first_to_finish_wins_and_the_others_are_dropped() {
    let census = Census::default();
    let doors = doors(3);
    let child = |door: &Door<char>| {
        let (token, door) = (census.token(), door.child());
        async move {
            let _token = token;
            door.await
        }
    };
    let mut racing = pin!(race(doors.iter().map(child)));
    assert!(poll(racing.as_mut()).is_pending());

    doors[1].open('b');

    assert_eq!(poll(racing.as_mut()), Poll::Ready(Ok('b')));
    assert_eq!(census.n_alive(), 0, "before the race itself is dropped");
}

#[test]
fn without_children_it_is_an_error_and_no_hang() {
    let error: EmptyRace = now(race(Vec::<Ready<u8>>::new())).unwrap_err();
    assert_eq!(error.to_string(), "failed to race: there are no children");
}

#[test]
fn a_tuple_has_always_a_winner() {
    assert_eq!(now(race((pending(), ready(2), pending()))), 2);
    assert_eq!(now(evloop_combinators::race!(ready("a"))), "a");
}

#[test]
fn of_two_that_finish_before_the_poll_the_first_to_be_woken_wins() {
    for order in [[0, 1], [1, 0]] {
        let doors = doors(2);
        let mut racing = pin!(race(doors.iter().map(Door::child)));
        assert!(poll(racing.as_mut()).is_pending());

        for index in order {
            doors[index].open(index);
        }

        assert_eq!(poll(racing), Poll::Ready(Ok(order[0])));
    }
}

#[test]
fn a_biased_race_goes_to_the_first_that_is_ready() {
    for _ in 0..100 {
        assert_eq!(now(race((pending(), ready(1), ready(2))).biased()), 1);
    }
}
