//! A thread that waits for one child, where a child is not a descriptor.

use std::{io, sync::Arc, thread::Builder};

use evloop_sync::Event;
use rustix::process::{Signal, WaitId, WaitIdOptions};

use crate::end::{End, Ending, wait};

/// A child that a thread waits for.
///
/// The thread reaps it, also when this was dropped: nobody else has to.
#[derive(Debug)]
pub(crate) struct WaitingThread {
    /// Set when the end is known.
    ended: Arc<Event>,
}

impl WaitingThread {
    pub(crate) fn start(ending: &Arc<Ending>) -> io::Result<Self> {
        let ended = Arc::new(Event::new());
        let (its_ending, its_ended) = (Arc::clone(ending), Arc::clone(&ended));
        let body = move || {
            // Without reaping, so that the number stays the child's until the lock is held. An error
            // says that somebody else has reaped it, which is found out again below.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            wait(WaitId::Pid(its_ending.pid()), options).ok();
            its_ending.reap(WaitId::Pid(its_ending.pid())).ok();
            its_ended.set();
        };
        Builder::new().name("evloop-child".to_owned()).spawn(body)?;
        Ok(Self { ended })
    }

    /// Reaps the child if it has ended.
    pub(crate) fn reap(&self, ending: &Ending) -> io::Result<Option<End>> {
        ending.reap(WaitId::Pid(ending.pid()))
    }

    pub(crate) fn signal_group(&self, ending: &Ending, signal: Signal) -> io::Result<()> {
        ending.signal_group(WaitId::Pid(ending.pid()), signal)
    }

    /// Waits until it has ended and is reaped.
    pub(crate) async fn ended(&self, ending: &Ending) -> io::Result<End> {
        // In a process that was forked off there is no thread to wait for, nor a child.
        if let Some(end) = self.reap(ending)? {
            return Ok(end);
        }
        self.ended.wait().await;
        let end = self.reap(ending)?;
        Ok(end.expect("the thread sets the event after the end is known"))
    }
}
