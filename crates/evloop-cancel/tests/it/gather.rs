//! The smallest combinator on a `Fork`: polls only the children that were woken, each with a waker
//! of its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use evloop_cancel::fork::{Branch, BranchEnd, Fork};

struct Bell {
    rung: AtomicBool,
    parent: Arc<Mutex<Option<Waker>>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
        let parent = self.parent.lock().expect("unpoisoned").clone();
        if let Some(parent) = parent {
            parent.wake();
        }
    }
}

struct Child<'a, T> {
    future: Option<Pin<Box<dyn Future<Output = T> + 'a>>>,
    output: Option<T>,
    bell: Arc<Bell>,
}

impl<T> Branch for Child<'_, T> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let future = self.future.as_mut().expect("polled while it is alive");
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => {
                self.output = Some(output);
                Poll::Ready(())
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn clear(&mut self) {
        self.future = None;
    }
}

/// Runs all of them; a request reaches each.
pub(crate) struct Gather<'a, T> {
    fork: Fork,
    children: Vec<Child<'a, T>>,
    parent: Arc<Mutex<Option<Waker>>>,
}

impl<'a, T> Gather<'a, T> {
    pub(crate) fn new(futures: Vec<Pin<Box<dyn Future<Output = T> + 'a>>>) -> Self {
        let parent = Arc::new(Mutex::new(None));
        let children = futures.into_iter().map(|future| Child {
            future: Some(future),
            output: None,
            bell: Arc::new(Bell {
                rung: AtomicBool::new(true),
                parent: Arc::clone(&parent),
            }),
        });
        Self {
            fork: Fork::new(),
            children: children.collect(),
            parent,
        }
    }
}

impl<T> Unpin for Gather<'_, T> {}

impl<T> Future for Gather<'_, T> {
    type Output = Vec<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Vec<T>> {
        let this = self.get_mut();
        *this.parent.lock().expect("unpoisoned") = Some(cx.waker().clone());
        let delivers = this.fork.begin(cx);
        for (index, child) in this.children.iter_mut().enumerate() {
            let rung = child.bell.rung.swap(false, Ordering::SeqCst);
            if child.future.is_none() || !(delivers || rung) {
                continue;
            }
            let waker = Waker::from(Arc::clone(&child.bell));
            let mut own = Context::from_waker(&waker);
            let end = if delivers {
                this.fork.deliver(index, &mut own, child)
            } else {
                this.fork.poll(index, &mut own, child)
            };
            if end != BranchEnd::Pending {
                child.future = None;
            }
        }
        if delivers {
            this.fork.delivered();
        }
        if this.children.iter().any(|child| child.future.is_some()) {
            this.fork.suspend(cx);
            return Poll::Pending;
        }
        if this.fork.pass_on() {
            return Poll::Pending;
        }
        let outputs = this.children.iter_mut().map(|child| child.output.take());
        let outputs = outputs.map(|output| output.expect("all have returned"));
        Poll::Ready(outputs.collect())
    }
}
