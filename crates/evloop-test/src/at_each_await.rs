//! The runs: one that is left alone, and one for each strike.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::failure::{Failure, Problem};
use crate::fault::{Fault, Mode};
use crate::report::Report;
use crate::run::{End, Run};
use crate::settings::Settings;
use crate::world::World;

/// Runs `scenario` once for each strike, and has `check` look at each run: the short form of
/// [`CancelAtEachAwait::check`].
///
/// ```
/// use std::time::Duration;
/// use evloop_test::{End, at_each_await};
/// use evloop_time::sleep;
///
/// let report = at_each_await(
///     async || sleep(Duration::from_secs(1)).await,
///     |run| assert!(run.fault().is_none() || run.end() != &End::Value(())),
/// );
/// assert_eq!((report.n_suspensions, report.n_runs), (1, 6));
/// assert_eq!((report.n_dropped, report.n_cancelled), (3, 3));
/// ```
///
/// # Panics
///
/// With the [`Failure`], at the first run that is not as it should be.
#[track_caller]
pub fn at_each_await<T>(scenario: impl AsyncFn() -> T, check: impl FnMut(&Run<T>)) -> Report {
    CancelAtEachAwait::new().check(scenario, check)
}

/// A test that drops and cancels a scenario at each of its suspensions.
///
/// A suspension is a poll that returns pending. The scenario runs as a task on an executor of its own,
/// may spawn others, and sleeps in virtual time: the clock jumps to the next deadline when nothing is
/// ready. It must do the same in each run.
///
/// A run is over when everything has settled: nothing is ready, and no deadline will change that.
///
/// # Cost
///
/// A scenario with n suspensions runs 3 + 4 n times, each time on a new executor; with
/// [`twice`](Self::twice) the square of that.
#[derive(Clone, Default)]
#[must_use = "it does nothing until it is given a scenario"]
pub struct CancelAtEachAwait {
    settings: Settings,
}

/// Settings.
impl CancelAtEachAwait {
    /// All modes at each suspension, once.
    pub fn new() -> Self {
        Self::default()
    }

    /// Strikes in these modes only.
    pub fn modes(mut self, modes: impl IntoIterator<Item = Mode>) -> Self {
        self.settings.modes = modes.into_iter().collect();
        self
    }

    /// Does this run alone, after the one that is left alone: to look at a failure.
    pub fn only(mut self, fault: Fault) -> Self {
        self.settings.only = Some(fault);
        self
    }

    /// Strikes a second time, at each suspension after a cancel request: interrupts the clean-up.
    pub fn twice(mut self) -> Self {
        self.settings.twice = true;
        self
    }

    /// How many steps and turns a run may take until everything has settled; 100,000 by default.
    pub fn max_steps(mut self, max_steps: usize) -> Self {
        self.settings.max_steps = max_steps;
        self
    }

    /// Leaves panics, and failures that nobody received, to the oracle.
    pub fn may_panic(mut self) -> Self {
        self.settings.may_panic = true;
        self
    }

    /// Allows tasks that are never woken again, or have not settled after the most steps. They are
    /// cancelled after the oracle has looked.
    pub fn may_leave_tasks(mut self) -> Self {
        self.settings.may_leave_tasks = true;
        self
    }

    /// Allows timers that nobody waits for.
    pub fn may_leave_timers(mut self) -> Self {
        self.settings.may_leave_timers = true;
        self
    }
}

/// Runs.
impl CancelAtEachAwait {
    /// Runs `scenario` once for each strike, and has `check` look at each run, also at the first,
    /// which is left alone.
    ///
    /// # Panics
    ///
    /// With the [`Failure`], at the first run that is not as it should be.
    #[track_caller]
    pub fn check<T>(&self, scenario: impl AsyncFn() -> T, check: impl FnMut(&Run<T>)) -> Report {
        passed(self.try_check(scenario, check))
    }

    /// As [`check`](Self::check), with a fresh state for each run, to which the scenario leaves what
    /// the oracle looks at.
    ///
    /// # Panics
    ///
    /// With the [`Failure`], at the first run that is not as it should be.
    #[track_caller]
    pub fn check_with<S, T>(
        &self,
        state: impl Fn() -> S,
        scenario: impl AsyncFn(&S) -> T,
        check: impl FnMut(&S, &Run<T>),
    ) -> Report {
        passed(self.try_check_with(state, scenario, check))
    }

    /// Compares how each run ended with what `expected` says, which is asked for the first run with
    /// `None`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use evloop_test::{CancelAtEachAwait, End};
    /// use evloop_time::sleep;
    ///
    /// CancelAtEachAwait::new().compare(
    ///     async || {
    ///         sleep(Duration::from_secs(1)).await;
    ///         7
    ///     },
    ///     |fault| match fault {
    ///         None => End::Value(7),
    ///         Some(fault) if fault.mode().is_drop() => End::Dropped,
    ///         Some(_) => End::Cancelled,
    ///     },
    /// );
    /// ```
    ///
    /// # Panics
    ///
    /// With the [`Failure`], at the first run that is not as it should be.
    #[track_caller]
    pub fn compare<T: PartialEq + fmt::Debug>(
        &self,
        scenario: impl AsyncFn() -> T,
        expected: impl Fn(Option<Fault>) -> End<T>,
    ) -> Report {
        self.check(scenario, |run| {
            assert_eq!(run.end(), &expected(run.fault()), "it ended otherwise");
        })
    }

    /// As [`check`](Self::check), and gives the failure.
    ///
    /// # Errors
    ///
    /// [`Failure`] of the first run that is not as it should be.
    pub fn try_check<T>(
        &self,
        scenario: impl AsyncFn() -> T,
        mut check: impl FnMut(&Run<T>),
    ) -> Result<Report, Failure> {
        self.try_check_with(
            || (),
            async |(): &()| scenario().await,
            |(), run| check(run),
        )
    }

    /// As [`check_with`](Self::check_with), and gives the failure.
    ///
    /// # Errors
    ///
    /// [`Failure`] of the first run that is not as it should be.
    pub fn try_check_with<S, T>(
        &self,
        state: impl Fn() -> S,
        scenario: impl AsyncFn(&S) -> T,
        mut check: impl FnMut(&S, &Run<T>),
    ) -> Result<Report, Failure> {
        let mut visit = |fault, n_of_first| {
            let run = self.visit(fault, n_of_first, &state, &scenario, &mut check);
            run.map(|run| run.map(|run| (run.n_suspensions, run.end.kind())))
        };
        let n_suspensions = visit(None, None)?.map_or(0, |(n_suspensions, _)| n_suspensions);
        let mut report = Report::of(n_suspensions);
        let mut visit = |fault| {
            let visited = visit(Some(fault), Some(n_suspensions))?;
            let (n_suspensions, end) = visited.unzip();
            end.inspect(|end| report.count(end));
            Ok(n_suspensions)
        };

        let mut first = self.first_strikes(n_suspensions);
        first.try_for_each(|fault| {
            let Some(n_suspensions) = visit(fault)? else {
                return Ok(());
            };
            let mut second = self.second_strikes(fault, n_suspensions);
            second.try_for_each(|fault| visit(fault).map(drop))
        })?;
        Ok(report)
    }

    /// The strikes at a scenario that suspends so often.
    fn first_strikes(&self, n_suspensions: usize) -> impl Iterator<Item = Fault> {
        let each = (0..=n_suspensions).flat_map(|k| {
            let modes = self.settings.modes.iter();
            // Nothing has woken it before its first poll.
            modes
                .filter(move |mode| k > 0 || !mode.is_woken())
                .map(move |mode| mode.at(k))
        });
        let n_each = if self.settings.only.is_some() {
            0
        } else {
            usize::MAX
        };
        self.settings.only.into_iter().chain(each.take(n_each))
    }

    /// The strikes at the clean-up after `fault`, after which it suspended so often in all.
    fn second_strikes(&self, fault: Fault, n_suspensions: usize) -> impl Iterator<Item = Fault> {
        let is_meant =
            self.settings.twice && self.settings.only.is_none() && fault.mode().is_cancel();
        let end = if is_meant { n_suspensions } else { fault.k() };
        (fault.k() + 1..=end).flat_map(move |k| {
            let modes = self.settings.modes.iter();
            modes.map(move |&mode| fault.then(mode, k))
        })
    }

    /// One run, and all that is to be said about it; `None` when it ended before the strike, at the
    /// very suspension.
    fn visit<S, T>(
        &self,
        fault: Option<Fault>,
        n_of_first: Option<usize>,
        state: &impl Fn() -> S,
        scenario: &impl AsyncFn(&S) -> T,
        check: &mut impl FnMut(&S, &Run<T>),
    ) -> Result<Option<Run<T>>, Failure> {
        let world = World::new();
        let plan = world.plan(fault);
        let entered = world.enter();
        let state = state();
        let run = world.run(scenario(&state), &plan, fault, &self.settings);
        let found = run.and_then(|run| {
            if plan.is_open() {
                return plan.missed().map_or(Ok(None), Err);
            }
            self.look_at(&state, &run, check).map(|()| Some(run))
        });
        drop(entered);
        // What is left is dropped, and may fail at that.
        world.close();
        drop(state);
        let reports = world.take_reports();
        let is_fine = reports.is_empty() || self.settings.may_panic;
        found
            .and_then(|run| match is_fine {
                true => Ok(run),
                false => Err(Problem::Reported(reports)),
            })
            .map_err(|problem| Failure {
                fault,
                n_suspensions: n_of_first,
                problem,
                trace: plan.trace(),
            })
    }

    /// The rules, and then the oracle.
    fn look_at<S, T>(
        &self,
        state: &S,
        run: &Run<T>,
        check: &mut impl FnMut(&S, &Run<T>),
    ) -> Result<(), Problem> {
        let settings = &self.settings;
        match &run.end {
            End::Panicked(message) if !settings.may_panic => {
                return Err(Problem::Panicked(message.clone()));
            }
            End::Value(_) | End::Cancelled | End::Dropped | End::Panicked(_) => {}
        }
        if !run.left_tasks.is_empty() && !settings.may_leave_tasks {
            return Err(Problem::LeftTasks(run.left_tasks.clone()));
        }
        if run.has_left_timers && !settings.may_leave_timers {
            return Err(Problem::LeftTimers);
        }
        catch_unwind(AssertUnwindSafe(|| check(state, run)))
            .map_err(|payload| Problem::Refused(text(&*payload)))
    }
}

impl fmt::Debug for CancelAtEachAwait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}

#[track_caller]
fn passed(tested: Result<Report, Failure>) -> Report {
    tested.unwrap_or_else(|failure| panic!("{failure}"))
}

/// What a panic said.
fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&'static str>();
    let text = text.map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "the oracle panicked".to_owned())
}
