//! The end of an executor with workers, on one thread, when all of them have left.

use std::iter;

use evloop_task::TaskRef;
use parking::Parker;

use super::pool::{Here, Pool, set_here};
use super::raw_job::RawJob;
use super::seat::Seat;
use crate::job::Job;
use crate::sync::yield_now;

/// Rounds of cancelling that are granted to destructors that spawn again.
const CLOSE_ROUNDS: usize = 64;

/// How often other threads are let run that have to be waited for; as in `LocalExecutor`.
const MOST_WAITS: usize = if cfg!(loom) { 64 } else { 20_000 };

/// Cancels every task, runs them until their coroutines are dropped, and refuses what comes later.
/// Returns the number of tasks and callbacks that would not end.
pub(crate) fn close(pool: &'static Pool) -> usize {
    assert!(
        pool.roles.n_present() == 0,
        "failed to close an executor: it has workers; stop and drop them first"
    );
    let sit = |slot| Seat::take(slot).expect("all workers have left");
    let (seats, parkers): (Vec<Seat>, Vec<Parker>) = pool.slots.iter().map(sit).unzip();
    let here = Here {
        pool,
        seat: seats[0],
        pinned: None,
    };
    // This thread is the only worker now: what is woken meanwhile comes to its ring.
    let before = set_here(Some(here));
    let entered = evloop_task::enter_scheduler(pool);
    let closing = Closing { pool, seats };
    let n_abandoned = closing.cancel_all();
    let n_left = closing.n_left();
    pool.end_generation();
    closing.bury_all();
    set_here(before);
    // What the last destructors have pushed to this thread's ring.
    closing.bury_all();
    drop(entered);
    for (seat, parker) in closing.seats.into_iter().zip(parkers) {
        seat.stand_up(parker);
    }
    n_abandoned + n_left
}

struct Closing {
    pool: &'static Pool,
    /// Those of all slots.
    seats: Vec<Seat>,
}

impl Closing {
    fn cancel_all(&self) -> usize {
        let mut n_rounds = 0;
        let mut n_waits = 0;
        let mut n_abandoned = 0;
        while n_rounds < CLOSE_ROUNDS && n_waits < MOST_WAITS {
            for task in self.pool.all_tasks() {
                if task.cancelling() == 0 {
                    task.cancel_with("its event loop is closed");
                }
            }
            let jobs = self.take_jobs();
            if !jobs.is_empty() {
                n_rounds += 1;
                for job in jobs {
                    match job.into_job() {
                        Job::Task(step) => {
                            if step.is_new() {
                                step.cancel();
                            }
                            step.run();
                        }
                        call @ Job::Call(_) => call.discard(),
                    }
                }
            } else if self.pool.has_tasks() {
                let n_dropped = self.drop_suspended();
                n_abandoned += n_dropped;
                n_waits += usize::from(n_dropped == 0);
            } else {
                return n_abandoned;
            }
        }
        n_abandoned
    }

    /// All that is queued anywhere.
    fn take_jobs(&self) -> Vec<RawJob> {
        let mut jobs: Vec<RawJob> = self.pool.injector.take().collect();
        jobs.extend(self.drain());
        jobs
    }

    fn drain(&self) -> impl Iterator<Item = RawJob> {
        let pops = |seat: &Seat| {
            iter::from_fn({
                let seat = *seat;
                move || seat.pop().map(|(job, _)| job)
            })
        };
        self.seats.iter().flat_map(pops)
    }

    /// Drops the coroutines of tasks that have caught their cancellation and wait for something that
    /// will not come. Returns how many.
    fn drop_suspended(&self) -> usize {
        let suspended = self.pool.all_tasks();
        suspended.iter().for_each(TaskRef::wake);
        let jobs = self.take_jobs();
        if jobs.is_empty() {
            // Another thread is in the middle of waking the last ones.
            yield_now();
        }
        let n_jobs = jobs.len();
        drop(jobs);
        n_jobs
    }

    fn n_left(&self) -> usize {
        let n_queued: usize = self.pool.slots.iter().map(|slot| slot.ring.len()).sum();
        n_queued + self.pool.all_tasks().len()
    }

    /// Drops what would not end, and has nowhere to run any more.
    fn bury_all(&self) {
        for slot in &self.pool.slots {
            slot.tasks.clear();
        }
        for job in self.drain() {
            self.pool.bury(job.into_job());
        }
    }
}
