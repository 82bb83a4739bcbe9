//! What lies in thread-locals, and is used once more when its thread ends.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use evloop::sync::Event;
use evloop::{
    Clock, EventLoop, Handle, Interval, Promise, Sleep, SystemClock, Task, UnixStream,
    copy_context, create_task, current_task, get_running_loop, interval, race, sleep, to_thread,
};
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::{N_DESTROYED, say};

const LONG: Duration = Duration::from_secs(3600);

thread_local! {
    static HELD: RefCell<Option<Touched>> = const { RefCell::new(None) };
    /// First touched when those of evloop have been.
    static BESIDE: Beside = const { Beside };
}

/// When the thread-local is first touched: those that were touched last are destroyed first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Before anything of evloop was used on the thread: it is destroyed after evloop's own.
    Early,
    /// Afterwards.
    Late,
}

impl When {
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "early" => Self::Early,
            "late" => Self::Late,
            _ => panic!("`{name}` is no time"),
        }
    }

    pub(crate) fn touch_early(self) {
        if self == Self::Early {
            HELD.with_borrow(|held| assert!(held.is_none(), "nobody has put it there"));
        }
    }
}

/// Keeps it until this thread ends.
pub(crate) fn hold(kept: Kept) {
    keep(Touched {
        kept,
        event_loop: None,
    });
}

/// The same, and the loop, which ends in the same destructor.
pub(crate) fn hold_with_loop(kept: Kept, event_loop: EventLoop) {
    let event_loop = Some(event_loop);
    keep(Touched { kept, event_loop });
}

fn keep(touched: Touched) {
    BESIDE.with(|_| {});
    HELD.set(Some(touched));
}

/// One of each, in use.
pub(crate) struct Kept {
    pub(crate) handle: Handle,
    waker: Waker,
    task: Task<u8>,
    ended: Task<u8>,
    promise: Promise<u8>,
    sleep: Pin<Box<Sleep>>,
    /// Never polled: where there is no clock that is a panic.
    unborn: Pin<Box<Sleep>>,
    beat: Interval,
    socket: UnixStream,
    peer: UnixStream,
    /// The loop is open while the thread ends.
    loop_stays: bool,
}

impl Kept {
    pub(crate) async fn new() -> Self {
        let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
        let task = create_task(async {
            sleep(LONG).await;
            1
        });
        let promise = Promise::new();
        promise.add_done_callback(|_| {});
        let mut sleep = Box::pin(sleep(LONG));
        let mut beat = interval(LONG).expect("it is not zero");
        beat.tick().await;
        let (mut socket, peer) = UnixStream::pair().expect("the system has descriptors");
        poll_fn(|cx| {
            assert!(sleep.as_mut().poll(cx).is_pending());
            assert!(beat.poll_tick(cx).is_pending());
            let read = Pin::new(&mut socket).poll_read(cx, &mut [0]);
            assert!(read.is_pending(), "nobody has written yet");
            Poll::Ready(())
        })
        .await;
        let mut ended = create_task(async { 2 });
        while !ended.done() {
            evloop::yield_now().await;
        }
        ended.add_done_callback(|_| {});
        let _looked = poll_fn(|cx| Poll::Ready(Pin::new(&mut ended).poll(cx).is_ready())).await;
        Self {
            handle: Handle::current(),
            waker,
            task,
            ended,
            promise,
            sleep,
            unborn: Box::pin(evloop::sleep(LONG)),
            beat,
            socket,
            peer,
            loop_stays: false,
        }
    }

    /// Promises that the loop is still open when the thread ends.
    pub(crate) fn of_a_loop_that_stays(mut self) -> Self {
        self.loop_stays = true;
        self
    }

    /// Uses everything, as if it were not the end of the thread. A panic would abort the process.
    fn touch(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        // Whether the loop is there still is another matter; that is an error, or it is done.
        let called = self.handle.call_soon_threadsafe(|| {});
        if self.loop_stays {
            called.expect("the loop is open");
            self.touch_times();
        }
        self.handle.create_task(async {}).detach();
        let dropped = self.handle.create_task(async { 3 });
        drop(dropped);
        let _watched = self.handle.add_reader(&self.socket, || {});
        self.handle.remove_reader(&self.socket);
        self.waker.wake_by_ref();
        let copy = self.waker.clone();
        assert!(copy.will_wake(&self.waker));
        copy.wake();
        self.task.cancel();
        let _polled = Pin::new(&mut self.task).poll(&mut cx);
        assert!(self.ended.done());
        let _read = self.ended.result();
        self.promise.add_done_callback(|_| {});
        let _polled = Pin::new(&mut self.promise).poll(&mut cx);
        let _set = self.promise.set_result(4);
        assert!(self.promise.done());
        self.sleep.as_mut().reset(SystemClock.now() + LONG);
        self.beat.reset_at(SystemClock.now() + LONG);
        let _times = (self.sleep.deadline(), self.sleep.is_elapsed());
        let _times = (self.unborn.deadline(), self.unborn.is_elapsed());
        let _written = Pin::new(&mut self.socket).poll_write(&mut cx, b"x");
        let _read = Pin::new(&mut self.peer).poll_read(&mut cx, &mut [0]);
        let _read = Pin::new(&mut self.socket).poll_read(&mut cx, &mut [0]);
        touch_what_is_current();
        touch_what_is_new();
    }

    /// What panics, by its documentation, when the loop with its clock is gone.
    fn touch_times(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(self.sleep.as_mut().poll(&mut cx).is_pending());
        assert!(self.beat.poll_tick(&mut cx).is_pending());
        self.beat.reset();
        assert!(self.beat.poll_tick(&mut cx).is_pending());
        let _later = self.handle.call_later(LONG, || {});
        let _soon = self.handle.call_soon(|| {});
    }
}

fn touch_what_is_current() {
    let _none = get_running_loop();
    let _none = Handle::try_current();
    let _none = current_task();
    let _empty = copy_context();
}

/// What needs no loop, or makes its own.
fn touch_what_is_new() {
    let promise = Promise::new();
    promise.set_result(5).expect("it is new");
    let event = Event::new();
    event.set();
    let (raced, awaited) = evloop::block_on(async {
        event.wait().await;
        (race([async { 6 }]).await, promise.await)
    });
    assert_eq!(raced.expect("there is one"), 6);
    assert_eq!(awaited.expect("it is set"), 5);
    let own = EventLoop::new().expect("the system has descriptors");
    let ran = own.run_until_complete(async {
        let task = create_task(async {
            sleep(Duration::from_micros(1)).await;
            7
        });
        let (mut ours, mut theirs) = UnixStream::pair().expect("the system has descriptors");
        ours.write_all(b"y").await.expect("there is room");
        theirs.read_exact(&mut [0]).await.expect("it was written");
        assert_eq!(task.await.expect("nobody cancels it"), 7);
        to_thread(|| 8).await.expect("it does not panic")
    });
    match ran {
        Ok(value) => assert_eq!(value, 8),
        // The process ends in the midst of a step.
        Err(error) => assert!(get_running_loop().is_ok(), "{error}"),
    }
}

struct Touched {
    kept: Kept,
    event_loop: Option<EventLoop>,
}

impl Drop for Touched {
    fn drop(&mut self) {
        self.kept.touch();
        if let Some(event_loop) = self.event_loop.take() {
            let ran = event_loop.run_until_complete(async { 8 });
            drop((ran, event_loop));
            self.kept.touch();
        }
        say("touched");
        N_DESTROYED.fetch_add(1, Ordering::SeqCst);
    }
}

/// By which the test sees that evloop's own are destroyed before or after what is held.
struct Beside;

impl Drop for Beside {
    fn drop(&mut self) {
        say("beside");
        N_DESTROYED.fetch_add(1, Ordering::SeqCst);
    }
}
