//! The live token of a request that was delivered.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::delivery::{Mark, Ticket};
use crate::scope;

/// A cancel request, in the hands of code that caught it: asyncio's `CancelledError`.
///
/// It is alive: **dropping it passes the request on**, to the scope around the code that drops it,
/// as leaving an `except` block with `raise` does. So clean-up needs no care, and a request is not
/// swallowed by accident. To refuse it takes one word: [`swallow`](Self::swallow), or
/// [`into_err`](Self::into_err) where an error is to win.
///
/// | what is done with it | what becomes of the request |
/// |---|---|
/// | dropped, or lost on the way | goes on: the next `await` in this scope is the last |
/// | [`resume`](Self::resume)`().await` | goes on here and now |
/// | stored in an error that is returned | goes on: the task ends cancelled when it returns it |
/// | [`swallow`](Self::swallow), [`uncancel`](Self::uncancel), [`into_err`](Self::into_err) | ends here |
///
/// A token that is parked in a variable is undecided, and its request waits for it; note that
/// `let _ = variable` does not drop. It may be sent to another thread or task: dropped there, it
/// asks its target again.
#[must_use = "dropping it passes the request on; `swallow()` ends it here"]
pub struct Cancelled {
    /// More than one when requests of several targets meet in one scope.
    tickets: Vec<Ticket>,
}

impl Cancelled {
    pub(crate) fn new(tickets: Vec<Ticket>) -> Self {
        Self { tickets }
    }

    pub(crate) fn into_tickets(mut self) -> Vec<Ticket> {
        std::mem::take(&mut self.tickets)
    }

    /// Refuses the request: it ends here, and the target goes on as if nothing had been asked.
    ///
    /// A task's count of requests, `cancelling()`, stays as it is.
    pub fn swallow(self) {
        self.into_tickets().into_iter().for_each(Ticket::swallow);
    }

    /// Refuses the request and takes it back: a task's count of requests goes down by one, or by as
    /// many as have met in this token. Returns how many remain; 0 where the target is no task.
    pub fn uncancel(self) -> usize {
        let tickets = self.into_tickets();
        let remaining = tickets
            .iter()
            .map(|ticket| ticket.delivery().request.uncancel())
            .max();
        tickets.into_iter().for_each(Ticket::swallow);
        remaining.unwrap_or(0)
    }

    /// Refuses the request in favour of an error.
    pub fn into_err<E>(self, error: E) -> E {
        self.swallow();
        error
    }

    /// Gives way to an error that is to be seen first: the request is made again, uncounted, and
    /// interrupts the next suspension, innermost scopes first. Task groups do so when children fail
    /// beside a request from outside.
    pub fn ask_again(self) {
        self.into_tickets().into_iter().for_each(scope::ask_again);
    }

    /// Passes the request on: the code behind it does not run.
    ///
    /// # Panics
    ///
    /// When polled where the target of the request does not reach, or is over, or inside of a
    /// [`hold_cancel`](crate::hold_cancel) that is between the two and would wait for it: nothing
    /// would ever end the wait.
    ///
    /// # Cancel safety
    ///
    /// Dropping it passes the request on, as dropping the token does.
    pub fn resume(self) -> Resume {
        Resume {
            token: Some(self),
            mark: Mark::default(),
        }
    }

    /// The message of the request, if it has one.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        let mut messages = self.tickets.iter().filter_map(|ticket| {
            let message = ticket.delivery().request.get_message();
            message.map(|message| &**message)
        });
        messages.next()
    }

    /// The line of code that made the request, if it is known.
    #[must_use]
    pub fn origin(&self) -> Option<&'static Location<'static>> {
        let mut origins = self.tickets.iter();
        origins.find_map(|ticket| ticket.delivery().request.get_origin())
    }
}

impl Drop for Cancelled {
    fn drop(&mut self) {
        for ticket in self.tickets.drain(..) {
            scope::pass_on(ticket);
        }
    }
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cancelled")?;
        if let Some(message) = self.message() {
            write!(f, ": {message}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Cancelled");
        if let Some(message) = self.message() {
            debug.field("message", &message);
        }
        if let Some(origin) = self.origin() {
            debug.field("origin", &format_args!("{origin}"));
        }
        debug.finish_non_exhaustive()
    }
}

impl Error for Cancelled {}

/// Passes a request on and never returns: see [`Cancelled::resume`].
#[derive(Debug)]
#[must_use = "a future does nothing until it is awaited"]
pub struct Resume {
    token: Option<Cancelled>,
    /// Goes with what was passed on, until a scope ends for it.
    mark: Mark,
}

impl Future for Resume {
    type Output = Infallible;

    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Infallible> {
        if let Some(token) = self.token.take() {
            assert!(
                scope::pass_on_for_good(token.into_tickets(), &self.mark),
                "failed to resume a cancellation: its target does not enclose this code, is over, or \
                 is beyond a hold"
            );
        } else {
            // A scope that ends for it drops this: polled after that, it was moved elsewhere.
            assert!(
                scope::is_underway(&self.mark),
                "failed to resume a cancellation: its target is over, and this code goes on elsewhere"
            );
        }
        Poll::Pending
    }
}
