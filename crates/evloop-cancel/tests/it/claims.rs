//! `claim::Claim`: a leaf that takes a request, forwards it, and waits for the end.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use evloop_cancel::claim::Claim;
use evloop_cancel::{Cancelled, catch_cancel};
use futures_util::future::join;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::support::{End, Task};

/// What becomes of the other task.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Other {
    Runs,
    Cancelled,
    Returned(u8),
}

/// The other task: who awaits it, how it stands, and how often it was cancelled.
struct State {
    other: Cell<Other>,
    n_cancels: Cell<usize>,
    waker: RefCell<Option<Waker>>,
}

impl State {
    fn new() -> Rc<Self> {
        Rc::new(Self {
            other: Cell::new(Other::Runs),
            n_cancels: Cell::new(0),
            waker: RefCell::new(None),
        })
    }

    fn end(&self, other: Other) {
        self.other.set(other);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// An await of another task.
struct Join {
    claim: Claim,
    state: Rc<State>,
}

fn awaits(state: &Rc<State>) -> Join {
    Join {
        claim: Claim::new(),
        state: Rc::clone(state),
    }
}

impl Future for Join {
    type Output = Other;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Other> {
        let Self { claim, state } = self.get_mut();
        let other = state.other.get();
        if other == Other::Runs && claim.is_quiet(cx) {
            *state.waker.borrow_mut() = Some(cx.waker().clone());
            claim.note_open();
            return Poll::Pending;
        }
        if other != Other::Runs && !claim.is_held() {
            if claim.refuse_due(cx) {
                return Poll::Pending;
            }
            return Poll::Ready(other);
        }
        if claim.take_due(cx) {
            state.n_cancels.set(state.n_cancels.get() + 1);
        }
        match other {
            Other::Cancelled if claim.is_held() => {
                claim.pass_on();
                return Poll::Pending;
            }
            Other::Runs => {}
            _ => {
                claim.swallow();
                return Poll::Ready(other);
            }
        }
        *state.waker.borrow_mut() = Some(cx.waker().clone());
        claim.suspend(cx);
        Poll::Pending
    }
}

#[test]
fn a_delivery_is_forwarded_and_the_wait_goes_on() {
    let state = State::new();
    let mut task = Task::new(awaits(&state));
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    assert_eq!(state.n_cancels.get(), 1);
    task.cancel();
    assert_eq!(task.run(), None);
    assert_eq!(state.n_cancels.get(), 2);
}

#[test]
fn it_ends_cancelled_and_the_request_is_passed_on() {
    let state = State::new();
    let mut task = Task::new(awaits(&state));
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    state.end(Other::Cancelled);
    assert_eq!(task.run(), Some(End::Cancelled));
}

#[test]
fn it_refuses_and_its_value_is_the_outcome() {
    let state = State::new();
    let mut task = Task::new(awaits(&state));
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    state.end(Other::Returned(7));
    assert_eq!(task.run(), Some(End::Value(Other::Returned(7))));
    assert_eq!(task.requests.count(), 1);
}

#[test]
fn it_is_cancelled_by_others_and_that_is_a_value() {
    let state = State::new();
    let mut task = Task::new(awaits(&state));
    assert_eq!(task.run(), None);
    state.end(Other::Cancelled);
    assert_eq!(task.run(), Some(End::Value(Other::Cancelled)));
}

/// \[78\]: the value stays with the task, and no code runs past the await.
#[test]
fn done_in_the_turn_of_the_request_it_refuses() {
    let state = State::new();
    let mut task = Task::new(async {
        let caught = catch_cancel(awaits(&state)).await;
        caught.map_err(Cancelled::swallow)
    });
    assert_eq!(task.run(), None);
    state.end(Other::Returned(7));
    task.cancel();
    assert_eq!(task.run(), Some(End::Value(Err(()))));
    assert_eq!(state.n_cancels.get(), 0);
}

#[test]
fn polled_twice_in_a_pass_it_forwards_once() {
    let state = State::new();
    let mut join = awaits(&state);
    let mut task = Task::new(poll_fn(|cx| {
        let _first = Pin::new(&mut join).poll(cx);
        Pin::new(&mut join).poll(cx)
    }));
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    assert_eq!(state.n_cancels.get(), 1);
}

#[test]
fn two_of_one_task_forward_each_and_pass_on_together() {
    let (a, b) = (State::new(), State::new());
    let mut task = Task::new(join(awaits(&a), awaits(&b)));
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    assert_eq!((a.n_cancels.get(), b.n_cancels.get()), (1, 1));
    a.end(Other::Cancelled);
    assert_eq!(task.run(), None, "the other one has not decided");
    b.end(Other::Returned(1));
    assert_eq!(task.run(), Some(End::Cancelled));
}

/// Opened in the pass, by code that has taken the request already: it is not for the new one.
#[test]
fn one_that_is_opened_in_the_pass_is_not_asked() {
    let state = State::new();
    let mut task = Task::new(async {
        let token = catch_cancel(pending::<()>()).await.unwrap_err();
        let other = awaits(&state).await;
        token.swallow();
        other
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    assert_eq!(state.n_cancels.get(), 0);
    state.end(Other::Returned(1));
    assert_eq!(task.run(), Some(End::Value(Other::Returned(1))));
}

#[test]
fn a_remote_one_gets_mail() {
    let (a, b) = (State::new(), State::new());
    let mut task = Task::new(async {
        let mut set: FuturesUnordered<_> = [awaits(&a), awaits(&b)].into_iter().collect();
        let mut n = 0;
        while let Some(Other::Returned(_)) = set.next().await {
            n += 1;
        }
        n
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    assert_eq!((a.n_cancels.get(), b.n_cancels.get()), (1, 1));
    a.end(Other::Returned(1));
    b.end(Other::Returned(2));
    assert_eq!(task.run(), Some(End::Value(2)));
}

#[test]
fn dropped_with_a_request_it_passes_it_on() {
    let state = State::new();
    let gate = crate::support::Gate::default();
    let mut task = Task::new(async {
        futures_util::future::select(Box::pin(gate.pass()), awaits(&state)).await;
        pending::<()>().await;
    });
    assert_eq!(task.run(), None);
    task.cancel();
    assert_eq!(task.run(), None);
    gate.open();
    assert_eq!(task.run(), Some(End::Cancelled));
}

#[test]
fn what_is_passed_on_is_underway_until_the_others_have_decided() {
    let state = State::new();
    let mut claim = Claim::new();
    assert!(claim.is_empty() && !claim.is_held() && claim.request().is_none());
    let gate = crate::support::Gate::default();
    let underway = Cell::new(false);
    let claims = poll_fn(|cx| {
        if claim.take_due(cx) {
            let request = claim.request().unwrap();
            assert_eq!(
                request.get_message().map(|said| &**said),
                Some("by the test")
            );
            assert!(request.get_origin().is_none());
            claim.pass_on();
        }
        underway.set(claim.is_passing_on());
        claim.suspend(cx);
        Poll::<()>::Pending
    });
    let slow = evloop_cancel::on_cancel(pending::<()>(), || gate.pass());
    let mut task = Task::new(async {
        let _end = catch_cancel(join(claims, slow))
            .await
            .map_err(Cancelled::swallow);
        state.other.get()
    });
    assert_eq!(task.run(), None);
    assert!(!underway.get());
    task.cancel();
    assert_eq!(task.run(), None);
    assert!(underway.get());
    gate.open();
    assert_eq!(task.run(), Some(End::Value(Other::Runs)));
    drop(task);
    assert!(format!("{:?}", Claim::new()).contains("is_empty: true"));
}
