//! Callbacks: their order, where they come from, and what their failures do.

use std::thread;

use evloop::{Handle, call_soon, create_task, sleep};
use std::time::Duration;

use crate::program::{Program, ms, say, sleep_ms, truth};

#[test]
fn diff_call_soon_fifo() {
    fn outer() {
        event!("callback 1 runs");
        call_soon(say("callback 1a, queued by callback 1"));
    }

    async fn worker(name: &'static str) {
        for step in 0..3 {
            event!("{name} takes step {step}");
            call_soon(say(format!("callback of {name} after step {step}")));
            sleep(Duration::ZERO).await;
        }
        event!("{name} ends");
    }

    Program::on_one_thread(|program| {
        program.run(async {
            call_soon(outer);
            create_task(worker("a")).detach();
            call_soon(say("callback 2"));
            create_task(worker("b")).detach();
            let skipped = call_soon(say("a cancelled callback"));
            call_soon(say("callback 3"));
            skipped.cancel();
            event!(
                "main has queued all, one is cancelled: {}",
                truth(skipped.cancelled())
            );
            sleep(Duration::ZERO).await;
            event!("main resumes behind what it queued");
            sleep_ms(10).await;
            event!("main ends");
        });
        program.compare(recorded!("call_soon_fifo"));
    });
}

#[test]
fn diff_threadsafe_fifo() {
    fn send(text: impl Into<String>) -> evloop::CallHandle {
        Handle::current()
            .call_soon_threadsafe(say(text))
            .expect("the loop is open")
    }

    fn join_a_thread() {
        let handle = Handle::current();
        let other_thread = move || {
            for n in 0..4 {
                handle
                    .call_soon_threadsafe(say(format!("sent by the thread, number {n}")))
                    .expect("the loop is open");
            }
        };
        let thread = thread::Builder::new()
            .spawn(other_thread)
            .expect("a thread can be made");
        thread.join().expect("the thread does not panic");
        event!("the thread has sent and ended");
    }

    async fn stepper(name: &'static str) {
        for step in 0..3 {
            event!("{name} takes step {step}");
            send(format!("{name} sent this in step {step}"));
            sleep(Duration::ZERO).await;
        }
    }

    Program::on_one_thread(|program| {
        program.run(async {
            call_soon(say("soon 1"));
            send("threadsafe 2");
            create_task(stepper("a")).detach();
            call_soon(say("soon 3"));
            let skipped = send("threadsafe, cancelled");
            send("threadsafe 4");
            create_task(stepper("b")).detach();
            call_soon(say("soon 5"));
            skipped.cancel();
            event!("main has queued all");
            sleep(Duration::ZERO).await;
            event!("main resumes behind them");
            sleep_ms(10).await;
            call_soon(join_a_thread);
            sleep_ms(10).await;
            event!("main ends");
        });
        program.close();
        if program.call_soon_threadsafe(say("too late")).is_err() {
            event!("refused by the closed loop");
        }
        program.compare(recorded!("threadsafe_fifo"));
    });
}

#[test]
fn diff_callback_fails() {
    fn fail(text: &'static str) -> impl FnOnce() + Send + 'static {
        move || {
            event!("about to fail: {text}");
            panic!("{text}");
        }
    }

    async fn worker() -> &'static str {
        for step in 0..3 {
            event!("step {step}");
            sleep_ms(10).await;
        }
        "unharmed"
    }

    Program::on_every_loop(|program| {
        program.set_exception_handler(Some(|_: &_, context: &evloop::ErrorContext| {
            let (_, text) = context
                .message
                .split_once("panicked: ")
                .expect("it says what panicked");
            event!("the handler gets {text}");
        }));
        program.run(async {
            let future = program.create_future();
            future.add_done_callback(|_| event!("first done callback"));
            future.add_done_callback(|_| fail("done callback")());
            future.add_done_callback(|_| event!("third done callback"));
            let task = create_task(worker());
            call_soon(say("callback ahead"));
            call_soon(fail("callback"));
            call_soon(say("callback behind"));
            program.call_later(ms(5), fail("timer"));
            program.call_later(ms(5), say("timer behind"));
            program.call_later(ms(15), move || {
                future.set_result(()).expect("it is pending")
            });
            event!(
                "the worker returned {}",
                task.await.expect("the worker does not fail")
            );
        });
        program.compare(recorded!("callback_fails"));
    });
}
