//! F17 and F18: deadlines at every limit, and clocks that jump.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use evloop::{Clock, EventLoop, ManualClock, create_task, interval, sleep, sleep_until, yield_now};
use evloop_tests::{Seen, on_thread, virtual_loop, watched_loop};
use evloop_time::{Sleep, TimeHandle, Timer};

use crate::guarded;

const DAY: Duration = Duration::from_secs(86_400);

/// Where other wheels have overflowed or rounded, each with its neighbours, in milliseconds.
fn limits() -> Vec<Duration> {
    let days_49_7 = 1_u64 << 32;
    let powers = [1_u64 << 31, days_49_7, 1 << 36, 200 * 86_400_000];
    let around = powers.into_iter().flat_map(|ms| [ms - 1, ms, ms + 1]);
    around.map(Duration::from_millis).collect()
}

#[test]
fn f17_callbacks_and_sleeps_at_the_limits_are_on_time_to_the_nanosecond() {
    guarded(|| {
        let event_loop = virtual_loop();
        let seen = Seen::new();
        for delay in limits().into_iter().rev() {
            let (handle, seen) = (event_loop.handle(), seen.clone());
            event_loop.call_later(delay, move || seen.push((delay, handle.time())));
        }
        event_loop
            .run_until_complete(sleep(Duration::from_millis(1 << 37)))
            .unwrap();
        let mut expected: Vec<_> = limits().into_iter().map(|delay| (delay, delay)).collect();
        expected.sort();
        assert_eq!(seen.take(), expected);

        for delay in limits() {
            let before = event_loop.time();
            event_loop.run_until_complete(sleep(delay)).unwrap();
            assert_eq!(event_loop.time() - before, delay);
        }
    });
}

#[test]
fn f17_deadlines_that_have_passed_are_due_in_the_next_turn_in_the_order_of_time() {
    guarded(|| {
        let event_loop = virtual_loop();
        event_loop.run_until_complete(sleep(DAY)).unwrap();
        let (now, seen) = (event_loop.now(), Seen::new());
        event_loop.call_at(now, seen.pusher("now"));
        event_loop.call_at(now - Duration::from_secs(1), seen.pusher("a second ago"));
        event_loop.call_at(now - DAY, seen.pusher("a day ago"));
        event_loop.call_at(now - 2 * DAY, seen.pusher("before the loop was made"));

        crate::run_one_turn(&event_loop);

        let by_deadline = [
            "before the loop was made",
            "a day ago",
            "a second ago",
            "now",
        ];
        assert_eq!(seen.take(), by_deadline);
        event_loop
            .run_until_complete(async {
                sleep_until(now - DAY).await;
                sleep_until(now).await;
            })
            .unwrap();
        assert_eq!(event_loop.time(), DAY);
    });
}

#[test]
fn f17_a_timer_further_away_than_the_clock_counts_never_fires() {
    guarded(|| {
        let event_loop = virtual_loop();
        let seen = Seen::new();
        let centuries = Duration::from_secs(600 * 365 * 86_400);
        for delay in [Duration::MAX, Duration::MAX / 2, centuries] {
            event_loop.call_later(delay, seen.pusher(delay));
        }

        event_loop.run_until_complete(sleep(1_000 * DAY)).unwrap();

        assert!(seen.is_empty());
    });
}

/// Moves its own timer when it fires, so many times.
struct Again {
    timer: Mutex<Option<Timer>>,
    left: AtomicU64,
    seen: Seen<Duration>,
    handle: evloop::Handle,
}

impl Wake for Again {
    fn wake(self: Arc<Self>) {
        self.seen.push(self.handle.time());
        if self.left.fetch_sub(1, Ordering::SeqCst) > 0 {
            let next = self.handle.now() + Duration::from_secs(1);
            let waker = Waker::from(Arc::clone(&self));
            let mut timer = self.timer.lock().expect("no panic under the lock");
            let moved = timer.as_mut().is_some_and(|timer| timer.reset(next));
            if !moved {
                *timer = TimeHandle::current().insert(next, waker).ok();
            }
        }
    }
}

#[test]
fn f17_a_timer_may_be_set_again_from_inside_its_own_wake() {
    guarded(|| {
        let event_loop = virtual_loop();
        let seen = Seen::new();
        event_loop
            .run_until_complete(async {
                let again = Arc::new(Again {
                    timer: Mutex::new(None),
                    left: AtomicU64::new(3),
                    seen: seen.clone(),
                    handle: event_loop.handle(),
                });
                let first = event_loop.now() + Duration::from_secs(1);
                let timer = TimeHandle::current().insert(first, Waker::from(Arc::clone(&again)));
                again.timer.lock().unwrap().replace(timer.unwrap());
                sleep(Duration::from_secs(10)).await;
                let timer = again.timer.lock().unwrap().take();
                drop(timer);
            })
            .unwrap();

        assert_eq!(seen.take(), [1, 2, 3, 4].map(Duration::from_secs));
    });
}

#[test]
fn f17_sleeps_and_timers_dropped_on_another_thread_are_not_waited_for() {
    guarded(|| {
        let (event_loop, clock) = watched_loop(ManualClock::new().with_auto_jump());
        let mut nap = Box::pin(sleep(Duration::from_secs(5)));
        let pending = event_loop.run_until_complete(async { poll_once(&mut nap) });
        assert!(pending.unwrap());
        let timer = event_loop.call_later(Duration::from_secs(6), || {});
        on_thread(move || {
            drop(nap);
            timer.cancel();
        })
        .join()
        .unwrap();

        event_loop
            .run_until_complete(sleep(Duration::from_secs(10)))
            .unwrap();

        // A cancel from afar may be heard in the turn it interrupts, so one wait may be cut short.
        assert_eq!(event_loop.time(), Duration::from_secs(10));
        assert!(clock.waits().len() <= 2, "{:?}", clock.waits());
    });
}

#[test]
fn f17_a_sleep_may_be_polled_by_one_loop_and_dropped_by_another() {
    guarded(|| {
        let (here, there) = (virtual_loop(), virtual_loop());
        let mut nap = Box::pin(sleep(Duration::from_secs(5)));
        let pending = here.run_until_complete(async { poll_once(&mut nap) });
        assert!(pending.unwrap());

        there
            .run_until_complete(async {
                assert!(poll_once(&mut nap));
                drop(nap);
                yield_now().await;
            })
            .unwrap();
        here.run_until_complete(sleep(Duration::from_secs(9)))
            .unwrap();

        assert_eq!(here.time(), Duration::from_secs(9));
    });
}

/// Polls without waking anybody; says whether it is pending.
fn poll_once(nap: &mut Pin<Box<Sleep>>) -> bool {
    nap.as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
        .is_pending()
}

/// A clock that can be set to any time, and jumps to the deadline when its loop has nothing to do.
#[derive(Clone, Debug)]
struct LooseClock {
    start: Instant,
    nanos: Arc<AtomicU64>,
}

impl LooseClock {
    fn new() -> Self {
        Self {
            start: ManualClock::new().now(),
            nanos: Arc::default(),
        }
    }

    fn set(&self, since_start: Duration) {
        let nanos = u64::try_from(since_start.as_nanos()).expect("tests end before");
        self.nanos.store(nanos, Ordering::SeqCst);
    }
}

impl Clock for LooseClock {
    fn now(&self) -> Instant {
        self.start + Duration::from_nanos(self.nanos.load(Ordering::SeqCst))
    }

    fn idle(&self, until: Option<Instant>) -> Option<Duration> {
        self.set(until?.saturating_duration_since(self.start));
        Some(Duration::ZERO)
    }
}

#[test]
fn f18_a_clock_that_steps_back_is_held_and_no_timer_is_early() {
    guarded(|| {
        for back in [Duration::from_nanos(1), Duration::from_secs(10)] {
            let clock = LooseClock::new();
            let event_loop = EventLoop::builder().clock(clock.clone()).build().unwrap();
            let seen = Seen::new();
            let (handle, told) = (event_loop.handle(), seen.clone());
            let stepping = clock.clone();
            event_loop.call_later(Duration::from_secs(20), move || {
                let before = handle.now();
                stepping.set(Duration::from_secs(20) - back);
                assert!(handle.now() >= before, "time does not go back");
                told.push(handle.time());
            });
            let (handle, told) = (event_loop.handle(), seen.clone());
            event_loop.call_later(Duration::from_secs(25), move || told.push(handle.time()));

            event_loop
                .run_until_complete(sleep(Duration::from_secs(30)))
                .unwrap();

            assert_eq!(seen.take(), [20, 25].map(Duration::from_secs));
            assert_eq!(event_loop.time(), Duration::from_secs(30));
        }
    });
}

#[test]
fn f18_a_jump_of_an_hour_is_one_tick_for_an_interval_that_skips() {
    guarded(|| {
        let clock = ManualClock::new().with_auto_jump();
        let event_loop = EventLoop::builder().clock(clock.clone()).build().unwrap();
        let ticks = Seen::new();
        event_loop
            .run_until_complete(async {
                let (told, handle) = (ticks.clone(), event_loop.handle());
                let ticking = create_task(async move {
                    let mut every = interval(Duration::from_secs(1)).unwrap();
                    for _ in 0..4 {
                        every.tick().await;
                        told.push(handle.time());
                    }
                });
                sleep(Duration::from_millis(1_500)).await;
                clock.advance(Duration::from_secs(3_600));
                ticking.await.unwrap();
            })
            .unwrap();

        let expected = [0, 1_000, 3_601_500, 3_602_000].map(Duration::from_millis);
        assert_eq!(ticks.take(), expected);
    });
}

#[test]
fn f18_a_clock_moved_by_another_thread_wakes_a_loop_that_waits_for_it() {
    guarded(|| {
        let clock = ManualClock::new();
        let event_loop = EventLoop::builder().clock(clock.clone()).build().unwrap();
        let (waiting_tx, waiting_rx) = mpsc::channel();
        let sleeper = event_loop.create_task(sleep(Duration::from_secs(5)));
        // Behind the first step of the sleeper, which reads the clock.
        event_loop.call_soon(move || waiting_tx.send(()).unwrap());
        let mover = on_thread(move || {
            waiting_rx.recv().unwrap();
            (0..5).for_each(|_| clock.advance(Duration::from_secs(1)));
        });

        event_loop.run_until_complete(sleeper).unwrap().unwrap();

        assert!(event_loop.time() >= Duration::from_secs(5));
        mover.join().unwrap();
    });
}

#[test]
fn f17_a_timer_set_by_another_thread_is_seen_by_a_loop_that_waits() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (waiting_tx, waiting_rx) = mpsc::channel();
        event_loop.call_soon(move || waiting_tx.send(()).unwrap());
        let handle = event_loop.handle();
        let setter = on_thread(move || {
            waiting_rx.recv().unwrap();
            let stop = handle.clone();
            handle.call_later(Duration::from_secs(7), move || stop.stop())
        });

        event_loop.run_forever().unwrap();

        assert!(event_loop.time() >= Duration::from_secs(7));
        assert!(!setter.join().unwrap().cancel(), "it has run");
    });
}
