//! Files through sockets.

use std::{
    fs::File,
    io::{self, Write},
    ops::Range,
    os::{fd::AsFd, unix::fs::FileExt},
};

use evloop_reactor::Source;
use futures_lite::future::yield_now;
use rustix::io::Errno;

use crate::calls;

/// So much by one call, before others get their turn.
const AT_ONCE: u64 = 1 << 20;

/// The buffer for a file that the system does not send.
const BUFFER: usize = 64 * 1024;

/// Sends what lies in `range`, or the part of it that the file has, and moves its start along.
pub(crate) async fn send_file<S: AsFd>(
    source: &Source<S>,
    file: &File,
    range: &mut Range<u64>,
) -> io::Result<u64>
where
    for<'a> &'a S: Write,
{
    let start = range.start;
    // Not every file can be sent by the system, and not by every system.
    let mut by_hand: Option<Vec<u8>> = None;
    while !range.is_empty() {
        let wanted = (range.end - range.start).min(AT_ONCE);
        let send = |stream: &S| match &mut by_hand {
            None => calls::send_file(stream, file, range.start, wanted),
            Some(buf) => send_by_hand(stream, file, range.start, wanted, buf),
        };
        let sent = match source.write_with(send).await {
            Err(error) if by_hand.is_none() && range.start == start && is_refusal(&error) => {
                by_hand = Some(vec![0; BUFFER]);
                continue;
            }
            sent => sent? as u64,
        };
        if sent == 0 {
            break;
        }
        range.start += sent;
        if sent == wanted {
            yield_now().await;
        }
    }
    Ok(range.start - start)
}

/// What is read and not sent is read again.
fn send_by_hand<S: AsFd>(
    stream: &S,
    file: &File,
    offset: u64,
    wanted: u64,
    buf: &mut [u8],
) -> io::Result<usize>
where
    for<'a> &'a S: Write,
{
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    let n_wanted = buf.len().min(wanted);
    let n_read = file.read_at(&mut buf[..n_wanted], offset)?;
    match n_read {
        0 => Ok(0),
        n_read => calls::send(stream, &buf[..n_read]),
    }
}

/// The system cannot send this file.
fn is_refusal(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP))
}

#[cfg(test)]
mod tests;
