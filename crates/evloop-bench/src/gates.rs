//! Futures that end when the benchmark says so.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A number of gates, all closed at first.
pub(crate) struct Gates(Vec<GateState>);

#[derive(Default)]
struct GateState {
    is_open: Cell<bool>,
    waiter: RefCell<Option<Waker>>,
}

impl Gates {
    pub(crate) fn new(n_gates: usize) -> Rc<Self> {
        Rc::new(Self((0..n_gates).map(|_| GateState::default()).collect()))
    }

    /// A future for each gate, in order.
    pub(crate) fn futures(self: &Rc<Self>) -> impl ExactSizeIterator<Item = Gate> {
        let gates = Rc::clone(self);
        (0..self.0.len()).map(move |index| Gate {
            gates: Rc::clone(&gates),
            index,
        })
    }

    /// Ends the future of a gate and wakes whoever polled it.
    #[inline]
    pub(crate) fn open(&self, index: usize) {
        let gate = &self.0[index];
        gate.is_open.set(true);
        let waiter = gate.waiter.take();
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    /// True once every future has been polled.
    pub(crate) fn all_are_awaited(&self) -> bool {
        self.0.iter().all(|gate| gate.waiter.borrow().is_some())
    }
}

/// Ends with its index once its gate is open.
pub(crate) struct Gate {
    gates: Rc<Gates>,
    index: usize,
}

impl Future for Gate {
    type Output = usize;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let gate = &self.gates.0[self.index];
        if gate.is_open.get() {
            return Poll::Ready(self.index);
        }
        *gate.waiter.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// In which order gates are opened.
#[derive(Clone, Copy)]
pub(crate) enum Order {
    /// As they were made.
    AsMade,
    /// Far from one another each time.
    Scattered,
}

impl Order {
    /// The index of the gate to open in this step out of `n_gates`.
    #[inline]
    pub(crate) fn index(self, step: usize, n_gates: usize) -> usize {
        match self {
            Self::AsMade => step,
            // A prime larger than any factor of a number of gates visits each once.
            Self::Scattered => (step * 7_919) % n_gates,
        }
    }
}
