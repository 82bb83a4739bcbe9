//! Timers: by deadline, then by insertion, behind what is ready.

use std::time::Duration;

use evloop::{Handle, TimerHandle, call_soon, create_task, sleep};

use crate::program::{Program, ms, say, sleep_ms, truth};

#[test]
fn diff_timers_by_deadline() {
    fn first(last: &TimerHandle) {
        event!("timer 10 cancels timer 40 and makes one for 12");
        last.cancel();
        Handle::current().call_later(ms(2), say("timer 12, made at 10"));
        Handle::current().call_later(ms(40), say("timer 50, made at 10"));
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let start = program.now();
            let last = program.call_later(ms(40), say("timer 40"));
            let to_cancel = last.clone();
            program.call_later(ms(10), move || first(&to_cancel));
            program.call_later(ms(30), say("timer 30"));
            let skipped = program.call_later(ms(20), say("timer 20"));
            program.call_at(start + ms(25), say("timer 25"));
            event!(
                "main cancels timer 20, which was cancelled: {}",
                truth(skipped.cancelled())
            );
            skipped.cancel();
            skipped.cancel();
            event!("and now it is: {}", truth(skipped.cancelled()));
            sleep_ms(15).await;
            event!("main resumes at 15");
            sleep_ms(12).await;
            event!("main resumes at 27");
            sleep_ms(33).await;
            event!(
                "main ends, timer 40 was cancelled: {}",
                truth(last.cancelled())
            );
        });
        program.compare(recorded!("timers_by_deadline"));
    });
}

#[test]
fn diff_equal_deadlines() {
    fn fire(name: &'static str) -> impl FnOnce() + Send + 'static {
        move || {
            event!("timer {name}");
            call_soon(say(format!("callback queued by timer {name}")));
        }
    }

    async fn sleeper(name: &'static str, delays: [u64; 2]) {
        for delay in delays {
            sleep_ms(delay).await;
            event!("{name} resumes");
        }
    }

    Program::on_every_loop(|program| {
        program.run(async {
            let start = program.now();
            let gate = program.create_future();
            let opener = gate.clone();
            program.call_at(start + ms(10), fire("a"));
            sleep_ms(5).await;
            event!("main makes the second timer for 10 by its delay");
            program.call_later(ms(5), fire("b"));
            program.call_at(start + ms(10), || {
                fire("c")();
                call_soon(move || opener.set_result(()).expect("it is pending"));
            });
            gate.await.expect("it is opened");
            sleep_ms(5).await;
            event!("main starts the sleepers");
            let first = create_task(sleeper("x", [15, 10]));
            let second = create_task(sleeper("y", [5, 20]));
            let third = create_task(sleeper("z", [10, 15]));
            for task in [first, second, third] {
                task.await.expect("sleepers do not fail");
            }
            event!("all three met at 40, in the order in which they went to sleep");
        });
        program.compare(recorded!("equal_deadlines"));
    });
}

#[test]
fn diff_timers_behind_ready() {
    Program::on_one_thread(|program| {
        let clock = program.clock();
        program.run(async {
            let start = program.now();
            program.call_later(ms(30), say("timer 30"));
            program.call_later(ms(10), say("timer 10"));
            call_soon(move || {
                event!("a callback computes for 50 ms");
                clock.advance(ms(50));
                call_soon(say("what it queued"));
            });
            sleep(Duration::ZERO).await;
            event!("main resumes in the turn of the computation");
            sleep(Duration::ZERO).await;
            event!("main resumes ahead of the timers");
            sleep(Duration::ZERO).await;
            event!("main resumes behind the timers");

            program.call_at(start + ms(45), say("timer 45, made at 50"));
            program.call_at(start + ms(20), say("timer 20, made at 50"));
            program.call_later(Duration::ZERO, say("timer 50, made at 50"));
            call_soon(say("a callback made after them"));
            event!("main has made timers for the past");
            sleep(Duration::ZERO).await;
            event!("main resumes ahead of them");
            sleep_ms(10).await;
            event!("main ends");
        });
        program.compare(recorded!("timers_behind_ready"));
    });
}
