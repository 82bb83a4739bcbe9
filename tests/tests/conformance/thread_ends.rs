//! Threads and processes that end with things of evloop in use. The program is `src/bin/thread_ends`, where
//! the scenarios stand.

use std::process::Command;

use evloop_tests::Interrupted;

use crate::guarded;

/// A clean end: no abort, nothing on standard error.
fn run(scenario: &str, argument: &str) -> Vec<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_thread_ends"));
    command.args([scenario, argument]);
    Interrupted::start(command).end().well()
}

/// The destructors of a thread that ends before `main` does, in both orders. "beside" is a thread-local that
/// was first touched with evloop's own.
fn ends_before_main(scenario: &str) {
    guarded(|| {
        let expected = ["touched", "beside", "main ends"];
        assert_eq!(run(scenario, "late"), expected);
        let expected = ["beside", "touched", "main ends"];
        assert_eq!(
            run(scenario, "early"),
            expected,
            "destroyed after evloop's own"
        );
    });
}

#[test]
fn fault_f25_destructors_at_the_end_of_the_main_thread_may_use_everything() {
    guarded(|| {
        let expected = ["main ends", "touched", "beside"];
        assert_eq!(run("main_thread", "late"), expected);
        let expected = ["main ends", "beside", "touched"];
        assert_eq!(run("main_thread", "early"), expected);
    });
}

#[test]
fn fault_f25_destructors_at_the_end_of_a_thread_that_ran_a_loop_may_use_everything() {
    ends_before_main("loop_thread");
}

#[test]
fn museum_bm94_a_loop_in_a_thread_local_ends_among_things_of_its_own() {
    ends_before_main("loop_in_thread_local");
}

#[test]
fn fault_f25_destructors_at_the_end_of_a_worker_may_use_everything() {
    ends_before_main("worker");
}

#[test]
fn fault_f25_destructors_at_the_end_of_a_blocking_thread_may_use_everything() {
    ends_before_main("pool_of_a_loop");
    ends_before_main("pool_of_a_runtime");
}

#[test]
fn fault_f25_destructors_at_the_end_of_a_thread_that_had_a_handle_may_use_everything() {
    ends_before_main("handle_of_a_loop");
    ends_before_main("handle_of_a_runtime");
}

#[test]
fn fault_f25_main_returns_while_tasks_live() {
    guarded(|| {
        for flavour in ["loop", "runtime"] {
            assert_eq!(run("main_returns", flavour), ["main ends"]);
        }
    });
}

#[test]
fn fault_f25_the_process_exits_in_the_midst_of_a_task() {
    guarded(|| {
        for flavour in ["loop", "runtime"] {
            let expected = ["exit", "touched", "beside"];
            assert_eq!(run("exit_in_a_task", flavour), expected);
        }
    });
}

#[test]
fn fault_f25_the_process_exits_beside_its_tasks() {
    guarded(|| {
        assert_eq!(
            run("exit_beside_tasks", "loop"),
            ["exit", "touched", "beside"]
        );
        // It is held by a worker, which does not end.
        assert_eq!(run("exit_beside_tasks", "runtime"), ["exit"]);
    });
}
