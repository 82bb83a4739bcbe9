//! One thread of another process that is stopped, as by a debugger.
//!
//! # Invariants
//!
//! 1. The requests that are made take numbers and no address, so no memory of this process is touched.
//! 2. A thread is asked for something only between its seizure and its release, by the thread that has
//!    seized it: `Seized` does not leave it.

#![expect(unsafe_code, reason = "no safe crate that is at hand has `ptrace`")]

use std::io;
use std::marker::PhantomData;
use std::ptr;

use rustix::process::{Pid, WaitOptions, waitpid};

/// A thread that is stopped until it is told to go on. It goes on too when the thread that has stopped it
/// ends.
pub(crate) struct Seized {
    number: Pid,
    _stays: PhantomData<*const ()>,
}

impl Seized {
    /// Returns when the thread is stopped.
    pub(crate) fn stop(number: Pid) -> io::Result<Self> {
        request(libc::PTRACE_SEIZE, number)?;
        request(libc::PTRACE_INTERRUPT, number)?;
        let waited = waitpid(Some(number), WaitOptions::empty())?;
        let (_, status) = waited.expect("it waits until there is something");
        assert!(status.stopped(), "{status:?}");
        Ok(Self {
            number,
            _stays: PhantomData,
        })
    }

    pub(crate) fn go_on(self) {
        request(libc::PTRACE_DETACH, self.number).expect("it is stopped");
    }
}

fn request(what: libc::c_uint, number: Pid) -> io::Result<()> {
    let none = ptr::null_mut::<libc::c_void>();
    // SAFETY: (1) none of the three takes an address; (2) of a thread that is not ours it is an error.
    let done = unsafe { libc::ptrace(what, number.as_raw_pid(), none, none) };
    match done {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
