//! Scripted children against a naive oracle.
//!
//! A script says how often a child is pending, how it gets woken, and how it ends. The oracle
//! computes from the scripts alone what each combinator has to give.

use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use evloop_combinators::{FirstCompleted, WaitSet, Waitable, gather, race, try_gather};
use evloop_fixtures::Wakes;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::Config;
use proptest::{prop_assert, prop_assert_eq, proptest};

use crate::harness::{Census, Token, poll_with};

#[derive(Debug, Clone)]
struct Script {
    /// What happens in each poll before the last one.
    pauses: Vec<Pause>,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Pause {
    /// It wakes itself and is pending.
    Yield,
    /// It leaves its waker and is pending until the world wakes it.
    Sleep,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Value,
    Error,
    Panic,
}

/// The wakers that children left, by index.
type World = Rc<RefCell<Vec<(usize, Waker)>>>;

struct Scripted {
    index: usize,
    script: Script,
    n_polls: usize,
    world: World,
    /// The order in which children ended.
    ended: Rc<RefCell<Vec<usize>>>,
    _token: Token,
}

impl Future for Scripted {
    type Output = Result<usize, usize>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let pause = self.script.pauses.get(self.n_polls).copied();
        self.n_polls += 1;
        match pause {
            Some(Pause::Yield) => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(Pause::Sleep) => {
                self.world
                    .borrow_mut()
                    .push((self.index, cx.waker().clone()));
                return Poll::Pending;
            }
            None => {}
        }
        self.ended.borrow_mut().push(self.index);
        match self.script.end {
            End::Value => Poll::Ready(Ok(self.index)),
            End::Error => Poll::Ready(Err(self.index)),
            End::Panic => panic!("scripted panic of {}", self.index),
        }
    }
}

/// One run: children, the world, and the choices by which the world wakes.
struct Run {
    world: World,
    ended: Rc<RefCell<Vec<usize>>>,
    census: Census,
    choices: Vec<usize>,
    is_gather: bool,
}

impl Run {
    fn new(choices: &[usize]) -> Self {
        Self {
            world: World::default(),
            ended: Rc::default(),
            census: Census::default(),
            choices: choices.to_vec(),
            is_gather: false,
        }
    }

    fn children(&self, scripts: &[Script]) -> Vec<Scripted> {
        let child = |(index, script): (usize, &Script)| Scripted {
            index,
            script: script.clone(),
            n_polls: 0,
            world: Rc::clone(&self.world),
            ended: Rc::clone(&self.ended),
            _token: self.census.token(),
        };
        scripts.iter().enumerate().map(child).collect()
    }

    /// Polls until the end, waking one sleeping child whenever nothing else is to be done.
    ///
    /// `None` if a child panicked.
    fn finish<F: Future>(&mut self, future: F) -> Option<F::Output> {
        let (wakes, waker) = Wakes::new();
        let mut future = pin!(future);
        loop {
            let poll = catch_unwind(AssertUnwindSafe(|| poll_with(future.as_mut(), &waker)));
            match poll {
                Err(_) => return None,
                Ok(Poll::Ready(output)) => return Some(output),
                Ok(Poll::Pending) => {}
            }
            if wakes.take() == 0 {
                self.wake_one();
                // A child of a gather of few has the parent's own waker, and is woken twice.
                let at_most = if self.is_gather { 2 } else { 1 };
                assert!((1..=at_most).contains(&wakes.take()), "the parent is woken");
            }
        }
    }

    fn wake_one(&mut self) {
        let n_asleep = self.world.borrow().len();
        assert!(
            n_asleep > 0,
            "pending, not woken, and nobody to wait for: a lost wake"
        );
        let choice = self.choices.pop().unwrap_or(0) % n_asleep;
        let (_, waker) = self.world.borrow_mut().swap_remove(choice);
        // From the side: a clone, then the original once more.
        let other = waker.clone();
        waker.wake_by_ref();
        other.wake();
    }

    fn ended(&self) -> Vec<usize> {
        self.ended.borrow().clone()
    }
}

fn scripts(ends: impl Strategy<Value = End> + Clone) -> impl Strategy<Value = Vec<Script>> {
    let pause = prop_oneof![Just(Pause::Yield), Just(Pause::Sleep)];
    let script = (vec(pause, 0..4), ends).prop_map(|(pauses, end)| Script { pauses, end });
    vec(script, 1..24)
}

fn values() -> impl Strategy<Value = End> + Clone {
    Just(End::Value)
}

fn values_and_errors() -> impl Strategy<Value = End> + Clone {
    prop_oneof![4 => Just(End::Value), 1 => Just(End::Error)]
}

fn all_ends() -> impl Strategy<Value = End> + Clone {
    prop_oneof![6 => Just(End::Value), 1 => Just(End::Error), 1 => Just(End::Panic)]
}

proptest! {
    #![proptest_config(Config { cases: 256, failure_persistence: None, ..Config::default() })]

    #[test]
    fn gather_gives_every_output_in_order_or_the_panic(
        scripts in scripts(all_ends()), choices in vec(any::<usize>(), 40),
    ) {
        let mut run = Run { is_gather: true, ..Run::new(&choices) };
        let output = run.finish(gather(run.children(&scripts)));

        let ended = run.ended();
        if scripts.iter().any(|script| script.end == End::Panic) {
            prop_assert!(output.is_none());
            let last = *ended.last().unwrap();
            prop_assert_eq!(scripts[last].end, End::Panic);
        } else {
            let expected: Vec<_> = scripts.iter().enumerate().map(|(index, script)| {
                if script.end == End::Error { Err(index) } else { Ok(index) }
            }).collect();
            prop_assert_eq!(output, Some(expected));
            prop_assert_eq!(ended.len(), scripts.len());
        }
        run.world.borrow_mut().clear();
        prop_assert_eq!(run.census.n_alive(), 0);
        prop_assert_eq!(run.census.n_dropped(), scripts.len());
    }

    #[test]
    fn try_gather_stops_at_the_first_error(
        scripts in scripts(values_and_errors()), choices in vec(any::<usize>(), 40),
    ) {
        let mut run = Run::new(&choices);
        let output = run.finish(try_gather(run.children(&scripts))).unwrap();

        let ended = run.ended();
        let first_error = ended.iter().copied().find(|&index| scripts[index].end == End::Error);
        match first_error {
            Some(index) => {
                prop_assert_eq!(output, Err(index));
                prop_assert_eq!(ended.last(), Some(&index), "nobody is polled after it");
            }
            None => prop_assert_eq!(output, Ok((0..scripts.len()).collect())),
        }
        prop_assert_eq!(run.census.n_alive(), 0);
    }

    #[test]
    fn race_goes_to_the_first_to_end(
        scripts in scripts(values_and_errors()), choices in vec(any::<usize>(), 40),
    ) {
        let mut run = Run::new(&choices);
        let output = run.finish(race(run.children(&scripts))).unwrap();

        let ended = run.ended();
        prop_assert_eq!(ended.len(), 1);
        prop_assert_eq!(output.unwrap().unwrap_or_else(|index| index), ended[0]);
        prop_assert_eq!(run.census.n_alive(), 0);
    }

    /// The set is waited for again and again, while new members come in.
    #[test]
    fn wait_gives_each_member_once_in_completion_order(
        scripts in scripts(values()), late in scripts(values()), choices in vec(any::<usize>(), 80),
    ) {
        let mut run = Run::new(&choices);
        let all: Vec<Script> = scripts.iter().chain(&late).cloned().collect();
        let mut members = run.children(&all).into_iter().map(Waitable::new);
        let mut set: WaitSet<_> = members.by_ref().take(scripts.len()).collect();
        let mut done = Vec::new();
        while !set.is_empty() {
            let (finished, pending) =
                run.finish(set.wait().return_when(FirstCompleted)).unwrap().unwrap();
            prop_assert!(!finished.is_empty());
            done.extend(finished.into_iter().map(|h| h.into_output().unwrap().unwrap()));
            prop_assert_eq!(&done, &run.ended());
            set = pending;
            set.extend(members.next());
        }
        prop_assert_eq!(done.len(), run.ended().len());
        drop((set, members));
        prop_assert_eq!(run.census.n_alive(), 0);
    }
}
