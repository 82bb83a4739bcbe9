//! What is done to a scenario, and at which of its suspensions.

use std::fmt;

/// How a scenario is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// Dropped as soon as it has suspended.
    Drop,
    /// Dropped when it has been woken, in the place of its next poll: what it was given meanwhile goes
    /// with it.
    DropWoken,
    /// Its task is asked to end while it is suspended.
    Cancel,
    /// Its task is asked to end when it has been woken, before its next poll: the request and what it
    /// waited for come together.
    CancelWoken,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 4] = [Self::Drop, Self::DropWoken, Self::Cancel, Self::CancelWoken];

    /// This mode at the `k`-th suspension; the 0-th is the moment before the first poll.
    #[must_use]
    pub const fn at(self, k: usize) -> Fault {
        Fault {
            mode: self,
            k,
            again: None,
        }
    }

    /// True when the future is dropped, and nobody is asked.
    #[must_use]
    pub const fn is_drop(self) -> bool {
        matches!(self, Self::Drop | Self::DropWoken)
    }

    /// True when the task is asked to end.
    #[must_use]
    pub const fn is_cancel(self) -> bool {
        !self.is_drop()
    }

    /// True when it waits for the wake-up.
    pub(crate) const fn is_woken(self) -> bool {
        matches!(self, Self::DropWoken | Self::CancelWoken)
    }

    fn verb(self) -> &'static str {
        match self {
            Self::Drop => "dropped at",
            Self::DropWoken => "dropped when woken from",
            Self::Cancel => "cancelled at",
            Self::CancelWoken => "cancelled when woken from",
        }
    }
}

/// One strike at a scenario: how, and at which suspension; with a second one during its clean-up, or
/// without.
///
/// ```
/// use evloop_test::Mode;
///
/// assert_eq!(Mode::Cancel.at(2).to_string(), "cancelled at suspension 2");
/// assert_eq!(
///     Mode::Cancel.at(2).then(Mode::Drop, 3).to_string(),
///     "cancelled at suspension 2, then dropped at suspension 3",
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    mode: Mode,
    k: usize,
    again: Option<(Mode, usize)>,
}

impl Fault {
    /// Adds a second strike, at a later suspension, counted from the scenario's beginning like the
    /// first.
    ///
    /// # Panics
    ///
    /// When the first is a drop, or the second is not later: nothing would be left to strike.
    #[must_use]
    pub const fn then(mut self, mode: Mode, k: usize) -> Self {
        assert!(self.mode.is_cancel(), "what is dropped is not struck again");
        assert!(k > self.k, "the second strike comes after the first");
        self.again = Some((mode, k));
        self
    }

    /// How.
    #[must_use]
    pub const fn mode(self) -> Mode {
        self.mode
    }

    /// At which suspension: from 1; 0 is before the first poll.
    #[must_use]
    pub const fn k(self) -> usize {
        self.k
    }

    /// The second strike: how, and at which suspension.
    #[must_use]
    pub const fn again(self) -> Option<(Mode, usize)> {
        self.again
    }

    /// The strikes, in order.
    pub(crate) fn strikes(self) -> impl Iterator<Item = (Mode, usize)> {
        std::iter::once((self.mode, self.k)).chain(self.again)
    }

    /// As a program writes it.
    pub(crate) fn source(self) -> String {
        let mut source = format!("Mode::{:?}.at({})", self.mode, self.k);
        if let Some((mode, k)) = self.again {
            source += &format!(".then(Mode::{mode:?}, {k})");
        }
        source
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (mode, k)) in self.strikes().enumerate() {
            if n > 0 {
                f.write_str(", then ")?;
            }
            match k {
                0 => write!(f, "{} the start", mode.verb())?,
                k => write!(f, "{} suspension {k}", mode.verb())?,
            }
        }
        Ok(())
    }
}
