//! A timer wheel without a runtime: idle limits of a server, in a time of our own.
//!
//! Ticks are milliseconds of a simulation. No clock, no thread and no async anywhere.

use evloop_timer_wheel::{TimerKey, TimerWheel};

/// A connection is closed when it has been silent for this long.
const IDLE_LIMIT_MS: u64 = 30_000;

fn main() {
    let mut wheel = TimerWheel::new(0);
    let names = ["alice", "bob", "carol"];
    let idle: Vec<TimerKey> = names
        .iter()
        .map(|name| wheel.insert(IDLE_LIMIT_MS, *name))
        .collect();
    say(&format!("{} limits are running", wheel.len()));
    assert_eq!(wheel.next_deadline(), Some(30_000));

    // Bob says something after twelve seconds: his limit starts afresh.
    assert_eq!(wheel.advance(12_000).count(), 0);
    assert!(wheel.reset(idle[1], wheel.now() + IDLE_LIMIT_MS));

    // Carol leaves: her limit is taken out at once, and her name comes back.
    assert_eq!(wheel.cancel(idle[2]), Some("carol"));
    assert_eq!(wheel.cancel(idle[2]), None, "a key works once");
    say("carol left by herself");

    // A step may be as long as it likes; what it passed comes in order of time.
    let closed: Vec<_> = wheel
        .advance(60_000)
        .map(|timer| (timer.deadline, timer.value))
        .collect();
    for (deadline_ms, name) in &closed {
        say(&format!("{name} was silent until {deadline_ms} ms"));
    }
    assert_eq!(closed, [(30_000, "alice"), (42_000, "bob")]);

    // Equal deadlines keep the order of insertion, and the far end of time is a deadline too.
    for name in ["first", "second", "third"] {
        wheel.insert(u64::MAX, name);
    }
    let order: Vec<_> = wheel.advance(u64::MAX).map(|timer| timer.value).collect();
    assert_eq!(order, ["first", "second", "third"]);
    say(&format!("at the end of time: {}", order.join(", ")));
    assert!(wheel.is_empty());
}

#[expect(clippy::print_stdout, reason = "the example shows what it does")]
fn say(line: &str) {
    println!("{line}");
}
