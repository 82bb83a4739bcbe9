//! `sigaction`, and the handler that it installs.
//!
//! # Invariants
//!
//! 1. The handler runs between any two instructions of any thread. It touches nothing but the atomics
//!    of a [`Slot`] and of [`wakeups`], calls nothing but `getpid`, `write` and `sigaction`, which are
//!    async-signal-safe, leaves `errno` as it was, takes no lock, and cannot panic.
//! 2. A descriptor that is a process's writer is never closed in it, so the handler never writes to
//!    another file that has its number.
//! 3. Every structure that is passed to the system is zeroed, or written by the system, before it is
//!    read, and lives on the stack of the caller for the time of the call.
//! 4. A disposition that is set is the default one, or names [`on_signal`], which takes what a handler
//!    without `SA_SIGINFO` is given, or is one that the system has named as the former one.
//! 5. `errno` lies in the storage of the thread that asks for its place, which outlives the call.

#![expect(
    unsafe_code,
    reason = "no safe crate asks for and restores a disposition"
)]

use std::io;
use std::mem::MaybeUninit;
use std::ptr;

#[cfg(any(target_os = "solaris", target_os = "illumos"))]
use libc::___errno as errno_place;
#[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
use libc::__errno as errno_place;
#[cfg(any(
    target_os = "linux",
    target_os = "dragonfly",
    target_os = "emscripten",
    target_os = "fuchsia",
    target_os = "hurd",
    target_os = "redox"
))]
use libc::__errno_location as errno_place;
#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
use libc::__error as errno_place;
use libc::{c_int, sighandler_t, sigset_t};

use super::slot::Slot;
use super::wakeups;
use crate::disposition::Disposition;
use crate::signal::Signal;

/// Counts and wakes, and after the last signal that is counted takes itself away.
extern "C" fn on_signal(number: c_int) {
    // SAFETY: (5) the calling thread's own.
    let place = unsafe { errno_place() };
    // SAFETY: (5) it is readable.
    let errno = unsafe { *place };
    if let Some(slot) = Slot::of_number(number)
        && slot.deliver()
    {
        step_aside(number, slot);
    }
    // SAFETY: (1) it may be called here; it takes nothing and cannot fail.
    let process = unsafe { libc::getpid() };
    if let Some(wake) = wakeups::writer_of(process) {
        let byte = 1_u8;
        // A full pipe is readable already, and any other failure leaves the count.
        // SAFETY: (1) `write` may be called here, (2) on this descriptor, (3) with one byte.
        let _written = unsafe { libc::write(wake, ptr::from_ref(&byte).cast(), 1) };
    }
    // SAFETY: (5) it is writable.
    unsafe { *place = errno };
}

/// Called by the handler: invariant 1 is for everything below.
fn step_aside(number: c_int, slot: &Slot) {
    loop {
        put_back(number, &Action::default());
        if !slot.is_heard() {
            return;
        }
        // Somebody came who may have found the handler in its place. This cannot fail where the call
        // before did not.
        let _found = replace(number, &[Disposition::Default]);
        if slot.is_heard() {
            return;
        }
        // And has gone again, and may have found the default.
    }
}

fn our_handler() -> sighandler_t {
    on_signal as *const () as sighandler_t
}

/// What the system does with a signal, in its own words.
pub(super) struct Action(libc::sigaction);

impl Action {
    pub(super) fn disposition(&self) -> Disposition {
        match self.0.sa_sigaction {
            libc::SIG_DFL => Disposition::Default,
            libc::SIG_IGN => Disposition::Ignored,
            _ => Disposition::Handled,
        }
    }

    fn is_ours(&self) -> bool {
        self.0.sa_sigaction == our_handler()
    }
}

impl Default for Action {
    /// The default disposition, with no flags and an empty mask.
    fn default() -> Self {
        const { assert!(libc::SIG_DFL == 0) };
        // SAFETY: (3) it consists of numbers and an optional function, for which zeros are values.
        Self(unsafe { MaybeUninit::zeroed().assume_init() })
    }
}

/// What was found in the place of a handler.
pub(super) enum Found {
    /// Something that is replaced now.
    Replaced(Action),
    /// Our handler.
    Ours,
    /// Something that stays.
    Other(Disposition),
}

/// Asks for the disposition.
pub(crate) fn disposition(signal: Signal) -> io::Result<Disposition> {
    Ok(change(signal.number(), None)?.disposition())
}

/// Sets the default disposition.
pub(crate) fn set_default(signal: Signal) -> io::Result<()> {
    change(signal.number(), Some(&Action::default())).map(drop)
}

/// Installs the handler if the disposition is one of `replaceable`.
pub(super) fn replace(number: c_int, replaceable: &[Disposition]) -> io::Result<Found> {
    let found = change(number, None)?;
    if found.is_ours() {
        return Ok(Found::Ours);
    }
    if !replaceable.contains(&found.disposition()) {
        return Ok(Found::Other(found.disposition()));
    }
    let mut ours = Action::default();
    ours.0.sa_sigaction = our_handler();
    // System calls go on afterwards; a thread with an alternate stack uses it.
    ours.0.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
    let former = change(number, Some(&ours))?;
    if former.is_ours() {
        return Ok(Found::Ours);
    }
    if former.disposition() == Disposition::Handled {
        // Another thread was quicker.
        change(number, Some(&former))?;
        return Ok(Found::Other(Disposition::Handled));
    }
    Ok(Found::Replaced(former))
}

/// Puts `former` in the place of the handler, if that is still ours.
pub(super) fn put_back(number: c_int, former: &Action) {
    // Both calls fail only for a number that is none.
    if let Ok(now) = change(number, None)
        && now.is_ours()
    {
        let _restored = change(number, Some(former));
    }
}

/// Sets the disposition, if there is one to set; returns the former one.
fn change(number: c_int, action: Option<&Action>) -> io::Result<Action> {
    let mut former = Action::default();
    let action = action.map_or(ptr::null(), |action| ptr::from_ref(&action.0));
    // SAFETY: (3), (4) of all that is passed.
    let refused = unsafe { libc::sigaction(number, action, &raw mut former.0) };
    if refused == 0 {
        Ok(former)
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Ends the process by the default action of the signal.
#[expect(clippy::disallowed_methods, reason = "ending the process is asked for")]
pub(crate) fn kill_this_process(signal: Signal) -> ! {
    let _default = set_default(signal);
    let mut only = MaybeUninit::<sigset_t>::zeroed();
    // SAFETY: (3) the set is filled by the call.
    unsafe { libc::sigemptyset(only.as_mut_ptr()) };
    // SAFETY: (3) the set is initialised.
    unsafe { libc::sigaddset(only.as_mut_ptr(), signal.number()) };
    // SAFETY: (3) the set is read, and no former one is asked for.
    unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, only.as_ptr(), ptr::null_mut()) };
    // SAFETY: (4) the disposition is the default one, in which no code of the process runs.
    unsafe { libc::raise(signal.number()) };
    std::process::exit(128 + signal.number())
}
