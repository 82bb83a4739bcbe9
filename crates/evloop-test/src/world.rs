//! Where one run takes place: an executor, a clock that jumps, and nothing else.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use evloop_executor::{LocalExecutor, RootEnd};
use evloop_task::{EnterGuard, Task, TaskRef, report_panic};
use evloop_time::{ManualClock, TimeDriver, TimeGuard};

use crate::failure::Problem;
use crate::fault::{Fault, Mode};
use crate::plan::Plan;
use crate::probe::Probe;
use crate::run::{End, Run};
use crate::settings::Settings;

/// The machines of one run, never used again.
pub(crate) struct World {
    executor: LocalExecutor,
    driver: TimeDriver,
    clock: ManualClock,
    reports: Arc<Mutex<Vec<String>>>,
}

/// Why the turns ended.
enum Settled {
    /// Nothing is ready, and no deadline will make anything ready.
    Quiet,
    /// So many steps were not enough.
    TooLong,
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = ManualClock::new().with_auto_jump();
        let executor = LocalExecutor::new();
        let reports = Arc::<Mutex<Vec<String>>>::default();
        let sink = Arc::clone(&reports);
        executor.set_reporter(Some(Arc::new(move |context| {
            let mut reports = sink.lock().unwrap_or_else(PoisonError::into_inner);
            reports.push(context.to_string());
        })));
        Self {
            driver: TimeDriver::new(Arc::new(clock.clone())),
            executor,
            clock,
            reports,
        }
    }

    /// Makes its machines the current ones.
    pub(crate) fn enter(&self) -> (EnterGuard, TimeGuard<'_>) {
        (self.executor.enter(), self.driver.enter())
    }

    pub(crate) fn plan(&self, fault: Option<Fault>) -> Plan {
        Plan::new(self.clock.clone(), fault)
    }

    /// Failures that nobody received, so far.
    pub(crate) fn take_reports(&self) -> Vec<String> {
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *reports)
    }

    /// Ends what is left.
    pub(crate) fn close(&self) {
        let entered = self.enter();
        self.executor.close();
        self.driver.close();
        drop(entered);
    }

    /// Runs `scenario` as the plan says, and then until everything has settled.
    pub(crate) fn run<T>(
        &self,
        scenario: impl Future<Output = T>,
        plan: &Plan,
        fault: Option<Fault>,
        settings: &Settings,
    ) -> Result<Run<T>, Problem> {
        let n_steps = settings.max_steps;
        let mut settled = None;
        let end = self.executor.run_root(Probe::new(scenario, plan), |main| {
            let end = self.turn_until_settled(main, plan, n_steps);
            plan.end();
            let done = main.done();
            settled = Some((end, done, self.left_tasks(main)));
        });
        let (settled, done, left_tasks) = settled.expect("a new executor runs what it is given");
        match settled {
            _ if !done => {
                return Err(match settled {
                    Settled::Quiet => Problem::NeverWoken,
                    Settled::TooLong => Problem::NeverEnds { n_steps },
                });
            }
            Settled::TooLong if !settings.may_leave_tasks => {
                let tasks = left_tasks;
                return Err(Problem::NeverSettles { n_steps, tasks });
            }
            Settled::Quiet | Settled::TooLong => {}
        }
        let end = match end {
            RootEnd::Finished(Some(value)) => End::Value(value),
            RootEnd::Panicked(panic) => End::Panicked(panic.message().to_owned()),
            // Also with a request undecided, which makes the end of the task another one.
            _ if plan.is_dropped() => End::Dropped,
            RootEnd::Finished(None) | RootEnd::Cancelled(_) | RootEnd::Unfinished => End::Cancelled,
        };
        Ok(Run {
            fault,
            end,
            n_suspensions: plan.n_suspensions(),
            elapsed: self.clock.elapsed(),
            has_left_timers: left_tasks.is_empty() && self.driver.has_timers(),
            left_tasks,
        })
    }

    /// Turns until nothing is left to do.
    fn turn_until_settled(&self, main: &Task<()>, plan: &Plan, max_steps: usize) -> Settled {
        let ask = |meant| {
            if !main.done() && plan.strike(|mode| mode == meant).is_some() {
                main.cancel();
            }
        };
        let mut woken = Vec::new();
        let mut n_steps = 0;
        ask(Mode::Cancel);
        while n_steps < max_steps {
            self.executor.take_arrivals();
            if self.executor.n_ready() == 0 {
                // A timer that nobody is left to wait for is not waited for either.
                let is_over = main.done() && self.executor.tasks().is_empty();
                if is_over || self.driver.wait_limit().is_none() {
                    return Settled::Quiet;
                }
            }
            self.driver.advance(&mut woken);
            for waker in woken.drain(..) {
                wake(&self.executor, waker);
            }
            for _ in 0..self.executor.n_ready() {
                let Some(step) = self.executor.next_step() else {
                    break;
                };
                if step.task().is_some_and(|task| task.id() == main.id()) {
                    ask(Mode::CancelWoken);
                }
                step.run();
                ask(Mode::Cancel);
                n_steps += 1;
            }
            // A turn counts also when nothing was ready in it.
            n_steps += 1;
        }
        Settled::TooLong
    }

    /// The tasks that have not ended, except for the scenario's own.
    fn left_tasks(&self, main: &Task<()>) -> Vec<String> {
        let tasks = self.executor.tasks();
        let others = tasks.iter().filter(|task| task.id() != main.id());
        others.map(describe).collect()
    }
}

fn wake(executor: &LocalExecutor, waker: Waker) {
    report_panic(Some(executor.scheduler()), "waking a waiter", || {
        waker.wake();
    });
}

fn describe(task: &TaskRef) -> String {
    format!("{task:?} spawned at {}", task.spawned_at())
}
