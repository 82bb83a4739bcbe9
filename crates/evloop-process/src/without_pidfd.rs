//! No child is a descriptor.

use std::{convert::Infallible, io};

use evloop_reactor::ReactorHandle;
use rustix::{
    io::Errno,
    process::{Pid, Signal},
};

use crate::end::{End, Ending};

#[derive(Debug)]
pub(crate) struct Pidfd(Infallible);

#[derive(Debug)]
#[expect(dead_code, reason = "its twin gives all of them")]
pub(crate) enum Opened {
    Pidfd(Pidfd),
    Lost,
    Refused,
}

impl Pidfd {
    pub(crate) fn open(_: &ReactorHandle, _: Pid) -> io::Result<Opened> {
        Ok(Opened::Refused)
    }

    pub(crate) fn reap(&self, _: &Ending) -> io::Result<Option<End>> {
        match self.0 {}
    }

    pub(crate) async fn ended(&self, _: &Ending) -> io::Result<End> {
        match self.0 {}
    }

    pub(crate) fn signal(&self, _: Signal) -> Result<(), Errno> {
        match self.0 {}
    }

    pub(crate) fn signal_group(&self, _: &Ending, _: Signal) -> io::Result<()> {
        match self.0 {}
    }

    pub(crate) fn abandon(self) {
        match self.0 {}
    }
}
