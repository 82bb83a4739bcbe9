//! Where a worker waits.

use std::sync::mpsc;
use std::thread;

use crate::Runtime;

/// Tries one after the other that find somebody in the reactor: a look without waiting is shorter.
const AT_ONCE: usize = 1_000;

/// What comes for the sockets of others would otherwise be seen after a nap only.
#[test]
fn the_one_that_watches_beside_a_long_step_waits_for_io() {
    let builder = Runtime::builder().n_workers(2);
    let runtime = builder.build().expect("the system gives threads");
    let (blocked, is_blocked) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let long_step = runtime.create_task(async move {
        blocked.send(()).expect("the test waits for it");
        released.recv().expect("the test lets it go");
    });
    is_blocked.recv().expect("a worker takes it");

    let waits = |_| runtime.engine.try_reactor().is_none();
    let mut times = (0..1_000_000).map(|_| thread::yield_now());
    assert!(times.any(|()| (0..AT_ONCE).all(waits)));

    release.send(()).expect("the step waits for it");
    let ended = runtime.block_on(long_step).expect("the runtime is open");
    ended.expect("it does not panic");
}
