//! `sigaction`, and the handler that it installs.
//!
//! # Invariants
//!
//! 1. The handler runs between any two instructions of any thread. It touches nothing but the atomics
//!    of [`TALLY`], calls nothing but `write` and `sigaction`, which are async-signal-safe, leaves
//!    `errno` as it was, and cannot panic.
//! 2. The descriptor in the tally is never closed, so the handler never writes to another file that
//!    has its number.
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

use super::tally::Tally;
use crate::disposition::Disposition;
use crate::signal::Signal;

/// What the handler and its watch share.
pub(super) static TALLY: Tally = Tally::new();

/// Counts, wakes, and after the last signal takes itself away.
extern "C" fn on_signal(number: c_int) {
    // SAFETY: (5) the calling thread's own.
    let place = unsafe { errno_place() };
    // SAFETY: (5) it is readable.
    let errno = unsafe { *place };
    let delivery = TALLY.deliver();
    if delivery.is_last {
        restore(number);
    }
    let byte = 1_u8;
    // A full pipe is readable already, and any other failure leaves the count.
    // SAFETY: (1) `write` may be called here, (2) on this descriptor, (3) with one byte.
    let _written = unsafe { libc::write(delivery.wake, ptr::from_ref(&byte).cast(), 1) };
    // SAFETY: (5) it is writable.
    unsafe { *place = errno };
}

fn our_handler() -> sighandler_t {
    on_signal as *const () as sighandler_t
}

/// Asks for the disposition.
pub(crate) fn disposition(signal: Signal) -> io::Result<Disposition> {
    Ok(meaning(&change(signal.number(), None)?))
}

/// Sets the default disposition.
pub(crate) fn set_default(signal: Signal) -> io::Result<()> {
    change(signal.number(), Some(&zeroed())).map(drop)
}

/// Installs the handler if the disposition is the default one; returns what it was.
pub(super) fn replace_default(signal: Signal) -> io::Result<Disposition> {
    let found = disposition(signal)?;
    if found != Disposition::Default {
        return Ok(found);
    }
    let mut ours = zeroed();
    ours.sa_sigaction = our_handler();
    // System calls go on afterwards; a thread with an alternate stack uses it.
    ours.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
    let former = change(signal.number(), Some(&ours))?;
    if former.sa_sigaction != libc::SIG_DFL {
        // Another thread was quicker.
        change(signal.number(), Some(&former))?;
    }
    Ok(meaning(&former))
}

/// Gives the default disposition back, if the handler is still ours.
pub(super) fn restore_default(signal: Signal) {
    restore(signal.number());
}

/// Called by the handler as well: invariant 1 is for everything below.
fn restore(number: c_int) {
    // Both calls fail only for a number that is none.
    if let Ok(now) = change(number, None)
        && now.sa_sigaction == our_handler()
    {
        let _restored = change(number, Some(&zeroed()));
    }
}

/// Sets the disposition, if there is one to set; returns the former one.
fn change(number: c_int, action: Option<&libc::sigaction>) -> io::Result<libc::sigaction> {
    let mut former = zeroed();
    let action = action.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: (3), (4) of all that is passed.
    let refused = unsafe { libc::sigaction(number, action, &raw mut former) };
    if refused == 0 {
        Ok(former)
    } else {
        Err(io::Error::last_os_error())
    }
}

/// The default disposition, with no flags and an empty mask.
fn zeroed() -> libc::sigaction {
    const { assert!(libc::SIG_DFL == 0) };
    // SAFETY: (3) it consists of numbers and an optional function, for which zeros are values.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

fn meaning(action: &libc::sigaction) -> Disposition {
    match action.sa_sigaction {
        libc::SIG_DFL => Disposition::Default,
        libc::SIG_IGN => Disposition::Ignored,
        _ => Disposition::Handled,
    }
}

/// Ends the process by the default action of the signal.
#[expect(clippy::disallowed_methods, reason = "ending the process is asked for")]
pub(crate) fn kill_this_process(signal: Signal) -> ! {
    let _default = change(signal.number(), Some(&zeroed()));
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
