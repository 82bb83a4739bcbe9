//! E11, E22, E23, F14 to F17: handlers, callbacks, clocks and executors that turn on the loop that calls them.

use std::fmt;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use evloop::{
    Clock, ErrorContext, EventLoop, Executor, Handle, Job, Rejected, SystemClock, TimerHandle,
    create_task, deadline, sleep, to_thread,
};
use evloop_tests::{Seen, on_thread, panic_text, survives_in_child, virtual_builder, virtual_loop};

use crate::guarded;

#[test]
fn f16_an_exception_handler_may_schedule_stop_and_replace_itself() {
    guarded(|| {
        let seen = Seen::new();
        let told = seen.clone();
        let event_loop = virtual_builder()
            .exception_handler(move |handle: &Handle, _: &ErrorContext| {
                let (first, second, replaced) = (told.clone(), told.clone(), told.clone());
                handle.call_soon(move || first.push("callback"));
                handle
                    .create_task(async move { second.push("task") })
                    .detach();
                handle.set_exception_handler(Some(move |_: &Handle, _: &ErrorContext| {
                    replaced.push("second handler");
                }));
                handle.stop();
            })
            .build()
            .unwrap();
        event_loop.call_soon(|| panic!("for the first handler"));

        event_loop.run_forever().unwrap();
        assert!(seen.is_empty(), "what it queued waits for the next run");
        event_loop.call_soon(|| panic!("for the second handler"));
        crate::run_one_turn(&event_loop);

        assert_eq!(seen.take(), ["callback", "task", "second handler"]);
    });
}

#[test]
fn f17_of_timers_that_are_due_together_one_may_cancel_the_next() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (seen, due) = (Seen::new(), event_loop.now());
        let victim: Arc<Mutex<Option<TimerHandle>>> = Arc::default();
        let (told, next) = (seen.clone(), Arc::clone(&victim));
        event_loop.call_at(due, move || {
            let next = next.lock().unwrap().take().unwrap();
            told.push(next.cancel());
        });
        let second = event_loop.call_at(due, seen.pusher(false));
        *victim.lock().unwrap() = Some(second);

        crate::run_one_turn(&event_loop);

        assert_eq!(seen.take(), [true]);
    });
}

struct Inline;

impl Executor for Inline {
    fn execute(&self, job: Job) -> Result<(), Rejected> {
        job.run();
        Ok(())
    }
}

#[test]
fn e23_an_executor_that_runs_its_jobs_at_once_completes_them_in_a_turn() {
    guarded(|| {
        let event_loop = virtual_loop();

        let good = event_loop.run_in_executor(Some(&Inline), || 1);
        let bad = event_loop.run_in_executor(Some(&Inline), || -> i32 { panic!("in the job") });
        assert!(!good.done() && !bad.done());

        let good = event_loop.run_until_complete(&good).unwrap();
        assert_eq!(good.unwrap(), 1);
        let bad = event_loop.run_until_complete(&bad).unwrap();
        assert!(bad.unwrap_err().is_panic());
    });
}

#[test]
fn e23_an_executor_that_keeps_its_jobs_for_ever_holds_up_nobody_else() {
    struct Leaks;
    impl Executor for Leaks {
        fn execute(&self, job: Job) -> Result<(), Rejected> {
            std::mem::forget(job);
            Ok(())
        }
    }
    guarded(|| {
        let event_loop = virtual_loop();
        let promise = event_loop.run_in_executor(Some(&Leaks), || 1);

        let late = event_loop.run_until_complete(deadline(Duration::from_secs(1), &promise));

        assert!(late.unwrap().is_err());
        assert!(promise.cancel());
        event_loop.close();
    });
}

#[test]
fn e23_an_executor_that_panics_does_so_in_its_caller() {
    struct Panics;
    impl Executor for Panics {
        fn execute(&self, _: Job) -> Result<(), Rejected> {
            panic!("in the executor")
        }
    }
    guarded(|| {
        let event_loop = virtual_loop();

        let call = || drop(event_loop.run_in_executor(Some(&Panics), || 1));
        let payload = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
        assert_eq!(panic_text(&*payload), "in the executor");

        event_loop.set_default_executor(Panics);
        let task = event_loop.create_task(to_thread(|| 1));
        let ended = event_loop.run_until_complete(task).unwrap();
        assert!(ended.unwrap_err().is_panic());
    });
}

#[test]
fn e22_a_shutdown_that_is_given_up_midway_has_shut_the_executor_down() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (release, blocked) = mpsc::channel::<()>();
        let work = event_loop.run_in_executor(None, move || blocked.recv().is_ok());

        let given_up = event_loop.run_until_complete(deadline(
            Duration::from_secs(1),
            event_loop.shutdown_default_executor(Duration::MAX),
        ));
        assert!(given_up.unwrap().is_err());
        let refused = event_loop.run_in_executor(None, || true);
        assert!(refused.exception().unwrap().is_some());

        release.send(()).unwrap();
        let ended = event_loop.run_until_complete(&work).unwrap();
        assert!(ended.unwrap(), "what ran is heard to its end");
    });
}

#[test]
fn e11_a_reader_added_by_another_thread_is_seen_by_a_loop_that_waits() {
    guarded(|| {
        let event_loop = EventLoop::new().unwrap();
        let (stream, mut peer) = UnixStream::pair().unwrap();
        peer.write_all(b"x").unwrap();
        let handle = event_loop.handle();
        let (waiting, waits) = mpsc::channel();
        event_loop.call_soon(move || waiting.send(()).unwrap());

        let stream = Arc::new(stream);
        let watched = Arc::clone(&stream);
        let adder = on_thread(move || {
            waits.recv().unwrap();
            let stopper = handle.clone();
            handle.add_reader(&*watched, move || stopper.stop())
        });
        event_loop.run_forever().unwrap();

        adder.join().unwrap().unwrap();
        assert!(event_loop.remove_reader(&*stream));
    });
}

/// Descriptors and threads of this process.
#[cfg(target_os = "linux")]
fn resources() -> (usize, usize) {
    let count = |path: &str| {
        let listed = std::fs::read_dir(path).expect("Linux lists what a process has");
        listed.count()
    };
    (count("/proc/self/fd"), count("/proc/self/task"))
}

#[cfg(target_os = "linux")]
#[test]
fn f15_a_thousand_programs_leave_no_descriptor_and_no_thread_behind() {
    // Alone, because descriptors and threads are counted by process.
    const NAME: &str =
        "reentrancy::f15_a_thousand_programs_leave_no_descriptor_and_no_thread_behind";
    survives_in_child(NAME, || {
        let program = |n: u32| {
            evloop::run(async move {
                create_task(sleep(Duration::from_secs(600))).detach();
                Handle::current().call_later(Duration::from_secs(600), || unreachable!());
                if n.is_multiple_of(100) {
                    to_thread(|| ()).await.unwrap();
                }
                create_task(async move { n }).await.unwrap()
            })
        };
        guarded(|| {
            // The first programs make what is made once; their threads end during the last of them.
            (0..100).for_each(|n| assert_eq!(program(n), n));
            let before = resources();
            (0..1_000).for_each(|n| assert_eq!(program(n), n));
            assert_eq!(resources(), before);
        });
    });
}

/// A clock that calls a function, with a count, each time the loop asks how long to wait.
#[derive(Clone, Default)]
struct MeddlingClock {
    meddle: Arc<Mutex<Option<Meddle>>>,
    n_idles: Arc<AtomicUsize>,
}

type Meddle = Box<dyn FnMut(usize) + Send>;

impl MeddlingClock {
    fn set(&self, meddle: Option<Meddle>) {
        *self.meddle.lock().expect("nobody panics") = meddle;
    }
}

impl fmt::Debug for MeddlingClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MeddlingClock")
    }
}

impl Clock for MeddlingClock {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn idle(&self, until: Option<Instant>) -> Option<Duration> {
        let nth = self.n_idles.fetch_add(1, Ordering::Relaxed);
        if let Some(meddle) = &mut *self.meddle.lock().expect("nobody panics") {
            meddle(nth);
        }
        SystemClock.idle(until)
    }
}

#[test]
fn f16_a_clock_may_use_the_loop_that_is_about_to_wait() {
    guarded(|| {
        let clock = MeddlingClock::default();
        let event_loop = EventLoop::builder().clock(clock.clone()).build().unwrap();
        let seen = Seen::new();
        let (handle, told) = (event_loop.handle(), seen.clone());
        clock.set(Some(Box::new(move |nth| match nth {
            0 => drop(handle.call_soon(told.pusher("callback"))),
            1 => drop(handle.call_later(Duration::from_millis(1), told.pusher("timer"))),
            // The wait for the timer may take several turns.
            _ if told.len() == 2 => handle.stop(),
            _ => {}
        })));

        event_loop.run_forever().unwrap();
        clock.set(None);

        assert_eq!(seen.take(), ["callback", "timer"]);
    });
}

/// A waker whose destructor queues a callback.
struct QueuesWhenDropped(Handle, Seen<&'static str>);

impl Wake for QueuesWhenDropped {
    fn wake(self: Arc<Self>) {}
}

impl Drop for QueuesWhenDropped {
    fn drop(&mut self) {
        self.0.call_soon(self.1.pusher("destructor"));
        self.0.stop();
    }
}

#[test]
fn f14_a_waker_dropped_while_the_loop_is_about_to_wait_may_use_it() {
    guarded(|| {
        let event_loop = EventLoop::new().unwrap();
        let seen = Seen::new();
        let (handle, told) = (event_loop.handle(), seen.clone());
        event_loop.call_soon(move || {
            let waker = Waker::from(Arc::new(QueuesWhenDropped(handle, told)));
            let mut nap = Box::pin(sleep(Duration::from_secs(3_600)));
            assert!(
                nap.as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
            drop(waker);
            // The loop has to drop the waker, since this thread may not touch the timers.
            on_thread(move || drop(nap)).join().unwrap();
        });

        event_loop.run_forever().unwrap();
        crate::run_one_turn(&event_loop);

        assert_eq!(seen.take(), ["destructor"]);
    });
}
