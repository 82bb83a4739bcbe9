//! SIGINT during a run. The program is `src/bin/interrupted.rs`, where the scenarios stand.

use std::process::Command;

use evloop_tests::Interrupted;

use crate::guarded;

fn program() -> &'static str {
    env!("CARGO_BIN_EXE_interrupted")
}

fn start(scenario: &str) -> Interrupted {
    let mut command = Command::new(program());
    command.arg(scenario);
    Interrupted::start(command)
}

#[test]
fn an_interrupt_ends_the_main_task_then_the_rest_and_then_the_process() {
    guarded(|| {
        let mut run = start("run");
        run.wait_for("during: Handled");
        run.wait_for("ready");
        run.wait_until_asleep();

        run.interrupt();

        let lines = run.end().by_interrupt();
        assert_eq!(lines, ["main dropped", "leftover ended"]);
    });
}

#[test]
fn what_was_printed_is_not_lost_with_the_process() {
    guarded(|| {
        let lines = start("run_with_unfinished_line").end().by_interrupt();
        assert_eq!(lines, ["no newline"]);
    });
}

#[test]
fn a_storm_of_interrupts_leaves_one_clean_death() {
    guarded(|| {
        let mut run = start("run");
        run.wait_for("during: Handled");
        run.wait_for("ready");

        for _ in 0..50 {
            run.interrupt();
        }

        // How much of the clean-up is seen depends on when the third arrives.
        let lines = run.end().by_interrupt();
        let mut all = ["main dropped", "leftover ended"].iter();
        assert!(
            lines.iter().all(|line| Some(&&**line) == all.next()),
            "{lines:?}"
        );
    });
}

#[test]
fn an_interrupt_wakes_an_idle_loop_and_is_an_error_of_the_runner() {
    guarded(|| {
        let mut run = start("idle_runner");
        run.wait_for("ready");
        run.wait_until_asleep();

        run.interrupt();

        let expected = [
            "main dropped",
            "the run was interrupted by SIGINT",
            "after: Default",
            "1",
        ];
        assert_eq!(run.end().well(), expected);
    });
}

#[test]
fn an_interrupt_ends_the_main_task_of_a_runtime_which_may_clean_up() {
    guarded(|| {
        let mut run = start("idle_runtime");
        run.wait_for("ready");
        run.wait_until_asleep();

        run.interrupt();

        let expected = [
            "main dropped",
            "cleaned up",
            "the run was interrupted by SIGINT",
            "after: Default",
            "1",
        ];
        assert_eq!(run.end().well(), expected);
    });
}

#[test]
fn the_second_interrupt_ends_the_run_of_a_runtime_at_once() {
    guarded(|| {
        let mut run = start("second_on_a_runtime");
        run.wait_for("swallowed");
        run.wait_for("ready");
        run.wait_until_asleep();

        run.interrupt();

        let expected = [
            "main dropped",
            "the run was interrupted by SIGINT",
            "after: Default",
        ];
        assert_eq!(run.end().well(), expected);
    });
}

#[test]
fn block_on_installs_nothing() {
    guarded(|| {
        let lines = start("runtime_alone").end().well();
        assert_eq!(lines, ["during: Default"]);
    });
}

#[test]
fn an_interrupt_reaches_a_loop_that_never_waits() {
    guarded(|| {
        let mut run = start("busy_runner");
        run.wait_for("ready");

        run.interrupt();

        assert_eq!(run.end().well(), ["the run was interrupted by SIGINT"]);
    });
}

#[test]
fn an_interrupt_between_the_last_look_and_the_wait_ends_the_wait() {
    guarded(|| {
        let lines = start("about_to_wait").end().well();
        assert_eq!(lines, ["interrupted", "the run was interrupted by SIGINT"]);
    });
}

#[test]
fn a_busy_loop_that_watches_for_interrupts_still_sees_other_descriptors() {
    guarded(|| {
        assert_eq!(start("busy_with_a_reader").end().well(), ["read"]);
    });
}

#[test]
fn case_165_a_main_task_that_others_cancel_too_is_cancelled_and_not_interrupted() {
    guarded(|| {
        assert_eq!(start("cancelled_by_others").end().well(), ["cancelled"]);
    });
}

#[test]
fn a_main_task_that_is_interrupted_may_clean_up() {
    guarded(|| {
        let mut run = start("cleans_up");
        run.wait_for("ready");
        run.wait_until_asleep();

        run.interrupt();

        let expected = [
            "main dropped",
            "cleaned up",
            "the run was interrupted by SIGINT",
        ];
        assert_eq!(run.end().well(), expected);
    });
}

#[test]
fn a_main_task_that_swallows_the_interrupt_returns_its_value() {
    guarded(|| {
        let lines = start("swallowed").end().well();
        assert_eq!(lines, ["swallowed", "7", "after: Default"]);
    });
}

#[test]
fn the_second_interrupt_ends_the_run_at_once() {
    guarded(|| {
        let mut run = start("second_while_it_goes_on");
        run.wait_for("swallowed");
        run.wait_for("ready");
        run.wait_until_asleep();

        run.interrupt();

        let expected = [
            "main dropped",
            "the run was interrupted by SIGINT",
            "after: Default",
        ];
        assert_eq!(run.end().well(), expected);
    });
}

#[test]
fn the_second_interrupt_asks_nobody() {
    guarded(|| {
        let expected = [
            "swallowed",
            "main dropped",
            "the run was interrupted by SIGINT",
        ];
        assert_eq!(start("swallowed_twice").end().well(), expected);
    });
}

#[test]
fn the_third_interrupt_kills_a_program_whose_step_blocks() {
    guarded(|| {
        let lines = start("blocked").end().by_interrupt();
        assert_eq!(lines, ["alive after one", "alive after two"]);
    });
}

#[test]
fn an_interrupt_in_the_last_step_is_not_lost() {
    guarded(|| {
        assert_eq!(start("late").end().well(), ["Err(Interrupted)"]);
    });
}

#[test]
fn an_interrupt_outside_of_the_run_kills_as_ever() {
    guarded(|| {
        assert_eq!(start("before_the_run").end().by_interrupt(), ["made"]);
        assert_eq!(start("after_the_run").end().by_interrupt(), ["ran"]);
        let lines = start("during_teardown").end().by_interrupt();
        assert_eq!(lines, ["teardown: Default"]);
    });
}

#[test]
fn the_disposition_is_restored_on_every_way_out() {
    guarded(|| {
        let expected = [
            "value: Default",
            "panic: Default",
            "stop: Default",
            "cancel: Default",
            "inside: Handled",
            "closed: Default",
        ];
        assert_eq!(start("every_way_out").end().well(), expected);
    });
}

#[test]
fn a_run_on_another_thread_installs_nothing() {
    guarded(|| {
        let lines = start("other_thread").end().by_interrupt();
        assert_eq!(lines, ["during: Default"]);
    });
}

#[test]
fn a_loop_without_a_runner_installs_nothing() {
    guarded(|| {
        let lines = start("loop_alone").end().by_interrupt();
        assert_eq!(lines, ["during: Default"]);
    });
}

#[test]
fn an_ignored_interrupt_stays_ignored() {
    guarded(|| {
        // As `nohup` does it for SIGHUP: what is ignored is inherited so.
        let mut command = Command::new("sh");
        let script = r#"trap "" INT; exec "$0" run_as_started"#;
        command.args(["-c", script, program()]);

        let lines = Interrupted::start(command).end().well();

        let expected = ["before: Ignored", "during: Ignored", "after: Ignored", "7"];
        assert_eq!(lines, expected);

        let lines = start("run_not_ignored").end().by_interrupt();
        assert_eq!(lines, ["before: Default", "during: Handled"]);
    });
}

#[test]
fn a_handler_of_somebody_else_stays_in_charge() {
    guarded(|| {
        let lines = start("handled_by_others").end().well();
        assert_eq!(lines, ["7", "1", "after: Handled"]);
    });
}

#[test]
fn runners_take_the_interrupt_in_turn() {
    guarded(|| {
        let each = [
            "the run was interrupted by SIGINT after 1 step",
            "between: Default",
        ];
        assert_eq!(start("runners_in_sequence").end().well(), each.repeat(3));
    });
}
