//! Running a future on a thread that is no worker.

use std::future::Future;
use std::task::Waker;

use evloop_executor::LocalExecutor;
use evloop_task::{Builder, current_task};

use super::engine::Engine;
use super::guest::Guest;
use crate::context;
use crate::error::RunError;
use crate::event_loop::{MainEnd, Next};
use crate::handle::Handle;
use crate::interrupts::Interrupts;
use crate::slow_step;

impl Engine {
    #[track_caller]
    pub(crate) fn block_on<F: Future>(
        &self,
        handle: &Handle,
        future: F,
    ) -> Result<F::Output, RunError> {
        self.run_guest(handle, future, |_| Interrupts::none())
    }

    /// As [`Engine::block_on`], and SIGINT is ours meanwhile, if it may be.
    #[track_caller]
    pub(super) fn run_interruptibly<F: Future>(
        &self,
        handle: &Handle,
        future: F,
    ) -> Result<F::Output, RunError> {
        let watch = |waker| Interrupts::watch(handle, Some(waker));
        self.run_guest(handle, future, watch)
    }

    #[track_caller]
    fn run_guest<F: Future>(
        &self,
        handle: &Handle,
        future: F,
        watch: impl FnOnce(Waker) -> Interrupts,
    ) -> Result<F::Output, RunError> {
        if !handle.is_of_this_process() {
            return Err(RunError::Forked);
        }
        if handle.is_closed() || self.is_stopped() {
            return Err(RunError::Closed);
        }
        let context = context::enter(handle.clone()).ok_or(RunError::Nested)?;
        // Its timers are the first worker's to fire.
        let time = self.drivers[0].enter();
        let reactor = self.reactor_handle.enter();
        let here = LocalExecutor::beside(self.workers.scheduler());
        let guest = Guest::of(self);
        here.set_unparker(guest.waker());
        let future = async {
            let _known = current_task().map(|main| guest.announce(main));
            future.await
        };
        let interrupts = watch(guest.waker());
        let end = here.run_root_with(Builder::new(), future, |main| {
            while interrupts.look(main) == Next::GoOn && !self.is_stopped() {
                here.take_arrivals();
                let n_steps = if handle.debug() {
                    slow_step::run_turn(&here, handle)
                } else {
                    here.run_turn()
                };
                if n_steps == 0 {
                    guest.sleep(None);
                }
            }
        });
        let interruption = interrupts.end();
        // Local tasks that are left are dropped while all is still in reach.
        here.close();
        drop((here, guest, reactor, time, context));
        let ended = interruption.end_of(MainEnd::from(end));
        match ended {
            // By nobody else: a guest does not hear of `Handle::stop`.
            Err(RunError::Stopped) => Err(RunError::Closed),
            ended => ended,
        }
    }
}
