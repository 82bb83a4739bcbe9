//! The system calls that each message and each connection costs.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(test, not(target_os = "linux")))]
mod portable;

#[cfg(test)]
mod tests;

#[cfg(target_os = "linux")]
pub(crate) use linux::{accept, receive, send, send_file, send_vectored};
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::{accept, receive, send, send_file, send_vectored};
