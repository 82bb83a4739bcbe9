//! Random programs of scopes: what they are made of, and how they run.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use evloop_cancel::{
    CancelScope, Cancelled, ScopeHandle, catch_cancel, finally_within, hold_cancel, on_cancel,
    timeout_scope,
};
use futures_util::FutureExt;
use futures_util::future::{join, select};
use futures_util::stream::{FuturesUnordered, StreamExt};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};

use crate::gather::Gather;
use crate::support::{Gate, yield_once};

pub(crate) const N_GATES: usize = 3;

/// What code does with a token, after its clean-up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum How {
    Swallow,
    Uncancel,
    Drop,
    Resume,
    /// Dropped inside a fresh scope.
    IntoScope,
    /// Dropped in a branch of a fork.
    IntoFork,
    /// Dropped in a member of a set.
    IntoSet,
    /// Dropped under a hold.
    IntoHold,
}

#[derive(Clone, Debug)]
pub(crate) enum Program {
    Yield(u8),
    Forever,
    Gate(usize),
    /// Catches, runs a clean-up, decides.
    Catch(Box<Program>, Box<Program>, How),
    OnCancel(Box<Program>, u8),
    Hold(Box<Program>),
    Finally(Box<Program>, usize, u8),
    Scope(Box<Program>, bool),
    Timeout(Box<Program>, usize),
    Sequence(Box<Program>, Box<Program>),
    Join(Box<Program>, Box<Program>),
    Set(Vec<Program>),
    Shared(Box<Program>),
    Gather(Vec<Program>),
    Select(Box<Program>, Box<Program>),
    /// Moves between a place that is polled with the task's waker and a set.
    Moving(Box<Program>, u8),
}

/// What happens from outside, one thing after the other; the task runs in between.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Run,
    /// One poll only.
    Poll,
    Cancel,
    CancelScope(usize),
    Open(usize),
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => Just(Step::Run),
        2 => Just(Step::Poll),
        3 => Just(Step::Cancel),
        2 => (0..4usize).prop_map(Step::CancelScope),
        3 => (0..N_GATES).prop_map(Step::Open),
    ];
    vec(step, 1..14)
}

fn how() -> impl Strategy<Value = How> {
    prop_oneof![
        2 => Just(How::Swallow),
        1 => Just(How::Uncancel),
        2 => Just(How::Drop),
        3 => Just(How::Resume),
        1 => Just(How::IntoScope),
        1 => Just(How::IntoFork),
        1 => Just(How::IntoSet),
        1 => Just(How::IntoHold),
    ]
}

pub(crate) fn programs() -> impl Strategy<Value = Program> {
    let leaf = prop_oneof![
        2 => (0..3u8).prop_map(Program::Yield),
        3 => Just(Program::Forever),
        6 => (0..N_GATES).prop_map(Program::Gate),
    ];
    leaf.prop_recursive(5, 32, 3, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let children = || vec(inner.clone(), 1..4);
        prop_oneof![
            5 => (boxed(), boxed(), how()).prop_map(|(a, b, how)| Program::Catch(a, b, how)),
            2 => (boxed(), 0..3u8).prop_map(|(a, n)| Program::OnCancel(a, n)),
            1 => boxed().prop_map(Program::Hold),
            1 => (boxed(), 0..N_GATES, 0..3u8).prop_map(|(a, gate, n)| Program::Finally(a, gate, n)),
            2 => (boxed(), proptest::bool::weighted(0.2)).prop_map(|(a, sticky)| Program::Scope(a, sticky)),
            3 => (boxed(), 0..N_GATES).prop_map(|(a, gate)| Program::Timeout(a, gate)),
            2 => (boxed(), boxed()).prop_map(|(a, b)| Program::Sequence(a, b)),
            3 => (boxed(), boxed()).prop_map(|(a, b)| Program::Join(a, b)),
            2 => children().prop_map(Program::Set),
            1 => boxed().prop_map(Program::Shared),
            3 => children().prop_map(Program::Gather),
            1 => (boxed(), boxed()).prop_map(|(a, b)| Program::Select(a, b)),
            2 => (boxed(), 1..4u8).prop_map(|(a, n)| Program::Moving(a, n)),
        ]
    })
}

impl Program {
    /// Whether `test` holds for it or a part of it.
    pub(crate) fn any(&self, test: &dyn Fn(&Self) -> bool) -> bool {
        test(self)
            || match self {
                Self::Yield(_) | Self::Forever | Self::Gate(_) => false,
                Self::OnCancel(a, _)
                | Self::Hold(a)
                | Self::Finally(a, ..)
                | Self::Scope(a, _)
                | Self::Timeout(a, _)
                | Self::Shared(a)
                | Self::Moving(a, _) => a.any(test),
                Self::Catch(a, b, _)
                | Self::Sequence(a, b)
                | Self::Join(a, b)
                | Self::Select(a, b) => a.any(test) || b.any(test),
                Self::Set(all) | Self::Gather(all) => all.iter().any(|one| one.any(test)),
            }
    }
}

/// What the programs share with the test.
#[derive(Clone, Default)]
pub(crate) struct World(Rc<Shared>);

#[derive(Default)]
struct Shared {
    gates: [Gate; N_GATES],
    scopes: RefCell<Vec<ScopeHandle>>,
    n_swallowed: Cell<usize>,
    n_started: Cell<usize>,
    n_finished: Cell<usize>,
}

type Local<T> = Pin<Box<dyn Future<Output = T>>>;

impl World {
    pub(crate) fn gate(&self, index: usize) -> &Gate {
        &self.0.gates[index]
    }

    pub(crate) fn scopes(&self) -> Vec<ScopeHandle> {
        self.0.scopes.borrow().clone()
    }

    pub(crate) fn n_swallowed(&self) -> usize {
        self.0.n_swallowed.get()
    }

    /// Clean-ups that have begun and not ended.
    pub(crate) fn n_cut_short(&self) -> usize {
        self.0.n_started.get() - self.0.n_finished.get()
    }

    async fn clean(&self, work: impl Future) {
        self.0.n_started.set(self.0.n_started.get() + 1);
        work.await;
        self.0.n_finished.set(self.0.n_finished.get() + 1);
    }

    fn note_swallow(&self) {
        self.0.n_swallowed.set(self.0.n_swallowed.get() + 1);
    }

    /// `ends`: it must end by itself once all gates are open, because nothing else can end it.
    pub(crate) fn run(&self, program: Program, ends: bool) -> Local<()> {
        let future = self.clone().interpret(program, ends);
        Box::pin(Strict(Some(future)))
    }

    async fn decide(&self, token: Cancelled, how: How) {
        match how {
            How::Swallow => {
                self.note_swallow();
                token.swallow();
            }
            How::Uncancel => {
                self.note_swallow();
                token.uncancel();
            }
            How::Drop => drop(token),
            How::Resume => match token.resume().await {},
            How::IntoScope => {
                let again = catch_cancel(drop_and_yield(token)).await;
                drop(again);
            }
            How::IntoFork => {
                let other: Local<()> = Box::pin(yields(1));
                drop(Gather::new(vec![Box::pin(drop_and_yield(token)), other]).await);
            }
            How::IntoSet => {
                let mut set = FuturesUnordered::new();
                set.push(catch_cancel(drop_and_yield(token)));
                while set.next().await.is_some() {}
            }
            How::IntoHold => hold_cancel(drop_and_yield(token)).await,
        }
    }

    fn interpret(self, program: Program, ends: bool) -> Local<()> {
        match program {
            Program::Yield(n) => Box::pin(yields(n)),
            Program::Forever if ends => Box::pin(yields(2)),
            Program::Forever => Box::pin(pending()),
            Program::Gate(gate) => Box::pin(async move { self.gate(gate).pass().await }),
            Program::Catch(body, clean_up, how) => Box::pin(async move {
                let body = self.run(*body, ends);
                if let Err(token) = catch_cancel(body).await {
                    self.clean(self.run(*clean_up, true)).await;
                    self.decide(token, how).await;
                }
            }),
            Program::OnCancel(body, n) => Box::pin(async move {
                let body = self.run(*body, ends);
                on_cancel(body, || self.clean(yields(n))).await;
            }),
            // What is inside is not interrupted.
            Program::Hold(body) => Box::pin(hold_cancel(self.run(*body, true))),
            Program::Finally(body, gate, n) => Box::pin(async move {
                let body = self.run(*body, ends);
                let budget = self.gate(gate).pass();
                finally_within(budget, body, || self.clean(yields(n))).await;
            }),
            Program::Scope(body, is_sticky) => Box::pin(async move {
                let scope = CancelScope::new();
                let scope = if is_sticky { scope.sticky() } else { scope };
                self.0.scopes.borrow_mut().push(scope.handle());
                let _end = scope.run(self.run(*body, ends)).await;
            }),
            Program::Timeout(body, gate) => Box::pin(async move {
                let timer = self.gate(gate).pass();
                let _end = timeout_scope(timer, self.run(*body, ends)).await;
            }),
            program => self.interpret_many(program, ends),
        }
    }

    fn interpret_many(self, program: Program, ends: bool) -> Local<()> {
        match program {
            Program::Sequence(a, b) => Box::pin(async move {
                self.run(*a, ends).await;
                self.run(*b, ends).await;
            }),
            Program::Join(a, b) => Box::pin(async move {
                join(self.run(*a, ends), self.run(*b, ends)).await;
            }),
            Program::Set(all) => Box::pin(async move {
                let mut set: FuturesUnordered<_> =
                    all.into_iter().map(|one| self.run(one, ends)).collect();
                while set.next().await.is_some() {}
            }),
            Program::Shared(a) => Box::pin(self.run(*a, ends).shared()),
            Program::Gather(all) => Box::pin(async move {
                let all = all.into_iter().map(|one| self.run(one, ends)).collect();
                Gather::new(all).await;
            }),
            Program::Select(a, b) => Box::pin(async move {
                select(self.run(*a, ends), self.run(*b, ends)).await;
            }),
            Program::Moving(a, n) => Box::pin(moving(self.run(*a, ends), n)),
            _ => unreachable!("a leaf, or around one part"),
        }
    }
}

async fn yields(n: u8) {
    for _ in 0..n {
        yield_once().await;
    }
}

async fn drop_and_yield(token: Cancelled) {
    drop(token);
    yields(2).await;
}

/// Polled here `n` times, then in a set as often, and so on. Not for ever: a set wakes itself after
/// the first poll of what was put into it, so two that take turns would never sleep.
async fn moving(future: Local<()>, n: u8) {
    let mut here = Some(future);
    let mut set = FuturesUnordered::new();
    let mut left = n;
    let mut n_moves = 0;
    poll_fn(|cx| {
        if left == 0 && n_moves < 9 {
            left = n;
            n_moves += 1;
            match here.take() {
                Some(future) => set.push(future),
                None => here = std::mem::take(&mut set).into_iter().next(),
            }
        }
        left = left.saturating_sub(1);
        match &mut here {
            Some(future) => future.as_mut().poll(cx),
            None => set.poll_next_unpin(cx).map(|_| ()),
        }
    })
    .await;
}

/// Panics when it is polled after its end.
struct Strict(Option<Local<()>>);

impl Future for Strict {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<()> {
        let future = self.0.as_mut().expect("polled after its end");
        let polled = future.as_mut().poll(cx);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}
