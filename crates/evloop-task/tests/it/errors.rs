//! Errors where I/O is done.

use std::io::{self, ErrorKind};

use evloop_fixtures::watched;
use evloop_task::{JoinError, Promise};

#[test]
fn an_io_error_in_a_join_error_keeps_its_kind_and_others_have_none() {
    watched(|| {
        let promise = Promise::<()>::new();
        let refused = io::Error::from(ErrorKind::ConnectionRefused);
        promise.set_exception(refused).unwrap();
        let error = promise.result().unwrap().as_ref().unwrap_err().clone();
        assert_eq!(io::Error::from(error).kind(), ErrorKind::ConnectionRefused);

        let error = io::Error::from(JoinError::from_cancel("no time"));
        assert_eq!(error.kind(), ErrorKind::Other);
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        assert!(inner.is_some_and(JoinError::is_cancelled), "{error}");
    });
}
