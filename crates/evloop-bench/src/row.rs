//! What is measured: rows, in families that make one table each.

use std::time::Duration;

/// Rows that make one table.
pub(crate) struct Family {
    pub(crate) title: &'static str,
    pub(crate) rows: Vec<Row>,
}

/// One workload and who runs it.
pub(crate) struct Row {
    pub(crate) name: String,
    /// What is done, and what is counted, in one sentence.
    pub(crate) text: &'static str,
    pub(crate) unit: Unit,
    /// Ours first: the others are compared with it.
    pub(crate) contenders: Vec<Contender>,
    /// What grows from row to row of the same text: such rows make a curve.
    pub(crate) size: Option<usize>,
}

impl Row {
    pub(crate) fn new(
        name: impl Into<String>,
        unit: Unit,
        text: &'static str,
        contenders: Vec<Contender>,
    ) -> Self {
        Self {
            name: name.into(),
            text,
            unit,
            contenders,
            size: None,
        }
    }

    /// A row of nanoseconds whose name ends in its size.
    pub(crate) fn of_size(
        name: &str,
        size: usize,
        text: &'static str,
        contenders: Vec<Contender>,
    ) -> Self {
        let name = format!("{name}_{}", short(size));
        Self {
            size: Some(size),
            ..Self::new(name, Unit::Nanoseconds, text, contenders)
        }
    }
}

/// 100k for 100,000.
pub(crate) fn short(n: usize) -> String {
    match n {
        _ if n > 0 && n.is_multiple_of(1_000_000) => format!("{}m", n / 1_000_000),
        _ if n > 0 && n.is_multiple_of(1_000) => format!("{}k", n / 1_000),
        _ => n.to_string(),
    }
}

/// What a value of a row is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Nanoseconds,
    Microseconds,
    Allocations,
    Bytes,
    /// So many times what it would be at best.
    TimesIdeal,
}

impl Unit {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Microseconds => "µs",
            Self::Allocations => "allocations",
            Self::Bytes => "bytes",
            Self::TimesIdeal => "times ideal",
        }
    }
}

/// One runtime's way through a row.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// Called on a thread of its own each time, so that no thread-local state is passed on.
    pub(crate) measure: Box<dyn Fn(Effort) -> Sample + Send + Sync>,
}

impl Contender {
    pub(crate) fn new(
        name: &'static str,
        measure: impl Fn(Effort) -> Sample + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            measure: Box::new(measure),
        }
    }
}

/// How much work a measurement is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    Full,
    /// To see that everything runs.
    Quick,
}

impl Effort {
    /// How often to do what is done `times` times in a full measurement.
    pub(crate) fn times(self, times: usize) -> usize {
        match self {
            Self::Full => times,
            Self::Quick => times.div_ceil(10),
        }
    }
}

/// What came of one measurement: a total, and over how many operations it is spread.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    total: f64,
    n_operations: usize,
}

impl Sample {
    pub(crate) fn of_time(elapsed: Duration, n_operations: usize) -> Self {
        Self {
            total: elapsed.as_secs_f64() * 1e9,
            n_operations,
        }
    }

    pub(crate) fn of_count(total: usize, n_operations: usize) -> Self {
        Self {
            total: total as f64,
            n_operations,
        }
    }

    pub(crate) fn of_ratio(elapsed: Duration, ideal: Duration) -> Self {
        Self {
            total: elapsed.as_secs_f64() / ideal.as_secs_f64(),
            n_operations: 1,
        }
    }

    pub(crate) fn of_microseconds(value: Duration) -> Self {
        Self {
            total: value.as_secs_f64() * 1e6,
            n_operations: 1,
        }
    }

    pub(crate) fn per_operation(self) -> f64 {
        self.total / self.n_operations as f64
    }
}

/// The contenders that run `$work::<R>(effort)`, or `$work::<R>` with what stands in the brackets, on
/// each of the runtimes `R`.
macro_rules! on_each {
    ($work:ident: $($runtime:ty),+ $(,)?) => {
        vec![$(
            $crate::row::Contender::new(
                <$runtime as $crate::runtimes::Runtime>::NAME,
                |effort| <$runtime as $crate::runtimes::Runtime>::run($work::<$runtime>(effort)),
            )
        ),+]
    };
    (|$effort:ident| $work:ident $arguments:tt: $($runtime:ty),+ $(,)?) => {
        vec![$(
            $crate::row::Contender::new(
                <$runtime as $crate::runtimes::Runtime>::NAME,
                move |$effort| {
                    <$runtime as $crate::runtimes::Runtime>::run($work::<$runtime> $arguments)
                },
            )
        ),+]
    };
}
pub(crate) use on_each;

/// The contenders that run `$work::<R>(..)` on each of the runtimes `R`, with what stands in the
/// brackets; the two names before them are those of the effort and of the handle for other threads.
macro_rules! on_each_send {
    (|$effort:ident, $handle:pat_param| $work:ident $arguments:tt: $($runtime:ty),+ $(,)?) => {
        vec![$(
            $crate::row::Contender::new(
                <$runtime as $crate::runtimes::SendRuntime>::NAME,
                move |$effort| {
                    <$runtime as $crate::runtimes::SendRuntime>::run(
                        |$handle| $work::<$runtime> $arguments
                    )
                },
            )
        ),+]
    };
}
pub(crate) use on_each_send;

/// The contenders that run `$work::<C>(..)`, with the timers `C` of each of the runtimes.
macro_rules! on_each_clocked {
    (|$effort:ident| $work:ident $arguments:tt: $($runtime:ty),+ $(,)?) => {
        vec![$(
            $crate::row::Contender::new(
                <$runtime as $crate::runtimes::SendRuntime>::NAME,
                move |$effort| {
                    <$runtime as $crate::runtimes::SendRuntime>::run(
                        |_| $work::<<$runtime as $crate::runtimes::Clocked>::Clock> $arguments
                    )
                },
            )
        ),+]
    };
}
pub(crate) use on_each_clocked;
