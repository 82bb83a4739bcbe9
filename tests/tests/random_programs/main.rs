//! Programs that nobody designed: trees of tasks, groups, limits, scopes and combinators, in which anybody
//! asks anybody to end, at any time, against what must hold whatever happens.
//!
//! A program is grown from a seed and runs in virtual time, so it does the same whenever it runs on one
//! thread; on several workers it only is the same program. One in which a check fails is printed; the first
//! step is to grow it less deep, the second to take its branches off by hand.
//! `EVLOOP_RANDOM_PROGRAMS=1000000` runs so many instead of the few thousand of every day,
//! `EVLOOP_RANDOM_FIRST=5000` begins with that seed.
//!
//! Combinators of others are not among the pieces: what they drop with a request is stated in the guide to
//! cancellation, and each case has its test in `evloop-cancel`.

mod checks;
mod program;
mod walk;

use std::time::Duration;

use evloop::{
    ErrorContext, Handle, ManualClock, Runner, Runtime, all_tasks, create_task, current_task,
    deadline, sleep,
};
use evloop_tests::watchdog::Watchdog;
use evloop_tests::{Seen, virtual_builder};

use crate::checks::Checks;
use crate::program::{Manners, Program};
use crate::walk::{World, run_as_task};

/// Longer than any program takes, in virtual time.
const FOR_EVER: Duration = Duration::from_secs(10_000);

/// What a program runs on.
#[derive(Clone, Copy, Debug)]
enum Ground {
    OneThread,
    /// So many workers, and the calling thread.
    Workers(usize),
}

/// Runs a program; returns what did not hold.
fn run(program: &Program, ground: Ground) -> Vec<String> {
    let checks = Checks::new(program.manners);
    let reports = Seen::new();
    let told = reports.clone();
    let tell = move |_: &Handle, context: &ErrorContext| told.push(context.clone());
    let run = run_main(program, World::new(checks.clone()));
    match ground {
        Ground::OneThread => {
            let builder = virtual_builder().eager_tasks(program.eager);
            let builder = builder.exception_handler(tell);
            let runner = Runner::with(builder).expect("the system has descriptors for a loop");
            runner.run(run).expect("nobody stops the loop");
        }
        Ground::Workers(n_workers) => {
            let builder = Runtime::builder().n_workers(n_workers);
            let builder = builder.clock(ManualClock::new().with_auto_jump());
            let runtime = builder.exception_handler(tell).build();
            let runtime = runtime.expect("the system has descriptors and threads");
            runtime.block_on(run).expect("nobody closes the runtime");
        }
    }
    checks.no_clean_up_is_cut_off();
    checks.nothing_is_reported_but_planned_panics(&reports.take());
    checks.faults()
}

async fn run_main(program: &Program, world: World) {
    let mut main = create_task(run_as_task(program.main.clone(), world.clone()));
    if program.stormy {
        for _ in 0..20 {
            sleep(Duration::from_millis(1)).await;
            main.cancel();
        }
    }
    let ended = deadline(FOR_EVER, &mut main).await;
    world.checks.the_main_task_ends(ended.is_ok());
    // Those that do not are found below.
    let _ended = deadline(FOR_EVER, others_end()).await;
    world.checks.nothing_is_left_over(&world.tasks());
}

async fn others_end() {
    let me = current_task().expect("this is a task");
    // A task that has not begun is not listed on workers. It has when time passes, unless it was made by
    // one that woke up at this very time: so it takes several looks.
    let mut n_empty = 0;
    while n_empty < 3 {
        sleep(Duration::from_millis(10)).await;
        let others = all_tasks().iter().any(|task| task.id() != me.id());
        n_empty = if others { 0 } else { n_empty + 1 };
    }
}

#[track_caller]
fn check(seed: u64, manners: Manners, depth: u32, ground: Ground) {
    let program = Program::grow(seed, manners, depth);
    let faults = run(&program, ground);
    assert!(
        faults.is_empty(),
        "seed {seed}, depth {depth}, {ground:?}: {faults:#?}\n{program:?}"
    );
}

/// Checks as many programs as are asked for, or so many.
fn check_many(by_default: u64, manners: Manners, ground: Ground) {
    let asked = |name| {
        let asked = std::env::var(name).ok()?;
        Some(asked.parse().expect("it is a number"))
    };
    let n_programs = asked("EVLOOP_RANDOM_PROGRAMS").unwrap_or(by_default);
    let first = asked("EVLOOP_RANDOM_FIRST").unwrap_or(0);
    let seeds: Vec<u64> = (first..first + n_programs).collect();
    // It is the hang of one that is looked for, however many there are.
    for some in seeds.chunks(500) {
        let _watchdog = Watchdog::new(Duration::from_secs(60));
        some.iter()
            .for_each(|seed| check(*seed, manners, 4, ground));
    }
}

#[test]
fn programs_that_ask_keep_every_promise() {
    check_many(10_000, Manners::Asks, Ground::OneThread);
}

#[test]
fn programs_that_also_drop_and_panic_leave_nothing() {
    check_many(10_000, Manners::Drops, Ground::OneThread);
}

#[test]
fn programs_that_ask_keep_every_promise_on_workers() {
    for n_workers in [1, 2, 8] {
        check_many(300, Manners::Asks, Ground::Workers(n_workers));
    }
}

#[test]
fn programs_that_also_drop_and_panic_leave_nothing_on_workers() {
    for n_workers in [1, 2, 8] {
        check_many(300, Manners::Drops, Ground::Workers(n_workers));
    }
}

/// Each of them once found a defect.
#[test]
fn programs_that_found_defects() {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    let check = |seed, manners, depth| check(seed, manners, depth, Ground::OneThread);
    check(450_212, Manners::Asks, 4);
    for seed in [23_083, 57_189, 76_940, 407_608] {
        check(seed, Manners::Asks, 5);
    }
    check(83_386, Manners::Drops, 4);
}
