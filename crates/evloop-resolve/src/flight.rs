//! Lookups under way, each for everybody who asks for its name meanwhile.
//!
//! The map holds a flight weakly: whoever waits keeps it, and so does the thread that looks up. So one
//! that nobody waits for any more is not begun; one that has begun takes whoever asks again, and the
//! retries of a caller who gave up take no second thread.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
};

use evloop_sync::Event;

use crate::error::LookupError;

/// Addresses without a port.
pub(crate) type Answer = Result<Arc<[SocketAddr]>, LookupError>;

/// One lookup.
#[derive(Debug, Default)]
pub(crate) struct Flight {
    answer: OnceLock<Answer>,
    landed: Event,
}

impl Flight {
    /// # Cancel safety
    ///
    /// Nothing is lost: another caller may get the answer.
    pub(crate) async fn answer(&self) -> Answer {
        loop {
            if let Some(answer) = self.answer.get() {
                return answer.clone();
            }
            self.landed.wait().await;
        }
    }
}

/// All lookups that have not landed.
#[derive(Debug, Default)]
pub(crate) struct Flights {
    by_host: Mutex<HashMap<Arc<str>, Weak<Flight>>>,
}

impl Flights {
    /// Joins the flight for `host`. If there is none, makes one, whose start the caller has to see to.
    pub(crate) fn join(self: &Arc<Self>, host: &str) -> (Arc<Flight>, Option<Start>) {
        let mut by_host = self.lock();
        if let Some(flight) = by_host.get(host).and_then(Weak::upgrade) {
            return (flight, None);
        }
        let (host, flight) = (Arc::from(host), Arc::new(Flight::default()));
        let start = Start {
            flights: Arc::clone(self),
            host: Arc::clone(&host),
            flight: Arc::downgrade(&flight),
        };
        by_host.insert(host, Weak::clone(&start.flight));
        (flight, Some(start))
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Weak<Flight>>> {
        self.by_host.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a thread of the pool is to do: look one name up. Dropped, it fails whoever waits.
#[derive(Debug)]
pub(crate) struct Start {
    flights: Arc<Flights>,
    host: Arc<str>,
    flight: Weak<Flight>,
}

impl Start {
    /// Looks up, unless nobody waits any more.
    pub(crate) fn run(&self, lookup: impl FnOnce(&str) -> io::Result<Vec<SocketAddr>>) {
        // From here on the flight is there for whoever asks again.
        let Some(flight) = self.flight.upgrade() else {
            return;
        };
        let answer = match lookup(&self.host) {
            Ok(addrs) => Ok(addrs.into()),
            Err(error) => Err(LookupError::new(Arc::clone(&self.host), error)),
        };
        self.land(&flight, answer);
    }

    /// Tells whoever waits that there will be no answer, and why.
    pub(crate) fn fail(&self, error: io::Error) {
        if let Some(flight) = self.flight.upgrade() {
            let error = LookupError::new(Arc::clone(&self.host), error);
            self.land(&flight, Err(error));
        }
    }

    /// The first answer stays.
    fn land(&self, flight: &Flight, answer: Answer) {
        // Off the map first: an answer is for those who asked before it was there.
        self.leave_map();
        drop(flight.answer.set(answer));
        flight.landed.set();
    }

    fn leave_map(&self) {
        let mut by_host = self.flights.lock();
        let listed = by_host.get(&self.host);
        // Another one for the same name may have taken the place of one that nobody waited for.
        if listed.is_some_and(|listed| listed.ptr_eq(&self.flight)) {
            by_host.remove(&self.host);
        }
    }
}

/// The lookup has ended, has panicked, or has been given up by the pool.
impl Drop for Start {
    fn drop(&mut self) {
        self.leave_map();
        self.fail(io::Error::other("the lookup was given up, or has panicked"));
    }
}
