//! The models of types that are private: `tests/loom.rs` explores them.

#![expect(
    clippy::unwrap_used,
    reason = "a model that unwraps in vain has failed"
)]

use loom::sync::Arc;
use loom::thread;

use crate::state::{Adoption, End, Request, StateWord};

/// A request that comes during the first poll is seen by the shell when it reports the task as
/// adopted, or its maker sees that and pokes the scheduler. Never neither.
pub fn a_cancel_request_meets_the_adoption() {
    let word = Arc::new(StateWord::default());
    let theirs = Arc::clone(&word);
    let canceller = thread::spawn(move || theirs.request_cancel());

    let adoption = word.adopt();

    let request = canceller.join().unwrap();
    assert!(
        request == Request::Poke || adoption == Adoption::CancelDue,
        "nobody has the task polled"
    );
    assert!(word.glance().is_cancel_due());
}

/// Of a handle that asks for the result to be shared and a shell that ends, one learns of the
/// other: the result goes to the cell by exactly one of them.
pub fn sharing_meets_the_end() {
    let word = Arc::new(StateWord::default());
    let theirs = Arc::clone(&word);
    let shell = thread::spawn(move || theirs.finish(End::Finished));

    let in_time = word.share();

    let to_the_cell = shell.join().unwrap();
    assert_eq!(in_time, to_the_cell.shared);
    assert_eq!(word.end(), Some(End::Finished));
}

/// Requests made and taken back at once leave the count that arithmetic gives, and a request is
/// due exactly if the count is not zero.
pub fn requests_taken_back_leave_the_rest_due() {
    let word = Arc::new(StateWord::default());
    assert_eq!(word.request_cancel(), Request::Seen);
    let theirs = Arc::clone(&word);
    let canceller = thread::spawn(move || theirs.request_cancel());

    let left = word.uncancel();

    assert_eq!(canceller.join().unwrap(), Request::Seen);
    assert!(left <= 1);
    assert_eq!(word.cancelling(), 1);
    assert!(
        word.glance().is_cancel_due(),
        "the other request is still there"
    );
}

/// A request is recorded before the end, which is then a cancellation, or refused.
pub fn a_cancel_request_meets_the_end() {
    let word = Arc::new(StateWord::default());
    let theirs = Arc::clone(&word);
    let canceller = thread::spawn(move || theirs.request_cancel());

    let finish = word.finish(End::Finished);

    let counted = word.cancelling();
    let request = canceller.join().unwrap();
    assert_eq!(
        counted,
        word.cancelling(),
        "nothing is counted after the end"
    );
    assert_eq!(request == Request::TooLate, counted == 0);
    assert_eq!(finish.overruled, counted == 1);
    let end = if finish.overruled {
        End::Cancelled
    } else {
        End::Finished
    };
    assert_eq!(word.end(), Some(end));
}

/// A request that is delivered is not undone any more, and one that is taken back first is not
/// delivered: the shell and the one who takes it back agree.
pub fn a_request_taken_back_meets_its_delivery() {
    let word = Arc::new(StateWord::default());
    assert_eq!(word.request_cancel(), Request::Seen);
    let theirs = Arc::clone(&word);
    let asker = thread::spawn(move || theirs.uncancel());

    let delivered = word.glance().is_cancel_due() && word.take_cancel();

    assert_eq!(asker.join().unwrap(), 0);
    assert_eq!(word.cancelling(), 0);
    assert!(!word.glance().is_cancel_due());
    // Not both, not neither: what is not delivered by now never is.
    let finish = word.finish(End::Finished);
    assert!(
        !finish.overruled,
        "it was delivered ({delivered}), or undone"
    );
}

/// A child that is admitted to a group is waited for; one that comes too late is refused.
pub fn an_admission_meets_the_end_of_the_group() {
    crate::group::loom_models::an_admission_meets_the_end();
}

/// The last child of a group wakes it, or the group sees that it has ended.
pub fn the_last_child_meets_the_group_that_waits() {
    crate::group::loom_models::the_last_child_meets_the_wait();
}
