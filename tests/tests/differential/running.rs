//! Running, stopping and running again.

use std::time::Duration;

use evloop::{Handle, RunError, call_soon, sleep};

use crate::program::{Program, ms, say, sleep_ms, truth};

#[test]
fn diff_stop_ends_after_the_turn() {
    fn early() {
        event!("early callback");
        call_soon(say("callback queued by the early one"));
    }

    fn stop() {
        event!("stop");
        Handle::current().stop();
        Handle::current().stop();
        call_soon(say("callback queued after stop"));
    }

    async fn ticker() {
        for tick in 0..4 {
            event!("tick {tick}");
            sleep(Duration::ZERO).await;
        }
        event!("the ticker ends");
    }

    Program::on_one_thread(|program| {
        let task = program.create_task(ticker());
        program.call_soon(early);
        program.call_soon(stop);
        program.call_soon(say("callback ready before stop"));
        event!("running: {}", truth(program.is_running()));
        program.event_loop().run_forever().unwrap();
        event!("left the loop, running: {}", truth(program.is_running()));

        program.call_soon(stop);
        program.call_soon(|| event!("running: {}", truth(Handle::current().is_running())));
        program.event_loop().run_forever().unwrap();
        event!("left the loop again");

        program.call_later(ms(10), stop);
        program.event_loop().run_forever().unwrap();
        event!(
            "left the loop for good, the ticker is done: {}",
            truth(task.done())
        );
        program.close();
        event!("closed: {}", truth(program.is_closed()));
        program.compare(recorded!("stop_ends_after_the_turn"));
    });
}

#[test]
fn diff_stop_before_run() {
    fn chain(n: u32) {
        event!("callback {n}");
        if n < 5 {
            call_soon(move || chain(n + 1));
        }
    }

    async fn ticker() {
        for tick in 0..4 {
            event!("tick {tick}");
            sleep(Duration::ZERO).await;
        }
        event!("the ticker sleeps");
        sleep_ms(20).await;
        event!("the ticker ends");
    }

    Program::on_one_thread(|program| {
        let task = program.create_task(ticker());
        program.call_later(ms(10), say("timer 10"));
        program.call_soon(|| chain(1));
        for turn in 0..3 {
            program.stop();
            program.event_loop().run_forever().unwrap();
            event!("turn {turn} is over");
        }

        program.run(task).unwrap();
        event!("a usual run");

        program.stop();
        program.event_loop().run_forever().unwrap();
        event!("an empty turn is over");
        program.compare(recorded!("stop_before_run"));
    });
}

#[test]
fn diff_run_again() {
    async fn ticker() -> &'static str {
        for tick in 1..6 {
            sleep_ms(10).await;
            event!("tick {tick}");
        }
        "all ticks"
    }

    async fn double(x: u32) -> u32 {
        event!("doubling {x}");
        sleep_ms(14).await;
        event!("doubled {x}");
        call_soon(say(format!("callback queued when {x} was doubled")));
        2 * x
    }

    Program::on_one_thread(|program| {
        let gate = program.create_future();
        let background = program.create_task(ticker());
        event!("first run gives {}", program.run(double(1)));
        event!("second run gives {}", program.run(double(2)));

        let handle = program.handle();
        program.call_later(ms(4), move || handle.stop());
        if let Err(RunError::Stopped) = program.run_until_complete(&gate) {
            event!(
                "third run was stopped, the gate is done: {}",
                truth(gate.done())
            );
        }

        let opener = gate.clone();
        program.call_later(ms(4), move || {
            opener.set_result("open").expect("it is pending")
        });
        event!("fourth run gives {}", program.run(&gate).unwrap());
        event!(
            "fifth run gives {}, which was there",
            program.run(&gate).unwrap()
        );
        event!("sixth run gives {}", program.run(background).unwrap());
        program.compare(recorded!("run_again"));
    });
}
