//! Names and numbers.

use std::io::ErrorKind;

use evloop_signal::{Disposition, Signal, Signals};

#[test]
fn e20_what_cannot_be_watched_is_refused_with_a_reason() {
    let uncatchable = [libc::SIGKILL, libc::SIGSTOP];
    let synchronous = [
        libc::SIGSEGV,
        libc::SIGBUS,
        libc::SIGFPE,
        libc::SIGILL,
        libc::SIGTRAP,
        libc::SIGSYS,
    ];
    let none = [0, -1, 65, 1000, i32::MIN, i32::MAX];
    let check = |numbers: &[i32], reason: &str| {
        for number in numbers {
            let refused = Signal::from_raw(*number).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::InvalidInput);
            let text = refused.to_string();
            assert!(
                text.contains(&number.to_string()) && text.contains(reason),
                "{text}"
            );
        }
    };

    check(&uncatchable, "cannot be caught");
    check(&synchronous, "instruction");
    check(&none, "no such signal");
}

#[test]
#[cfg(target_os = "linux")]
fn e20_real_time_signals_are_signals_but_not_those_of_the_c_library() {
    let (first, last) = (libc::SIGRTMIN(), libc::SIGRTMAX());

    for number in first..=last {
        let signal = Signal::from_raw(number).unwrap();
        assert_eq!(signal.number(), number);
        let signals = Signals::new([signal]).unwrap();
        assert_eq!(signal.disposition().unwrap(), Disposition::Handled);
        drop(signals);
        assert_eq!(signal.disposition().unwrap(), Disposition::Default);
    }
    assert_eq!(Signal::from_raw(first).unwrap().to_string(), "SIGRTMIN");
    assert_eq!(
        Signal::from_raw(first + 3).unwrap().to_string(),
        "SIGRTMIN+3"
    );
    for number in 32..first {
        let refused = Signal::from_raw(number).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn each_name_stands_for_its_number() {
    let check = |signal: Signal, number: i32, name: &str| {
        assert_eq!(signal.number(), number);
        assert_eq!(Signal::from_raw(number).unwrap(), signal);
        assert_eq!((signal.to_string(), format!("{signal:?}")).0, name);
    };

    check(Signal::HANGUP, libc::SIGHUP, "SIGHUP");
    check(Signal::INTERRUPT, libc::SIGINT, "SIGINT");
    check(Signal::QUIT, libc::SIGQUIT, "SIGQUIT");
    check(Signal::ABORT, libc::SIGABRT, "SIGABRT");
    check(Signal::USER_1, libc::SIGUSR1, "SIGUSR1");
    check(Signal::USER_2, libc::SIGUSR2, "SIGUSR2");
    check(Signal::PIPE, libc::SIGPIPE, "SIGPIPE");
    check(Signal::ALARM, libc::SIGALRM, "SIGALRM");
    check(Signal::TERMINATE, libc::SIGTERM, "SIGTERM");
    check(Signal::CHILD, libc::SIGCHLD, "SIGCHLD");
    check(Signal::CONTINUE, libc::SIGCONT, "SIGCONT");
    check(Signal::TERMINAL_STOP, libc::SIGTSTP, "SIGTSTP");
    check(Signal::TERMINAL_READ, libc::SIGTTIN, "SIGTTIN");
    check(Signal::TERMINAL_WRITE, libc::SIGTTOU, "SIGTTOU");
    check(Signal::URGENT, libc::SIGURG, "SIGURG");
    check(Signal::CPU_LIMIT, libc::SIGXCPU, "SIGXCPU");
    check(Signal::FILE_SIZE_LIMIT, libc::SIGXFSZ, "SIGXFSZ");
    check(Signal::VIRTUAL_ALARM, libc::SIGVTALRM, "SIGVTALRM");
    check(Signal::PROFILE, libc::SIGPROF, "SIGPROF");
    check(Signal::WINDOW_CHANGE, libc::SIGWINCH, "SIGWINCH");
    check(Signal::IO, libc::SIGIO, "SIGIO");
}
