//! Model checks of how a writer goes on by its own waker, on the shipped code: who is woken while somebody
//! else holds the lock leaves the work to that one, and it is not forgotten.
//!
//! They fail without any of these: the look at the flag after the lock, the flag that is set again when the
//! lock was not to be had, the second try after that, the wake of who waits. They do not see the orderings of
//! the flag, since a lock of loom's is never seen late.
//!
//! `RUSTFLAGS="--cfg loom" LOOM_MAX_PREEMPTIONS=2 cargo test -p evloop-net --release --test loom`
#![cfg(loom)]
#![expect(
    clippy::unwrap_used,
    reason = "a model that unwraps in vain has failed"
)]

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use evloop_fixtures::models::{block_on, explore};
use evloop_net::{StreamWriter, WaterMarks};
use futures_lite::AsyncWrite;
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

/// What a stream takes, as the system does it: while there is no room it keeps the waker.
#[derive(Default)]
struct Room {
    room: usize,
    written: Vec<u8>,
    is_ended: bool,
    waker: Option<Waker>,
}

impl Room {
    fn write(&mut self, cx: &Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.room == 0 {
            self.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = buf.len().min(self.room);
        self.room -= count;
        self.written.extend(&buf[..count]);
        Poll::Ready(Ok(count))
    }
}

type Shared = Arc<Mutex<Room>>;

struct Stream {
    shared: Shared,
    /// The last that a call does, when it has the waker and the writer still its lock: a point at which
    /// loom lets others run. The end of a lock is none.
    ended: AtomicUsize,
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = self.shared.lock().unwrap().write(cx, buf);
        self.ended.fetch_add(1, Ordering::Relaxed);
        result
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.shared.lock().unwrap().is_ended = true;
        Poll::Ready(Ok(()))
    }
}

/// A writer that pauses with any byte that is not sent, of a stream without room.
fn writer() -> (Arc<StreamWriter<Stream>>, Shared) {
    let shared = Shared::default();
    let writer = StreamWriter::new(Stream {
        shared: Arc::clone(&shared),
        ended: AtomicUsize::new(0),
    });
    writer.set_write_buffer_limits(WaterMarks::high(0).unwrap());
    (Arc::new(writer), shared)
}

/// Room for so many bytes more.
fn make_room(shared: &Shared, room: usize) {
    let waker = {
        let mut inside = shared.lock().unwrap();
        inside.room += room;
        inside.waker.take()
    };
    if let Some(waker) = waker {
        waker.wake();
    }
}

fn making_room(shared: &Shared, room: usize) -> thread::JoinHandle<()> {
    let shared = Arc::clone(shared);
    thread::spawn(move || make_room(&shared, room))
}

fn taken(shared: &Shared) -> Vec<u8> {
    shared.lock().unwrap().written.clone()
}

/// Room comes while somebody writes and waits: before, while the lock is held, or after.
#[test]
fn room_that_comes_during_a_write_is_used() {
    explore(|| {
        let (writer, shared) = writer();
        let makes_room = making_room(&shared, 2);

        writer.write(b"ab").unwrap();
        block_on(writer.drain()).unwrap();

        makes_room.join().unwrap();
        assert_eq!(taken(&shared), b"ab");
        assert_eq!(writer.write_buffer_size(), 0);
    });
}

/// The same bit by bit, from two threads, whose wakes may meet each other.
#[test]
fn room_that_comes_from_two_threads_is_used() {
    explore(|| {
        let (writer, shared) = writer();
        writer.write(b"ab").unwrap();
        let threads = [making_room(&shared, 1), making_room(&shared, 1)];

        block_on(writer.drain()).unwrap();

        for makes_room in threads {
            makes_room.join().unwrap();
        }
        assert_eq!(taken(&shared), b"ab");
    });
}

/// A close goes on by itself, also when nobody has the writer any more.
#[test]
fn room_that_comes_after_a_close_ends_the_stream() {
    explore(|| {
        let (writer, shared) = writer();
        writer.write(b"a").unwrap();
        let makes_room = making_room(&shared, 1);

        writer.close();
        drop(writer);

        makes_room.join().unwrap();
        assert_eq!(taken(&shared), b"a");
        assert!(shared.lock().unwrap().is_ended);
    });
}

/// Whoever waits for the end hears of it.
#[test]
fn the_end_wakes_who_waits_for_it() {
    explore(|| {
        let (writer, shared) = writer();
        writer.write(b"a").unwrap();
        writer.close();
        let makes_room = making_room(&shared, 1);

        block_on(writer.wait_closed()).unwrap();

        makes_room.join().unwrap();
        assert!(shared.lock().unwrap().is_ended);
    });
}

/// Two write at the same time, while room comes: nothing is lost, and each call's bytes stay together.
#[test]
fn writes_of_two_threads_stay_together() {
    explore(|| {
        let (writer, shared) = writer();
        writer.set_write_buffer_limits(WaterMarks::unbounded());
        let other = {
            let writer = Arc::clone(&writer);
            thread::spawn(move || writer.write(b"cd").unwrap())
        };
        let makes_room = making_room(&shared, 4);

        writer.write(b"ab").unwrap();

        other.join().unwrap();
        makes_room.join().unwrap();
        let taken = taken(&shared);
        assert!(taken == b"abcd" || taken == b"cdab", "{taken:?}");
    });
}
