//! Random programs of scopes, asked to end at random moments.

use proptest::prelude::ProptestConfig;
use proptest::proptest;

use crate::program::{How, N_GATES, Program, Step, World, programs, steps};
use crate::support::{End, Task};

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
        assert_eq!(end, Some(End::Cancelled), "all gates are open, and it hangs");
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
}
