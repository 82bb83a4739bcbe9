//! Running a future on a thread that is no worker.

use std::future::Future;

use evloop_executor::{LocalExecutor, RootEnd};
use evloop_task::{Builder, current_task};

use super::engine::Engine;
use super::guest::Guest;
use crate::context;
use crate::error::RunError;
use crate::event_loop::MainEnd;
use crate::handle::Handle;

impl Engine {
    #[track_caller]
    pub(crate) fn block_on<F: Future>(
        &self,
        handle: &Handle,
        future: F,
    ) -> Result<F::Output, RunError> {
        if handle.is_closed() {
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
        let end = here.run_root_with(Builder::new(), future, |main| {
            while !main.done() && !handle.is_closed() {
                here.take_arrivals();
                if here.run_turn() == 0 {
                    guest.sleep(None);
                }
            }
        });
        // Local tasks that are left are dropped while all is still in reach.
        here.close();
        drop((here, guest, reactor, time, context));
        match end {
            RootEnd::Unfinished => Err(RunError::Closed),
            end => MainEnd::from(end).or_resume(),
        }
    }
}
