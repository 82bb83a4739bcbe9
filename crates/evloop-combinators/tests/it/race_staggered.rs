//! Attempts that begin one after another.

use std::cell::RefCell;
use std::future::{Ready, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;

use evloop_combinators::race_staggered;
use evloop_fixtures::Wakes;
use proptest::prelude::*;

use crate::harness::{Census, Door, doors, now, poll, poll_with};

type Attempt = Door<Result<char, u8>>;

/// Attempts behind doors, the timers between them, and who has begun.
struct Course {
    attempts: Vec<Attempt>,
    timers: Vec<Door<()>>,
    n_timers: RefCell<usize>,
    begun: RefCell<Vec<usize>>,
}

impl Course {
    fn new(n: usize) -> Self {
        Self {
            attempts: doors(n),
            timers: doors(n),
            n_timers: RefCell::default(),
            begun: RefCell::default(),
        }
    }

    fn race(&self) -> impl Future<Output = Result<char, Vec<u8>>> {
        let attempts = self
            .attempts
            .iter()
            .enumerate()
            .map(|(index, door)| async move {
                self.begun.borrow_mut().push(index);
                door.child().await
            });
        race_staggered(attempts, || {
            *self.n_timers.borrow_mut() += 1;
            self.timers[*self.n_timers.borrow() - 1].child()
        })
    }

    fn n_begun(&self) -> usize {
        self.begun.borrow().len()
    }
}

#[test]
fn the_next_begins_when_the_one_before_has_failed_or_its_time_is_up() {
    let course = Course::new(4);
    let mut race = pin!(course.race());
    let (wakes, waker) = Wakes::new();
    assert!(poll_with(race.as_mut(), &waker).is_pending());
    assert_eq!(course.n_begun(), 1);

    course.attempts[0].open(Err(0));
    assert_eq!(wakes.take(), 1);
    assert!(poll_with(race.as_mut(), &waker).is_pending());
    assert_eq!(course.n_begun(), 2, "one has failed");

    course.timers[1].open(());
    assert_eq!(wakes.take(), 1);
    assert!(poll_with(race.as_mut(), &waker).is_pending());
    assert_eq!(course.n_begun(), 3, "a timer has ended");

    course.attempts[1].open(Err(1));
    assert!(poll_with(race.as_mut(), &waker).is_pending());
    assert_eq!(course.n_begun(), 3, "it was not the last to begin");

    course.attempts[2].open(Ok('c'));
    assert_eq!(poll_with(race.as_mut(), &waker), Poll::Ready(Ok('c')));
    assert_eq!(*course.begun.borrow(), [0, 1, 2]);
}

#[test]
fn the_losers_are_dropped_before_the_winner_is_given() {
    let census = Census::default();
    let attempts = doors(3);
    let child = |door: &Attempt| {
        let (token, door) = (census.token(), door.child());
        async move {
            let _token = token;
            door.await
        }
    };
    let mut race = pin!(race_staggered(attempts.iter().map(child), || async {}));
    assert!(poll(race.as_mut()).is_pending());

    attempts[1].open(Ok('b'));

    assert_eq!(poll(race.as_mut()), Poll::Ready(Ok('b')));
    assert_eq!(census.n_alive(), 0, "before the race itself is dropped");
}

#[test]
fn with_a_timer_that_never_ends_one_is_tried_after_the_other() {
    let attempts = doors(3);
    let mut race = pin!(race_staggered(
        attempts.iter().map(Door::child),
        pending::<()>
    ));
    for (index, error) in (0..2).zip(0..) {
        assert!(poll(race.as_mut()).is_pending());
        let polls: Vec<_> = attempts.iter().map(Attempt::n_polls).collect();
        assert_eq!(polls[index + 1..], [0, 0][index..], "the others wait");
        attempts[index].open(Err::<char, u8>(error));
    }
    assert!(poll(race.as_mut()).is_pending());
    attempts[2].open(Err(2));

    assert_eq!(poll(race), Poll::Ready(Err(vec![0, 1, 2])));
}

#[test]
fn errors_are_in_the_order_of_the_attempts() {
    let attempts = doors(3);
    let mut race = pin!(race_staggered(attempts.iter().map(Door::child), || async {}));
    assert!(poll(race.as_mut()).is_pending());

    for index in [2, 0, 1_u8] {
        attempts[usize::from(index)].open(Err::<char, u8>(index));
    }

    assert_eq!(poll(race), Poll::Ready(Err(vec![0, 1, 2])));
}

#[test]
fn without_attempts_nobody_wins_and_nobody_fails() {
    let none: [Ready<Result<(), ()>>; 0] = [];
    assert_eq!(now(race_staggered(none, pending::<()>)), Err(vec![]));
}

#[test]
fn the_only_attempt_has_no_timer() {
    let race = race_staggered([async { Ok::<_, ()>(1) }], || -> Ready<()> {
        panic!("nobody comes after it")
    });
    assert_eq!(now(race), Ok(1));
}

#[test]
fn an_attempt_that_panics_may_be_dropped_with_the_race() {
    let census = Census::default();
    let (first, second) = (census.token(), census.token());
    type Boxed = Pin<Box<dyn Future<Output = Result<(), ()>>>>;
    let attempts: [Boxed; 2] = [
        Box::pin(async move {
            let _token = first;
            pending().await
        }),
        Box::pin(async move {
            let _token = second;
            panic!("an attempt")
        }),
    ];
    let mut race = Box::pin(race_staggered(attempts, || async {}));

    let panicked = catch_unwind(AssertUnwindSafe(|| poll(race.as_mut())));

    assert!(panicked.is_err());
    drop(race);
    assert_eq!(census.n_alive(), 0);
}

/// What may happen between two polls.
#[derive(Debug, Clone, Copy)]
enum Event {
    Succeed(usize),
    Fail(usize),
    /// The timer of the attempt that began last.
    Timer,
}

/// What has to have happened, worked out from one event after another.
#[derive(Default)]
struct Model {
    /// Of each attempt that has begun: whether it has failed.
    failed: Vec<bool>,
    winner: Option<usize>,
}

impl Model {
    fn begin(&mut self, n: usize, opened: &[Option<bool>]) {
        while self.failed.len() < n {
            let index = self.failed.len();
            match opened[index] {
                Some(true) => {
                    self.failed.push(false);
                    self.winner = Some(index);
                    return;
                }
                Some(false) => self.failed.push(true),
                None => return self.failed.push(false),
            }
        }
    }
}

const N: usize = 4;

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        1 => (0..N).prop_map(Event::Succeed),
        4 => (0..N).prop_map(Event::Fail),
        3 => Just(Event::Timer),
    ];
    prop::collection::vec(event, 0..12)
}

proptest! {
    /// One event at a time, and a poll after each only if the race was woken.
    #[test]
    fn it_does_what_the_model_does(events in events()) {
        let course = Course::new(N);
        let (wakes, waker) = Wakes::new();
        let mut race = pin!(course.race());
        let mut model = Model::default();
        let mut opened = [None; N];
        let mut polled = poll_with(race.as_mut(), &waker);
        model.begin(N, &opened);
        for event in events {
            if polled.is_ready() {
                break;
            }
            prop_assert_eq!(course.n_begun(), model.failed.len());
            let last = model.failed.len() - 1;
            match event {
                Event::Succeed(index) | Event::Fail(index) if opened[index].is_some() => {}
                Event::Succeed(index) => {
                    opened[index] = Some(true);
                    course.attempts[index].open(Ok('w'));
                    if index <= last {
                        model.winner = Some(index);
                    }
                }
                Event::Fail(index) => {
                    opened[index] = Some(false);
                    course.attempts[index].open(Err(u8::try_from(index)?));
                    if index <= last {
                        model.failed[index] = true;
                    }
                    if index == last {
                        model.begin(N, &opened);
                    }
                }
                Event::Timer if *course.n_timers.borrow() > 0 => {
                    let timer = *course.n_timers.borrow() - 1;
                    let is_last = timer == last;
                    course.timers[timer].open(());
                    if is_last && last + 1 < N {
                        model.begin(N, &opened);
                    }
                }
                Event::Timer => {}
            }
            if wakes.take() > 0 {
                polled = poll_with(race.as_mut(), &waker);
            }
        }
        let all_failed = model.failed.len() == N && model.failed.iter().all(|failed| *failed);
        let expected = match model.winner {
            Some(_) => Poll::Ready(Ok('w')),
            None if all_failed => Poll::Ready(Err(vec![0, 1, 2, 3])),
            None => Poll::Pending,
        };
        prop_assert_eq!(polled, expected);
    }
}
