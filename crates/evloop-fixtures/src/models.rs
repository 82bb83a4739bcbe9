//! Models of protocols between threads, explored by loom.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use loom::{
    model::Builder,
    sync::{Condvar, Mutex},
};

/// Explores the model, and fails if it had only one way to go.
pub fn explore(model: impl Fn() + Send + Sync + 'static) {
    explore_with(&Builder::new(), model);
}

/// The same, as far as `explorer` goes.
///
/// # Panics
///
/// If the model fails in one of the interleavings, or there is only one.
#[expect(clippy::print_stdout, reason = "says how much was explored")]
pub fn explore_with(explorer: &Builder, model: impl Fn() + Send + Sync + 'static) {
    // Outside of loom on purpose: it counts the iterations.
    let n_iterations = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&n_iterations);
    explorer.check(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let n_iterations = n_iterations.load(Ordering::Relaxed);
    assert!(n_iterations > 1, "the model explored a single interleaving");
    println!("{n_iterations} interleavings");
}

/// A thread that sleeps until it is woken: a wake that is lost is a deadlock, which loom reports.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<bool>,
    rings: Condvar,
}

impl Bell {
    /// Sleeps until it was rung since the last time.
    ///
    /// # Panics
    ///
    /// Never: nobody panics under its lock.
    pub fn wait(&self) {
        let mut rung = self.rung.lock().expect("nobody panics under it");
        while !*rung {
            rung = self.rings.wait(rung).expect("nobody panics under it");
        }
        *rung = false;
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().expect("nobody panics under it") = true;
        self.rings.notify_one();
    }
}

/// Runs a future on this thread of the model.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => bell.wait(),
        }
    }
}
