//! Linux: real-time signals, and two more.

/// The C library keeps the first of the real-time signals for itself, so these begin where it says.
pub(crate) fn is_nameless(number: i32) -> bool {
    [libc::SIGSTKFLT, libc::SIGPWR].contains(&number) || place_of_real_time(number).is_some()
}

/// How far it is behind the first real-time signal, if it is one.
pub(crate) fn place_of_real_time(number: i32) -> Option<i32> {
    (libc::SIGRTMIN()..=libc::SIGRTMAX())
        .contains(&number)
        .then(|| number - libc::SIGRTMIN())
}
