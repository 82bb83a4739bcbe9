//! `as_completed`, with and without a limit, against a queue.

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use evloop_combinators::{
    AsCompleted, AsCompletedInTime, Completion, TimedOut, WaitSet, as_completed,
};
use evloop_fixtures::Wakes;
use futures_core::Stream;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::harness::{Child, Door, DoorHandle, poll_with};

#[derive(Debug, Clone)]
enum Op {
    /// Completes a handle.
    Open(prop::sample::Index),
    /// Wakes a handle, done or not.
    Wake(prop::sample::Index),
    Next,
    /// Ends the time.
    Limit,
    /// Takes what is left, to go on with it, with a limit or without.
    Leave(bool),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => any::<prop::sample::Index>().prop_map(Op::Open),
        4 => any::<prop::sample::Index>().prop_map(Op::Wake),
        10 => Just(Op::Next),
        1 => Just(Op::Limit),
        1 => any::<bool>().prop_map(Op::Leave),
    ]
}

type Handle = DoorHandle<usize>;

enum Completed {
    Plain(AsCompleted<Handle>),
    InTime(AsCompletedInTime<Handle, Child<()>>),
}

impl Completed {
    fn poll(&mut self, waker: &Waker) -> Poll<Option<Result<usize, usize>>> {
        let output = |done: Handle| *done.output().expect("it is done");
        let late = |error: TimedOut| error.n_pending();
        match self {
            Self::Plain(plain) => {
                let item = poll_with(pin!(plain.next()), waker);
                item.map(|item| item.map(|done| Ok(output(done))))
            }
            Self::InTime(limited) => {
                let item = Pin::new(limited).poll_next(&mut Context::from_waker(waker));
                item.map(|item| item.map(|item| item.map(output).map_err(late)))
            }
        }
    }

    fn into_wait_set(self) -> WaitSet<Handle> {
        match self {
            Self::Plain(plain) => plain.into_wait_set(),
            Self::InTime(limited) => limited.into_wait_set(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Plain(plain) => plain.len(),
            Self::InTime(limited) => limited.len(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Plain(plain) => plain.size_hint(),
            Self::InTime(limited) => limited.size_hint(),
        }
    }
}

/// What a limit has led to.
#[derive(Clone, Copy, PartialEq)]
enum Phase {
    InTime,
    Late,
    Ended,
}

/// Handles by number: who has not come, who is done, and who is to be polled, in order.
struct Model {
    doors: Vec<Door<usize>>,
    is_in: Vec<bool>,
    is_open: Vec<bool>,
    is_registered: Vec<bool>,
    queue: VecDeque<usize>,
    found_late: VecDeque<usize>,
    phase: Phase,
    limit: Option<Door<()>>,
    limit_is_over: bool,
    limit_is_registered: bool,
}

impl Model {
    fn n_pending(&self) -> usize {
        self.is_in.iter().filter(|is_in| **is_in).count()
    }

    /// A wake, which uses the registration up; tells whether somebody is to be polled now.
    fn wake(&mut self, member: usize) -> bool {
        let wakes = std::mem::take(&mut self.is_registered[member]);
        if wakes {
            self.queue.push_back(member);
        }
        wakes
    }

    fn next_done(&mut self) -> Option<usize> {
        while let Some(member) = self.queue.pop_front() {
            if self.is_open[member] {
                self.is_in[member] = false;
                return Some(member);
            }
            self.is_registered[member] = true;
        }
        None
    }

    fn next(&mut self) -> Poll<Option<Result<usize, usize>>> {
        if self.phase == Phase::InTime && self.n_pending() > 0 {
            if self.limit.is_none() || !self.limit_is_over {
                self.limit_is_registered = self.limit.is_some();
                return self
                    .next_done()
                    .map_or(Poll::Pending, |member| Poll::Ready(Some(Ok(member))));
            }
            self.phase = Phase::Late;
            self.found_late = std::iter::from_fn(|| self.next_done()).collect();
        }
        if let Some(member) = self.found_late.pop_front() {
            return Poll::Ready(Some(Ok(member)));
        }
        if self.phase == Phase::Late && self.n_pending() > 0 {
            self.phase = Phase::Ended;
            return Poll::Ready(Some(Err(self.n_pending())));
        }
        Poll::Ready(None)
    }

    /// Goes on with what is left; those that were found come after those that were woken.
    fn leave(&mut self, with_limit: bool) {
        for member in std::mem::take(&mut self.found_late) {
            self.is_in[member] = true;
            self.queue.push_back(member);
        }
        self.phase = Phase::InTime;
        self.limit = with_limit.then(Door::new);
        (self.limit_is_over, self.limit_is_registered) = (false, false);
    }

    fn stream(&self, handles: WaitSet<Handle>) -> Completed {
        let plain = as_completed(handles);
        match &self.limit {
            Some(limit) => Completed::InTime(plain.timeout(limit.child())),
            None => Completed::Plain(plain),
        }
    }
}

fn start(
    is_open: Vec<bool>,
    listed: &[prop::sample::Index],
    with_limit: bool,
) -> (Model, Completed) {
    let n = is_open.len();
    let doors: Vec<Door<usize>> = (0..n).map(|_| Door::new()).collect();
    for member in (0..n).filter(|&member| is_open[member]) {
        doors[member].open(member);
    }
    let mut model = Model {
        is_in: vec![false; n],
        is_registered: vec![false; n],
        queue: VecDeque::new(),
        found_late: VecDeque::new(),
        phase: Phase::InTime,
        limit: with_limit.then(Door::new),
        limit_is_over: false,
        limit_is_registered: false,
        doors,
        is_open,
    };
    let listed: Vec<usize> = listed.iter().map(|index| index.index(n)).collect();
    for &member in &listed {
        if !std::mem::replace(&mut model.is_in[member], true) {
            model.queue.push_back(member);
        }
    }
    let handles = listed
        .iter()
        .map(|&member| model.doors[member].keyed(member as u64));
    let completed = model.stream(handles.collect());
    (model, completed)
}

fn check(mut model: Model, mut completed: Completed, ops: Vec<Op>) {
    let (wakes, waker) = Wakes::new();
    let mut is_parked = false;
    for op in ops {
        let mut expected_wakes = 0;
        match op {
            Op::Open(member) | Op::Wake(member) => {
                let is_open = matches!(op, Op::Open(_));
                let member = member.index(model.doors.len());
                if is_open && !std::mem::replace(&mut model.is_open[member], true) {
                    model.doors[member].open(member);
                } else {
                    model.doors[member].wake();
                }
                if model.wake(member) && std::mem::take(&mut is_parked) {
                    expected_wakes = 1;
                }
            }
            Op::Next => {
                let expected = model.next();
                assert_eq!(completed.poll(&waker), expected);
                is_parked = expected.is_pending();
            }
            Op::Limit => {
                if let Some(limit) = &model.limit {
                    limit.open(());
                    model.limit_is_over = true;
                    expected_wakes = usize::from(std::mem::take(&mut model.limit_is_registered));
                }
            }
            Op::Leave(with_limit) => {
                model.leave(with_limit);
                completed = model.stream(completed.into_wait_set());
            }
        }
        assert_eq!(wakes.take(), expected_wakes);
        assert_eq!(completed.len(), model.n_pending() + model.found_late.len());
        check_size(&completed, &model);
    }
}

fn check_size(completed: &Completed, model: &Model) {
    let (n_found, n_pending) = (model.found_late.len(), model.n_pending());
    let expected = match (&model.limit, model.phase) {
        (None, _) => (n_pending, n_pending),
        (Some(_), Phase::InTime) => (n_pending.min(1), n_pending),
        (Some(_), Phase::Late) => (n_found + n_pending.min(1), n_found + n_pending.min(1)),
        (Some(_), Phase::Ended) => (0, 0),
    };
    assert_eq!(completed.size_hint(), (expected.0, Some(expected.1)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn handles_come_in_the_order_of_their_last_wakes_and_the_limit_is_kept(
        is_open in vec(any::<bool>(), 1..12),
        listed in vec(any::<prop::sample::Index>(), 0..20),
        with_limit in any::<bool>(),
        ops in vec(op(), 0..80),
    ) {
        let (model, completed) = start(is_open, &listed, with_limit);
        check(model, completed, ops);
    }
}
