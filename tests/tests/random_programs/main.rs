//! Programs that nobody designed: trees of tasks, groups, limits, scopes and combinators, in which anybody
//! asks anybody to end, at any time, against what must hold whatever happens.
//!
//! A program is grown from a seed and runs in virtual time, so it does the same whenever it runs. One in
//! which a check fails is printed; the first step is to grow it less deep, the second to take its branches
//! off by hand. `EVLOOP_RANDOM_PROGRAMS=1000000` runs so many instead of the few thousand of every day.
//!
//! Combinators of others are not among the pieces: what they drop with a request is stated in the guide to
//! cancellation, and each case has its test in `evloop-cancel`.

mod checks;
mod program;
mod walk;

use std::time::Duration;

use evloop::{Runner, all_tasks, create_task, deadline, sleep};
use evloop_tests::watchdog::Watchdog;
use evloop_tests::{Seen, virtual_builder};

use crate::checks::Checks;
use crate::program::{Manners, Program};
use crate::walk::{World, run_as_task};

/// Longer than any program takes, in virtual time.
const FOR_EVER: Duration = Duration::from_secs(10_000);

/// Runs a program; returns what did not hold.
fn run(program: &Program) -> Vec<String> {
    let checks = Checks::new(program.manners);
    let world = World::new(checks.clone());
    let reports = Seen::new();
    let told = reports.clone();
    let builder = virtual_builder().eager_tasks(program.eager);
    let builder = builder.exception_handler(move |_, context| told.push(context.clone()));
    let runner = Runner::with(builder).expect("the system has descriptors for a loop");
    let ran = runner.run(async move {
        let mut main = create_task(run_as_task(program.main.clone(), world.clone()));
        if program.stormy {
            for _ in 0..20 {
                sleep(Duration::from_millis(1)).await;
                main.cancel();
            }
        }
        let ended = deadline(FOR_EVER, &mut main).await;
        world.checks.the_main_task_ends(ended.is_ok());
        let others_end = async {
            while all_tasks().len() > 1 {
                sleep(Duration::from_millis(10)).await;
            }
        };
        // Those that do not are found below.
        let _ended = deadline(FOR_EVER, others_end).await;
        world.checks.nothing_is_left_over(&world.tasks());
    });
    ran.expect("nobody stops the loop");
    drop(runner);
    checks.no_clean_up_is_cut_off();
    checks.nothing_is_reported_but_planned_panics(&reports.take());
    checks.faults()
}

#[track_caller]
fn check(seed: u64, manners: Manners, depth: u32) {
    let program = Program::grow(seed, manners, depth);
    let faults = run(&program);
    assert!(
        faults.is_empty(),
        "seed {seed}, depth {depth}: {faults:#?}\n{program:?}"
    );
}

/// Checks as many programs as are asked for, or so many.
fn check_many(by_default: u64, manners: Manners, depth: u32) {
    let asked = std::env::var("EVLOOP_RANDOM_PROGRAMS").ok();
    let n_programs = asked.map_or(by_default, |asked| {
        asked.parse().expect("EVLOOP_RANDOM_PROGRAMS is a number")
    });
    let seeds: Vec<u64> = (0..n_programs).collect();
    // It is the hang of one that is looked for, however many there are.
    for some in seeds.chunks(500) {
        let _watchdog = Watchdog::new(Duration::from_secs(60));
        some.iter().for_each(|seed| check(*seed, manners, depth));
    }
}

#[test]
fn programs_that_ask_keep_every_promise() {
    check_many(10_000, Manners::Asks, 4);
}

#[test]
fn programs_that_also_drop_and_panic_leave_nothing() {
    check_many(10_000, Manners::Drops, 4);
}

/// Each of them once found a defect.
#[test]
fn programs_that_found_defects() {
    let _watchdog = Watchdog::new(Duration::from_secs(60));
    check(450_212, Manners::Asks, 4);
    for seed in [23_083, 57_189, 76_940, 407_608] {
        check(seed, Manners::Asks, 5);
    }
    check(83_386, Manners::Drops, 4);
}
