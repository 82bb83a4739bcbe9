//! A system without signals: nothing is watched.

pub(crate) mod numbers;

use std::io;

use crate::disposition::Disposition;
use crate::error::WatchError;
use crate::signal::Signal;

/// There is none.
pub(crate) enum Installed {}

impl Installed {
    pub(crate) fn instead_of_default(signal: Signal, _most: u32) -> Result<Self, WatchError> {
        let error = io::Error::from(io::ErrorKind::Unsupported);
        Err(WatchError::system(signal, error))
    }

    pub(crate) fn count(&self) -> u32 {
        match *self {}
    }

    pub(crate) fn restore(&mut self) {
        match *self {}
    }
}

/// There is none.
pub(crate) enum Heard {}

impl Heard {
    pub(crate) fn begin(signal: Signal) -> Result<Self, WatchError> {
        let error = io::Error::from(io::ErrorKind::Unsupported);
        Err(WatchError::system(signal, error))
    }

    pub(crate) fn signal(&self) -> Signal {
        match *self {}
    }

    pub(crate) fn has_more(&self) -> bool {
        match *self {}
    }

    pub(crate) fn take(&mut self) -> bool {
        match *self {}
    }
}

pub(crate) fn is_nameless(_number: i32) -> bool {
    false
}

pub(crate) fn place_of_real_time(_number: i32) -> Option<i32> {
    None
}

pub(crate) fn disposition(_signal: Signal) -> io::Result<Disposition> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn set_default(_signal: Signal) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[expect(clippy::disallowed_methods, reason = "ending the process is asked for")]
pub(crate) fn kill_this_process(signal: Signal) -> ! {
    std::process::exit(128 + signal.number())
}

pub(crate) fn is_main_thread() -> bool {
    false
}
