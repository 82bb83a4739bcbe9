//! Processes that are forked off. The program is `src/bin/forked.rs`, where the scenarios stand.

use std::process::Command;

use evloop_tests::Interrupted;

use crate::guarded;

fn run(scenario: &str) {
    guarded(|| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forked"));
        command.arg(scenario);
        let ended = Interrupted::start(command).end();
        assert_eq!(
            (ended.code, &*ended.lines),
            (Some(0), &["done".to_owned()][..]),
            "{ended:?}"
        );
    });
}

#[test]
fn case_154_a_child_has_no_running_loop_and_no_current_task_and_may_start_its_own() {
    run("in_a_task");
}

#[test]
fn museum_bm95_the_old_loop_is_an_error_in_the_child() {
    run("old_loop");
}

#[test]
fn museum_bm95_the_old_runtime_is_an_error_in_the_child_which_does_not_wait_for_its_workers() {
    run("old_runtime");
}

#[test]
fn fault_f20_a_child_that_goes_on_in_the_old_loop_is_told() {
    run("back_in_the_old_loop");
}

#[test]
fn museum_bm95_the_parent_loses_no_event_to_its_children() {
    run("parent_keeps_its_events");
}

#[test]
fn museum_bm95_the_parent_loses_no_event_of_a_portable_reactor_to_its_children() {
    run("parent_keeps_its_portable_reactor");
}

#[test]
fn fault_f20_forks_while_eight_workers_wake() {
    run("while_workers_wake");
}

#[test]
fn museum_bm95_a_signal_of_the_child_is_no_ghost_in_the_parent() {
    run("signals_of_a_child");
}

#[test]
fn museum_bm95_a_program_that_is_started_inherits_no_descriptor() {
    run("descriptors_of_a_program");
}

#[test]
fn fault_f20_a_child_reaps_children_of_its_own_beside_orphans_of_the_parent() {
    run("beside_orphans");
}

#[test]
fn fault_f20_forks_while_orphans_are_reaped() {
    run("while_orphans_end");
}

#[test]
fn fault_f20_a_child_process_of_the_parent_is_lost_in_the_child_and_lives() {
    run("children_of_the_parent");
}
