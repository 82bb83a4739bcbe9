//! The two directions of a descriptor.

/// A direction of a descriptor, each with a readiness of its own.
///
/// # Examples
///
/// ```
/// use evloop_reactor::Direction;
///
/// assert_ne!(Direction::Read, Direction::Write);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the descriptor: data, a connection to accept, the end of a stream, an error.
    Read,
    /// To the descriptor: room in its buffer, a connect that has ended, an error.
    Write,
}
