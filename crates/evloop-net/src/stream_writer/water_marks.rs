//! Between which marks a writer is told to wait and to go on.

use std::io;

/// asyncio's high mark, 64 KiB.
const HIGH: usize = 64 * 1024;

/// Between which marks a [`StreamWriter`](crate::StreamWriter) is told to wait and to go on.
///
/// With more than the high mark in its buffer a writer is *paused*: `drain` waits until no more than
/// the low mark is left. The default is 64 KiB, and a quarter of it.
///
/// # Examples
///
/// ```
/// use evloop_net::WaterMarks;
///
/// assert_eq!(WaterMarks::default(), WaterMarks::high(64 * 1024)?);
/// assert_eq!(WaterMarks::high(4096)?.limits(), (1024, 4096));
/// assert!(WaterMarks::new(10, 20).is_err());
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaterMarks {
    low: usize,
    high: usize,
}

impl WaterMarks {
    /// Both marks in bytes, the high one first as in asyncio.
    ///
    /// A high mark of zero pauses with any byte that is not sent.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the low mark is above the high one, or the high one is `usize::MAX`, for
    /// which there is [`unbounded`](Self::unbounded).
    pub fn new(high: usize, low: usize) -> io::Result<Self> {
        if low > high || high == usize::MAX {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("failed to set the marks `{low}` and `{high}`: low <= high < usize::MAX"),
            ));
        }
        Ok(Self { low, high })
    }

    /// The high mark in bytes, and a quarter of it as the low one.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for `usize::MAX`.
    pub fn high(high: usize) -> io::Result<Self> {
        Self::new(high, high / 4)
    }

    /// No marks: the writer is never paused, and its buffer grows with whatever is written.
    #[must_use]
    pub fn unbounded() -> Self {
        Self {
            low: usize::MAX,
            high: usize::MAX,
        }
    }

    /// The low mark and the high one, in asyncio's order.
    #[must_use]
    pub fn limits(self) -> (usize, usize) {
        (self.low, self.high)
    }
}

impl Default for WaterMarks {
    fn default() -> Self {
        Self {
            low: HIGH / 4,
            high: HIGH,
        }
    }
}
