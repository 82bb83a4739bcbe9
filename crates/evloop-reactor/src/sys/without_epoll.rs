//! The twin of `epoll` for systems that have none: nothing here can exist.

use std::{convert::Infallible, io, os::fd::BorrowedFd, time::Duration};

use polling::Poller;

use super::Event;
use crate::key::Key;

/// Cannot be made.
#[derive(Debug)]
pub(crate) struct Interrupter(Infallible);

impl Interrupter {
    pub(super) fn new(_: &Poller) -> io::Result<Option<Self>> {
        Ok(None)
    }

    pub(super) fn interrupt(&self) -> io::Result<()> {
        match self.0 {}
    }
}

/// Not reached: there is no `Interrupter` to lead here.
pub(super) fn add_edge(_: &Poller, _: BorrowedFd<'_>, _: Key) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Never filled.
#[derive(Debug)]
pub(crate) struct Events;

impl Events {
    pub(super) fn new(_: &Poller) -> Self {
        Self
    }

    pub(super) fn wait(&mut self, _: &Poller, _: Option<Duration>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Event> + '_ {
        std::iter::empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        true
    }
}
