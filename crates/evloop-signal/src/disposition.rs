//! What a signal does when it arrives.

/// What a signal does when it arrives. It belongs to the process, not to a thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Disposition {
    /// What the system does by itself; SIGINT ends the process.
    Default,
    /// Nothing, as under `nohup`.
    Ignored,
    /// A function runs: ours, or somebody else's.
    Handled,
}
