//! Every value, or the first error.

use std::future::{Ready, pending, ready};
use std::pin::pin;
use std::task::Poll;

use evloop_combinators::try_gather;

use crate::harness::{Census, Door, doors, now, poll};

#[test]
fn values_come_in_input_order() {
    let doors = doors(3);
    let mut gathered = pin!(try_gather(doors.iter().map(Door::child)));
    assert!(poll(gathered.as_mut()).is_pending());

    for index in [2, 0, 1] {
        doors[index].open(Ok::<_, ()>(index));
    }

    assert_eq!(poll(gathered), Poll::Ready(Ok(vec![0, 1, 2])));
}

#[test]
fn without_children_it_is_ready_at_the_first_poll() {
    assert_eq!(
        now(try_gather(Vec::<Ready<Result<u8, ()>>>::new())),
        Ok(vec![])
    );
}

/// Case 41: the second of five fails.
#[test]
fn the_first_error_comes_at_once_and_the_others_are_dropped() {
    let census = Census::default();
    let doors = doors::<Result<(), &str>>(5);
    let child = |door: &Door<_>| {
        let (token, door) = (census.token(), door.child());
        async move {
            let _token = token;
            door.await
        }
    };
    let mut gathered = pin!(try_gather(doors.iter().map(child)));
    assert!(poll(gathered.as_mut()).is_pending());
    doors[3].open(Ok(()));
    assert!(poll(gathered.as_mut()).is_pending());

    doors[1].open(Err("second"));

    assert_eq!(poll(gathered.as_mut()), Poll::Ready(Err("second")));
    assert_eq!(census.n_alive(), 0, "before the gather itself is dropped");
}

#[test]
fn of_two_errors_the_first_to_happen_is_given() {
    let doors = doors::<Result<(), usize>>(3);
    let mut gathered = pin!(try_gather(doors.iter().map(Door::child)));
    assert!(poll(gathered.as_mut()).is_pending());

    doors[2].open(Err(2));
    doors[0].open(Err(0));

    assert_eq!(poll(gathered), Poll::Ready(Err(2)));
}

#[test]
fn a_tuple_of_different_values_gives_a_tuple() {
    let good = (ready(Ok::<_, String>(1)), ready(Ok::<_, String>("b")));
    assert_eq!(now(try_gather(good)), Ok((1, "b")));

    let bad = (pending::<Result<(), &str>>(), ready(Err::<u8, _>("no")));
    assert_eq!(now(try_gather(bad)), Err("no"));
}
