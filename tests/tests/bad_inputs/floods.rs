//! P07: those that always have more to do keep nobody from being served.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use evloop::{EventLoop, Handle, TcpListener, TcpStream, gather, sleep};
use evloop_tests::on_thread;

use crate::guarded;

/// Waits for time to pass again and again, while two threads do `once` without end.
fn sleeps_end_while_threads(once: fn(&Handle)) {
    guarded(move || {
        let event_loop = EventLoop::new().expect("the system has descriptors");
        let stop = Arc::new(AtomicBool::new(false));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (handle, stop) = (event_loop.handle(), Arc::clone(&stop));
                on_thread(move || {
                    while !stop.load(Ordering::Relaxed) {
                        once(&handle);
                    }
                })
            })
            .collect();

        let slept = event_loop.run_until_complete(async {
            for _ in 0..20 {
                sleep(Duration::from_millis(1)).await;
            }
        });

        stop.store(true, Ordering::Relaxed);
        for thread in threads {
            thread.join().expect("it only sends");
        }
        slept.expect("nobody stops the loop");
    });
}

#[test]
fn f14_threads_that_send_callbacks_without_end_starve_nobody() {
    sleeps_end_while_threads(|handle| {
        let _closed = handle.call_soon_threadsafe(|| {});
    });
}

#[test]
fn f17_threads_that_set_timers_without_end_starve_nobody() {
    sleeps_end_while_threads(|handle| {
        handle.call_later(Duration::ZERO, || {});
    });
}

fn again(handle: Handle, stop: Arc<AtomicBool>) {
    if !stop.load(Ordering::Relaxed) {
        let next = handle.clone();
        handle.call_soon(move || again(next, stop));
    }
}

#[test]
fn f14_callbacks_that_queue_themselves_without_end_leave_room_for_io() {
    guarded(|| {
        evloop::run(async {
            let stop = Arc::new(AtomicBool::new(false));
            for _ in 0..10_000 {
                again(Handle::current(), Arc::clone(&stop));
            }
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();

            let (accepted, connected) =
                gather((listener.accept(), TcpStream::connect(address))).await;

            stop.store(true, Ordering::Relaxed);
            accepted.unwrap();
            connected.unwrap();
        });
    });
}
