//! The smallest task that hosts scopes, polled by hand.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use evloop_cancel::Request;
use evloop_cancel::host::{self, Body, Kept, Marks, StepEnd};
use evloop_fixtures::Wakes;

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End<T> {
    Value(T),
    Cancelled,
}

/// A task that is run by [`Task::step`].
pub(crate) struct Task<'a, T> {
    body: Option<Pin<Box<dyn Future<Output = T> + 'a>>>,
    marks: Marks,
    started: bool,
    wakes: Arc<Wakes>,
    seen: usize,
    was_asked: bool,
    pub(crate) requests: Arc<Requests>,
}

/// What others may ask of a task.
#[derive(Default)]
pub(crate) struct Requests {
    pending: Mutex<Option<Request>>,
    count: AtomicUsize,
    waker: Mutex<Option<Waker>>,
}

impl Requests {
    pub(crate) fn cancel(self: &Arc<Self>, message: &str) {
        let this = Arc::clone(self);
        self.count.fetch_add(1, Ordering::SeqCst);
        let request = Request::new()
            .message(Some(message.into()))
            .counted(Arc::new(move || this.uncancel()));
        *self.pending.lock().expect("unpoisoned") = Some(request);
        if let Some(waker) = &*self.waker.lock().expect("unpoisoned") {
            waker.wake_by_ref();
        }
    }

    /// Takes one back.
    pub(crate) fn uncancel(&self) -> usize {
        self.count.fetch_sub(1, Ordering::SeqCst) - 1
    }

    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

struct Part<'a, 'b, T> {
    body: &'a mut Option<Pin<Box<dyn Future<Output = T> + 'b>>>,
    output: Option<T>,
}

impl<T> Body for Part<'_, '_, T> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.body.as_mut().expect("alive").as_mut().poll(cx) {
            Poll::Ready(output) => {
                self.output = Some(output);
                Poll::Ready(())
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn clear(&mut self) {
        *self.body = None;
    }
}

impl<'a, T> Task<'a, T> {
    pub(crate) fn new(body: impl Future<Output = T> + 'a) -> Self {
        let wakes = Arc::new(Wakes::default());
        // It is to be polled for the first time.
        wakes.wake_by_ref();
        let requests = Arc::new(Requests::default());
        *requests.waker.lock().expect("unpoisoned") = Some(Arc::clone(&wakes).into());
        Self {
            body: Some(Box::pin(body)),
            marks: Marks {
                is_open: false,
                kept: Kept::nothing(),
            },
            started: false,
            wakes,
            seen: 0,
            was_asked: false,
            requests,
        }
    }

    pub(crate) fn cancel(&self) {
        self.requests.cancel("by the test");
    }

    /// Polls it once.
    pub(crate) fn step(&mut self) -> Option<End<T>> {
        self.seen = self.wakes.count();
        let waker: Waker = Arc::clone(&self.wakes).into();
        let mut cx = Context::from_waker(&waker);
        let request = self.requests.pending.lock().expect("unpoisoned").take();
        self.was_asked |= request.is_some();
        if !self.started && request.is_some() {
            self.body = None;
            return Some(End::Cancelled);
        }
        self.started = true;
        let mut part = Part {
            body: &mut self.body,
            output: None,
        };
        let host: &dyn std::any::Any = &();
        if request.is_none() && !self.marks.kept.is_something() {
            let marks = &mut self.marks;
            let keep = |kept| marks.kept = kept;
            let (polled, is_open) = host::step(host, Some(&waker), || part.poll(&mut cx), keep);
            let output = part.output;
            self.marks.is_open = is_open;
            return polled
                .is_ready()
                .then(|| End::Value(output.expect("it is ready")));
        }
        let before = std::mem::replace(
            &mut self.marks,
            Marks {
                is_open: false,
                kept: Kept::nothing(),
            },
        );
        let (end, marks) = host::step_slowly(host, before, request, &mut cx, &mut part);
        let output = part.output;
        self.marks = marks;
        match end {
            StepEnd::Pending => None,
            StepEnd::Ready => Some(End::Value(output.expect("it is ready"))),
            StepEnd::Overruled | StepEnd::Cancelled => {
                self.body = None;
                Some(End::Cancelled)
            }
        }
    }

    /// Has it polled.
    pub(crate) fn wake(&self) {
        self.wakes.wake_by_ref();
    }

    /// True once a step has delivered a request.
    pub(crate) fn was_asked(&self) -> bool {
        self.was_asked
    }

    /// Polls it once, if something has woken it.
    pub(crate) fn step_if_woken(&mut self) -> Option<End<T>> {
        if self.wakes.count() == self.seen {
            return None;
        }
        self.step()
    }

    /// Polls it until it is done or nothing wakes it any more.
    pub(crate) fn run(&mut self) -> Option<End<T>> {
        for _ in 0..1000 {
            if self.wakes.count() == self.seen {
                return None;
            }
            if let Some(end) = self.step() {
                return Some(end);
            }
        }
        panic!("the task wakes itself for ever");
    }
}

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(std::rc::Rc<std::cell::RefCell<Vec<String>>>);

impl Log {
    pub(crate) fn say(&self, what: impl Into<String>) {
        self.0.borrow_mut().push(what.into());
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.borrow_mut())
    }
}

/// A gate that code waits at until a test opens it.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<Mutex<(bool, Vec<Waker>)>>);

impl Gate {
    pub(crate) fn open(&self) {
        let wakers = {
            let mut state = self.0.lock().expect("unpoisoned");
            state.0 = true;
            std::mem::take(&mut state.1)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) async fn pass(&self) {
        std::future::poll_fn(|cx| {
            let mut state = self.0.lock().expect("unpoisoned");
            if state.0 {
                return Poll::Ready(());
            }
            state.1.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// Suspends once.
pub(crate) async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
