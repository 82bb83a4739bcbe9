//! How primitives show themselves: as asyncio's do, `<Name [state, waiters:2]>`.

use std::fmt;

pub(crate) fn write(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    state: fmt::Arguments<'_>,
    n_waiting: usize,
) -> fmt::Result {
    if n_waiting == 0 {
        write!(f, "<{name} [{state}]>")
    } else {
        write!(f, "<{name} [{state}, waiters:{n_waiting}]>")
    }
}
