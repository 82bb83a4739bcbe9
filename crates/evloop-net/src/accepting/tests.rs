//! Connections that are gone before they are accepted.

use std::{
    cell::Cell,
    io,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
};

use rustix::io::Errno;

use super::{ABORTED_AT_ONCE, ListeningSocket, accept_one};

/// So many connections fail with an error before one is fine.
struct Flaky {
    fd: UnixStream,
    errno: Errno,
    failures: Cell<usize>,
}

impl AsFd for Flaky {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl ListeningSocket for Flaky {
    type Accepted = &'static str;

    fn accept_now(&self) -> io::Result<&'static str> {
        match self.failures.get() {
            0 => Ok("fine"),
            left => {
                self.failures.set(left - 1);
                Err(self.errno.into())
            }
        }
    }
}

fn flaky(errno: Errno, failures: usize) -> Flaky {
    Flaky {
        fd: UnixStream::pair().unwrap().0,
        errno,
        failures: Cell::new(failures),
    }
}

#[test]
fn fault_f02_connections_that_are_gone_are_passed_over_sixteen_at_once() {
    for errno in [Errno::CONNABORTED, Errno::PROTO, Errno::PERM] {
        let listener = flaky(errno, ABORTED_AT_ONCE - 1);
        assert_eq!(accept_one(&listener).unwrap(), Some("fine"));

        let listener = flaky(errno, ABORTED_AT_ONCE + 1);
        assert_eq!(accept_one(&listener).unwrap(), None);
        assert_eq!(accept_one(&listener).unwrap(), Some("fine"));
    }
}

#[test]
fn museum_bm43_errors_of_the_listener_are_given_out_and_the_next_client_is_served() {
    for errno in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM] {
        let listener = flaky(errno, 1);
        let error = accept_one(&listener).unwrap_err();
        assert_eq!(Errno::from_io_error(&error), Some(errno));
        assert_eq!(accept_one(&listener).unwrap(), Some("fine"));
    }
}
