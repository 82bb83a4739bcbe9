//! Our own async functions, dropped and cancelled at each of their suspensions: what the section
//! `# Cancel safety` of each promises.
//!
//! That no task and no timer is left behind, that nothing hangs and nothing panics, the harness sees
//! by itself.

mod combinators;
mod executors;
mod files;
mod groups;
mod handles;
mod lent;
mod processes;
mod scopes;
mod servers;
mod signals;
mod streams;
mod sync;
mod takers;
mod times;
mod twice;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use evloop::sleep;
use evloop_test::{CancelAtEachAwait, End, Report, Run};
use evloop_tests::Seen;
use evloop_tests::watchdog::Watchdog;

const SECOND: Duration = Duration::from_secs(1);

/// What a scenario leaves for its oracle.
#[derive(Default)]
struct State {
    /// Shared with every future that must be dropped.
    live: Arc<()>,
    seen: Seen<&'static str>,
}

impl State {
    fn new() -> Self {
        Self::default()
    }

    /// Work of so many seconds, which nobody may keep.
    fn work(&self, secs: u32) -> impl Future<Output = u32> + Send + use<> {
        let live = Arc::clone(&self.live);
        async move {
            sleep(SECOND * secs).await;
            drop(live);
            secs
        }
    }

    /// As [`State::work`], and says so when it is done.
    fn told(&self, secs: u32, done: &'static str) -> impl Future<Output = u32> + Send + use<> {
        let (work, seen) = (self.work(secs), self.seen.clone());
        async move {
            let secs = work.await;
            seen.push(done);
            secs
        }
    }

    /// As [`State::told`], with a clean-up of a second that says so too.
    fn cleaned(
        &self,
        secs: u32,
        done: &'static str,
        cleaned: &'static str,
    ) -> impl Future<Output = u32> + Send + use<> {
        let (work, clean_up) = (self.told(secs, done), self.told(1, cleaned));
        evloop::on_cancel(work, || clean_up)
    }

    #[track_caller]
    fn assert_all_dropped(&self) {
        let n_live = Arc::strong_count(&self.live) - 1;
        assert_eq!(n_live, 0, "futures inside were not dropped");
    }
}

/// Runs a test that other threads take part in, which the harness does not watch.
fn guarded(test: impl FnOnce()) {
    let _watchdog = Watchdog::new(Duration::from_secs(10));
    test();
}

/// True when the scenario was polled at all.
fn is_begun<T>(run: &Run<T>) -> bool {
    run.fault().is_none_or(|fault| fault.k() > 0)
}

/// True when it was asked to end, in the middle.
fn is_asked_within<T>(run: &Run<T>) -> bool {
    is_begun(run) && run.was_asked()
}

/// That a request ends it as cancelled, a drop drops it, and nothing else gives its value.
#[track_caller]
fn assert_plain_end<T: PartialEq + Debug>(run: &Run<T>, value: T) {
    let expected = match run.fault().map(|fault| fault.mode().is_drop()) {
        None => End::Value(value),
        Some(true) => End::Dropped,
        Some(false) => End::Cancelled,
    };
    assert_eq!(run.end(), &expected);
}

/// Checks a scenario that gives `value`, keeps nothing and refuses nothing.
#[track_caller]
fn check_plain<T: PartialEq + Debug + Clone>(
    value: T,
    scenario: impl AsyncFn(&State) -> T,
) -> Report {
    CancelAtEachAwait::new().check_with(State::new, scenario, |state, run| {
        assert_plain_end(run, value.clone());
        state.assert_all_dropped();
    })
}
