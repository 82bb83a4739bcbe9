//! What a worker's thread does: turns of its queue, with looks at timers and I/O in between.

use std::cell::Cell;
use std::io;
use std::sync::MutexGuard;
use std::sync::atomic::Ordering;
use std::task::Waker;
use std::time::{Duration, Instant};

use evloop_executor::{Nap, Worker};
use evloop_reactor::{Notifier, Reactor};
use evloop_task::{ErrorContext, current_scheduler, report_panic};
use evloop_time::SharedTimeDriver;

use super::engine::Engine;
use crate::context;
use crate::handle::Handle;
use crate::left_over::{PROGRAM_ENDED, Rounds};
use crate::slow_step;
use crate::wake_all::wake_all;

#[cfg(test)]
mod tests;

/// At most this many steps run between two looks at I/O while work is ready ...
const STEPS_PER_POLL: usize = 64;
/// ... and at most this much time passes.
const TIME_PER_POLL: Duration = Duration::from_millis(1);

/// Runs jobs until the workers are told to leave. `begun` is called when it is ready to.
pub(super) fn run(
    engine: &Engine,
    handle: &Handle,
    index: usize,
    notifier: Notifier,
    begun: impl FnOnce(),
) {
    let mut worker = engine.workers.worker(index).expect("each has one thread");
    if let Some(seed) = engine.shuffle {
        worker.shuffle(seed);
    }
    let driver = &engine.drivers[index];
    driver.set_unpark(worker.waker());
    worker.set_elsewhere(notifier.into_waker());
    engine.set_pinned(index, worker.pinned());
    let _context = context::enter(handle.clone());
    let _time = driver.enter();
    let _reactor = engine.reactor_handle.enter();
    begun();
    let mut thread = WorkerThread {
        engine,
        handle,
        worker,
        driver,
        woken: Vec::new(),
        n_steps: 0,
        last_poll: None,
        looks_seen: Cell::new(0),
        is_alone: false,
        end: None,
    };
    thread.run();
}

struct WorkerThread<'a> {
    engine: &'a Engine,
    handle: &'a Handle,
    worker: Worker,
    driver: &'a SharedTimeDriver,
    /// Filled by the drivers and woken after they have unlocked.
    woken: Vec<Waker>,
    /// Since the last look at I/O.
    n_steps: usize,
    last_poll: Option<Instant>,
    /// The looks of others when this one last saw to it who looks at I/O.
    looks_seen: Cell<usize>,
    /// In its last nap as the one that watches nobody came to look at I/O, nor since.
    is_alone: bool,
    /// The pinned tasks are ending.
    end: Option<Rounds>,
}

/// For which timers a worker wakes up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Own,
    All,
}

impl WorkerThread<'_> {
    fn run(&mut self) {
        while !self.worker.is_closing() {
            if self.engine.is_ending() {
                self.end_pinned_tasks();
            }
            let n_steps = if self.handle.debug() {
                let handle = self.handle;
                self.worker.turn_by(|step| slow_step::run(step, handle))
            } else {
                self.worker.turn()
            };
            self.fire(self.driver);
            if n_steps > 0 {
                self.look_around(n_steps);
            } else if !self.worker.search() {
                self.sleep();
            }
        }
    }

    /// Fires the timers of a driver that are due; unless somebody else does at this moment.
    fn fire(&mut self, driver: &SharedTimeDriver) {
        driver.try_advance(&mut self.woken);
        wake_all(&mut self.woken);
    }

    /// While work is ready, I/O is looked at after 64 steps or a millisecond, whichever is first; and after
    /// 64 steps the timers of the other workers, none of whom may be free to watch.
    ///
    /// Where steps are so long that the time is over first, what I/O wakes here would wait for such a step.
    /// So this worker leaves it to the others as long as they look.
    fn look_around(&mut self, n_steps: usize) {
        let has_sources = self.engine.reactor_handle.source_count() > 0;
        self.n_steps += n_steps;
        if self.n_steps >= STEPS_PER_POLL {
            self.engine.looks.note(self.worker.index());
            self.fire_for_others();
        } else if !has_sources {
            return;
        } else {
            let now = self.driver.now();
            let last = *self.last_poll.get_or_insert(now);
            if now.saturating_duration_since(last) < TIME_PER_POLL {
                return;
            }
            if self.have_others_looked() {
                self.last_poll = None;
                return;
            }
        }
        self.n_steps = 0;
        self.last_poll = None;
        if has_sources {
            self.look_at_io();
        }
    }

    /// Whether other workers have looked at I/O since this was last asked.
    fn have_others_looked(&self) -> bool {
        let looks = self.engine.looks.of_others(self.worker.index());
        self.looks_seen.replace(looks) != looks
    }

    /// Looks at I/O without waiting, unless another worker waits for it.
    fn look_at_io(&mut self) {
        if let Some(mut turned) = self.engine.try_reactor() {
            if let Some(reactor) = turned.as_mut() {
                let polled = reactor.poll(Some(Duration::ZERO), &mut self.woken);
                give_up_if_lost(turned, polled, self.handle);
            }
            wake_all(&mut self.woken);
        }
    }

    /// There is nothing to do: waits for I/O, if nobody else does, or for being woken.
    ///
    /// The one that watches does not wait in the reactor while the others come there: whoever is woken there
    /// has work, and somebody would have to be woken to watch in its place, for each event. It looks there
    /// after its naps. When the others are in long steps, nobody but this one can serve I/O in time.
    fn sleep(&mut self) {
        let Some(nap) = self.worker.nap() else { return };
        let (limit, whose) = self.limit();
        let watches = nap.limit().is_some();
        // Without a look, timers that are always due when it is about to sleep would keep it from I/O.
        let is_due = limit == Some(Duration::ZERO);
        let mut has_looked = false;
        self.engine.looks.note(self.worker.index());
        self.is_alone &= !self.have_others_looked();
        if is_due {
            drop(nap);
        } else if watches && !self.is_alone {
            // In that time all come who will.
            let is_long = nap.limit().min(limit.or(Some(Duration::MAX))) >= Some(TIME_PER_POLL);
            self.is_alone = nap.park(limit) && is_long && !self.have_others_looked();
        } else {
            has_looked = wait(self.engine, nap, limit, &mut self.woken, self.handle);
        }
        self.n_steps = 0;
        self.last_poll = None;
        wake_all(&mut self.woken);
        if watches || whose == Whose::All {
            self.fire_for_others();
        }
        if (watches || is_due) && !has_looked && self.engine.reactor_handle.source_count() > 0 {
            self.look_at_io();
        }
    }

    /// How long it may sleep, which it has announced, and for whose timers.
    fn limit(&self) -> (Option<Duration>, Whose) {
        let deadline = self.driver.announce_wait();
        if let Some(rest) = self.engine.rest() {
            if self.driver.next_deadline() != deadline {
                // The clock has set a timer itself.
                return (Some(Duration::ZERO), Whose::Own);
            }
            if rest.limit.is_none() || rest.earliest == deadline {
                return (rest.limit, Whose::Own);
            }
            // Whose timer it is sleeps until then, and this worker need not. But by a clock that is faster
            // than the system's that one sleeps too long.
            if rest.comes_sooner(self.driver.now()) {
                return (rest.limit, Whose::All);
            }
        }
        // A clock must not jump while others are awake. If it is no real one, this is woken too early,
        // by its next jump, or by the last one that falls asleep.
        let left = deadline.map(|at| at.saturating_duration_since(self.driver.now()));
        (left, Whose::Own)
    }

    /// Fires what is due of workers that are in the midst of a long step.
    fn fire_for_others(&mut self) {
        let mut now = None;
        for (index, driver) in self.engine.drivers.iter().enumerate() {
            if index != self.worker.index()
                && driver.next_deadline().is_some()
                && driver.is_due(*now.get_or_insert_with(|| self.driver.now()))
            {
                self.fire(driver);
            }
        }
    }

    /// The pinned tasks are this thread's alone to cancel.
    fn end_pinned_tasks(&mut self) {
        let worker = &self.worker;
        let rounds = self.end.get_or_insert_default();
        rounds.advance(|| {
            let tasks = worker.pinned_tasks();
            for task in &tasks {
                task.cancel_with(PROGRAM_ENDED);
            }
            tasks
        });
        let n_tasks = worker.pinned_tasks().len();
        let count = &self.engine.n_pinned[worker.index()];
        if count.swap(n_tasks, Ordering::SeqCst) != n_tasks {
            self.engine.workers.wake_awaiter();
        }
    }
}

/// Waits in the reactor, unless another worker does or it is lost, and else in the worker's parker. Says
/// whether it was the reactor.
fn wait(
    engine: &Engine,
    nap: Nap<'_>,
    limit: Option<Duration>,
    woken: &mut Vec<Waker>,
    handle: &Handle,
) -> bool {
    let mut turned = engine.try_reactor();
    let Some(reactor) = turned.as_deref_mut().and_then(Option::as_mut) else {
        drop(turned);
        nap.park(limit);
        return false;
    };
    // Only what came before the nap says where to find this worker: that ends the nap itself.
    reactor.begin_turn();
    let mut polled = Ok(0);
    nap.elsewhere(limit, |limit| polled = reactor.poll(limit, woken));
    if let Some(turned) = turned {
        give_up_if_lost(turned, polled, handle);
    }
    true
}

/// A reactor that can no longer wait is given up, and whoever waited hears of it.
fn give_up_if_lost(
    mut turned: MutexGuard<'_, Option<Reactor>>,
    polled: io::Result<usize>,
    handle: &Handle,
) {
    let Err(error) = polled else { return };
    let lost = turned.take();
    // What follows is code of the user.
    drop(turned);
    let message = format!("a runtime can no longer wait for I/O, and goes on without: {error}");
    handle.call_exception_handler(&ErrorContext::new(message));
    report_panic(current_scheduler(), "closing the reactor", || drop(lost));
}
