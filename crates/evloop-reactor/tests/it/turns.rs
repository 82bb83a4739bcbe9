//! What one call of `poll` does.

use std::{
    io::{Read, Write},
    pin::pin,
    process::{Command, Stdio},
    task::{Context, Poll, Waker},
    time::Duration,
};

use evloop_fixtures::watched;
use evloop_reactor::{Direction, Reactor};

use crate::support::{NOW, allow_fds, on_both, pair, poll_once, turn_until_woken};

#[test]
fn an_idle_turn_has_no_events_and_wakes_nobody() {
    on_both(|mut reactor| {
        let mut woken = Vec::new();

        assert_eq!(reactor.poll(NOW, &mut woken).unwrap(), 0);
        let short = Some(Duration::from_nanos(1));
        assert_eq!(reactor.poll(short, &mut woken).unwrap(), 0);

        assert!(woken.is_empty());
    });
}

#[test]
fn poll_appends_to_what_is_there_and_counts_its_events() {
    on_both(|mut reactor| {
        let (ours, theirs) = pair();
        let source = reactor.handle().register(ours).unwrap();
        reactor.poll(NOW, &mut Vec::new()).unwrap();
        let mut readable = pin!(source.readable());
        assert!(poll_once(readable.as_mut(), Waker::noop()).is_pending());
        (&theirs).write_all(b"x").unwrap();
        let mut woken = vec![Waker::noop().clone()];

        let count = reactor.poll(None, &mut woken).unwrap();

        assert_eq!(count, 1);
        assert_eq!(woken.len(), 2);
    });
}

#[test]
fn museum_bm45_any_duration_is_accepted() {
    on_both(|mut reactor| {
        let (ours, theirs) = pair();
        let source = reactor.handle().register(ours).unwrap();
        let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
        let durations = [
            Duration::MAX,
            Duration::from_secs(u64::MAX),
            Duration::from_secs(i64::MAX as u64),
            Duration::from_millis(i32::MAX as u64 + 1),
            Duration::from_millis(u64::from(u32::MAX) + 1),
            days(25),
            days(50),
            days(200),
        ];

        for duration in durations {
            let mut readable = pin!(source.readable());
            (&theirs).write_all(b"x").unwrap();

            let count = reactor.poll(Some(duration), &mut Vec::new()).unwrap();

            assert_eq!(count, 1, "{duration:?}");
            assert!(poll_once(readable.as_mut(), Waker::noop()).is_ready());
        }
    });
}

#[test]
fn at_most_1024_events_a_turn_and_the_rest_in_the_next() {
    on_both(|mut reactor| {
        const SOURCES: usize = 1500;
        allow_fds(8192);
        let sources: Vec<_> = (0..SOURCES / 2)
            .flat_map(|_| <[_; 2]>::from(pair()))
            .map(|stream| reactor.handle().register(stream).unwrap())
            .collect();

        let first = reactor.poll(NOW, &mut Vec::new()).unwrap();
        let mut total = first;
        while total < SOURCES {
            total += reactor.poll(None, &mut Vec::new()).unwrap();
        }

        assert_eq!(first, 1024);
        assert_eq!(total, SOURCES);
        let cx = Context::from_waker(Waker::noop());
        assert!(
            sources
                .iter()
                .all(|source| source.poll_writable(&cx).is_ready())
        );
    });
}

/// Being stopped and continued interrupts a wait even without a signal handler.
#[test]
fn museum_bm46_signals_during_a_wait_are_no_errors_and_lose_no_events() {
    on_both(|mut reactor| {
        let script = "for i in 1 2 3 4 5 6 7 8 9 10; do kill -STOP $0; kill -CONT $0; done; echo x";
        let mut child = Command::new("sh")
            .args(["-c", script, &std::process::id().to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = reactor
            .handle()
            .register(child.stdout.take().unwrap())
            .unwrap();
        let mut readable = pin!(output.readable());
        assert!(poll_once(readable.as_mut(), Waker::noop()).is_pending());

        let mut woken = Vec::new();
        while woken.is_empty() {
            reactor.poll(None, &mut woken).unwrap();
        }

        assert!(poll_once(readable.as_mut(), Waker::noop()).is_ready());
        child.wait().unwrap();
    });
}

#[test]
fn museum_bm36_the_thread_that_turns_may_change_every_turn() {
    watched(|| {
        let mut reactor = Reactor::new().unwrap();
        let (ours, theirs) = pair();
        let source = reactor.handle().register(ours).unwrap();

        for round in 0..200u8 {
            let mut read = pin!(source.read_with(|mut stream| {
                let mut byte = [0];
                stream.read(&mut byte).map(|_| byte[0])
            }));
            assert!(poll_once(read.as_mut(), Waker::noop()).is_pending());
            (&theirs).write_all(&[round]).unwrap();

            let turned = std::thread::Builder::new()
                .name(format!("turn {round}"))
                .spawn(move || {
                    turn_until_woken(&mut reactor);
                    reactor
                })
                .unwrap();
            reactor = turned.join().unwrap();

            let Poll::Ready(Ok(byte)) = poll_once(read.as_mut(), Waker::noop()) else {
                panic!("woken and not ready");
            };
            assert_eq!(byte, round);
        }
    });
}

#[test]
fn readiness_set_in_a_turn_is_seen_without_a_waiter() {
    on_both(|mut reactor| {
        let (ours, theirs) = pair();
        let source = reactor.handle().register(ours).unwrap();
        let peek = || source.try_io(Direction::Read, |mut stream| stream.read(&mut [0; 8]));
        peek().unwrap_err();
        (&theirs).write_all(b"abc").unwrap();
        reactor.poll(None, &mut Vec::new()).unwrap();

        assert_eq!(peek().unwrap(), 3);
    });
}
