//! Random programs of scopes, asked to end at random moments.

use std::cell::Cell;
use std::future::{Future, pending};
use std::pin::Pin;
use std::rc::Rc;

use evloop_cancel::{CancelScope, catch_cancel, timeout_scope};
use futures_util::stream::{FuturesUnordered, StreamExt};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, any, prop_oneof};
use proptest::proptest;

use crate::gather::Gather;
use crate::program::{How, N_GATES, Program, Step, World, programs, steps};
use crate::support::{End, Gate, Task};

type Local = Pin<Box<dyn Future<Output = ()>>>;

/// Requests that end any program: each ends at least one part of it.
const ENOUGH: usize = 400;

struct Outcome {
    end: Option<End<()>>,
    /// The task had begun when it was first asked.
    n_cancels: usize,
}

/// Runs the steps, opens all gates, and if need be asks until it ends.
fn drive(world: &World, task: &mut Task<'_, ()>, steps: &[Step]) -> Outcome {
    let mut n_cancels = 0;
    let mut end = None;
    for step in steps {
        if end.is_some() {
            break;
        }
        match *step {
            Step::Run => end = task.run(),
            Step::Poll => end = task.step_if_woken(),
            Step::Cancel => {
                n_cancels += 1;
                task.cancel();
            }
            Step::CancelScope(index) => {
                if let Some(scope) = world.scopes().get(index) {
                    scope.cancel();
                }
            }
            Step::Open(gate) => world.gate(gate).open(),
        }
    }
    if end.is_none() {
        end = task.run();
    }
    for gate in 0..N_GATES {
        world.gate(gate).open();
    }
    if end.is_none() {
        end = task.run();
    }
    Outcome { end, n_cancels }
}

fn is_swallow(program: &Program) -> bool {
    matches!(
        program,
        Program::Catch(_, _, How::Swallow | How::Uncancel) | Program::Scope(_, true)
    )
}

fn is_target(program: &Program) -> bool {
    matches!(
        program,
        Program::Timeout(..) | Program::Scope(..) | Program::Finally(..) | Program::Select(..)
    )
}

fn check(program: Program, steps: &[Step]) {
    let world = World::default();
    let mut task = Task::new(world.run(program.clone(), false));
    let Outcome { end, n_cancels } = drive(&world, &mut task, steps);

    // What is asked, and refused by nobody, does not end with a value.
    if n_cancels > 0 && world.n_swallowed() == 0 && task.was_asked() {
        assert_ne!(end, Some(End::Value(())), "a request was lost");
    }
    if n_cancels == 1 && end == Some(End::Cancelled) && !program.any(&is_target) {
        assert_eq!(world.n_cut_short(), 0, "a clean-up was cut short");
    }
    if n_cancels > 0 && !program.any(&is_swallow) && task.was_asked() {
        assert_eq!(
            end,
            Some(End::Cancelled),
            "all gates are open, and it hangs"
        );
    }
    // Whoever refuses may have left parts that nothing ends but further requests.
    let mut end = end;
    for _ in 0..ENOUGH {
        if end.is_some() {
            break;
        }
        task.cancel();
        end = task.run();
    }
    assert!(end.is_some(), "it hangs");
    drop(task);
}

/// One scope in the other around one piece of code.
#[derive(Clone, Copy, Debug)]
enum Around {
    Catch,
    Scope,
    Timeout,
    Boxed,
    Remote,
    Fork,
}

fn around(kind: Around, inner: Local) -> Local {
    match kind {
        Around::Catch => Box::pin(async move { drop(catch_cancel(inner).await) }),
        Around::Scope => Box::pin(async move {
            let _end = CancelScope::new().run(inner).await;
        }),
        Around::Timeout => Box::pin(async move {
            let _end = timeout_scope(pending::<()>(), inner).await;
        }),
        Around::Boxed => Box::pin(inner),
        Around::Remote => Box::pin(async move {
            let mut set = FuturesUnordered::new();
            set.push(inner);
            while set.next().await.is_some() {}
        }),
        Around::Fork => Box::pin(async move { drop(Gather::new(vec![inner]).await) }),
    }
}

/// What the code awaits is ready in the turn of the request: it does not run on.
fn check_chain(kinds: &[Around], opens_first: bool) {
    let gate = Gate::default();
    let ran_past = Rc::new(Cell::new(false));
    let (passes, runs) = (gate.clone(), Rc::clone(&ran_past));
    let mut future: Local = Box::pin(async move {
        passes.pass().await;
        runs.set(true);
    });
    for kind in kinds {
        future = around(*kind, future);
    }
    let mut task = Task::new(future);
    assert!(task.run().is_none());
    if opens_first {
        gate.open();
        task.cancel();
    } else {
        task.cancel();
        gate.open();
    }
    assert_eq!(task.run(), Some(End::Cancelled));
    assert!(!ran_past.get(), "code ran past its await");
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_request_is_lost_and_nothing_hangs(program in programs(), steps in steps()) {
        check(program, &steps);
    }

    #[test]
    fn no_code_runs_past_its_await(
        kinds in vec(
            prop_oneof![
                Just(Around::Catch),
                Just(Around::Scope),
                Just(Around::Timeout),
                Just(Around::Boxed),
                Just(Around::Remote),
                Just(Around::Fork),
            ],
            0..8,
        ),
        opens_first in any::<bool>(),
    ) {
        check_chain(&kinds, opens_first);
    }
}
