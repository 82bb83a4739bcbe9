//! Readers and writers of streams: what has arrived, and what was written, is not lost.

use std::cell::{OnceCell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use evloop::{ReadError, Sleep, StreamReader, StreamWriter, WaterMarks, sleep};
use evloop_test::CancelAtEachAwait;
use futures_lite::{AsyncRead, AsyncWrite};

use crate::SECOND;

/// Gives a piece each second.
struct Slow {
    pieces: VecDeque<&'static [u8]>,
    pause: Option<Pin<Box<Sleep>>>,
}

fn slow(pieces: impl IntoIterator<Item = &'static [u8]>) -> StreamReader<Slow> {
    StreamReader::new(Slow {
        pieces: pieces.into_iter().collect(),
        pause: None,
    })
}

impl AsyncRead for Slow {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let Self { pieces, pause } = self.get_mut();
        ready!(
            pause
                .get_or_insert_with(|| Box::pin(sleep(SECOND)))
                .as_mut()
                .poll(cx)
        );
        *pause = None;
        let piece = pieces.pop_front().unwrap_or_default();
        buf[..piece.len()].copy_from_slice(piece);
        Poll::Ready(Ok(piece.len()))
    }
}

const PIECES: [&[u8]; 4] = [b"one\ntw", b"o\nth", b"re", b"e"];

/// Whatever `read` takes until it is struck, what it took and what is left make up the stream.
#[track_caller]
fn check_reads(read: impl AsyncFn(&mut StreamReader<Slow>) -> Result<Vec<u8>, ReadError>) {
    let state = || RefCell::new((Some(slow(PIECES)), Vec::new()));
    let report = CancelAtEachAwait::new().may_leave_timers().check_with(
        state,
        async |state: &RefCell<(Option<StreamReader<Slow>>, Vec<u8>)>| {
            let reader = state.borrow_mut().0.take().expect("nobody has it");
            let mut home = Home {
                state,
                reader: Some(reader),
            };
            while let Ok(piece) = read(home.reader.as_mut().expect("it is here")).await {
                if piece.is_empty() {
                    break;
                }
                state.borrow_mut().1.extend(piece);
            }
        },
        |state, run| {
            let (reader, mut taken) = state.take();
            let (stream, held) = reader.expect("it came home").into_parts();
            taken.extend(held);
            taken.extend(stream.pieces.into_iter().flatten());
            if run.fault().is_none() {
                assert!(!taken.is_empty());
            }
            assert_eq!(taken, PIECES.concat());
        },
    );
    assert!(report.n_suspensions >= PIECES.len());
}

/// Puts the reader back.
struct Home<'a> {
    state: &'a RefCell<(Option<StreamReader<Slow>>, Vec<u8>)>,
    reader: Option<StreamReader<Slow>>,
}

impl Drop for Home<'_> {
    fn drop(&mut self) {
        self.state.borrow_mut().0 = self.reader.take();
    }
}

#[test]
fn pieces_of_a_stream() {
    check_reads(async |reader| Ok(reader.read(3).await?));
    check_reads(async |reader| Ok(reader.read_to_end().await?));
    check_reads(StreamReader::readline);
    check_reads(async |reader| reader.lines().next().await.unwrap_or(Ok(Vec::new())));
    check_reads(async |reader| or_partial(reader.readexactly(10).await));
    check_reads(async |reader| or_partial(reader.readuntil(b"\n").await));
}

/// What was partial is given out in the error.
fn or_partial(result: Result<Vec<u8>, ReadError>) -> Result<Vec<u8>, ReadError> {
    match result {
        Err(ReadError::Incomplete(error)) => Ok(error.partial),
        result => result,
    }
}

/// Takes a byte each second.
struct Narrow {
    taken: Arc<Mutex<Vec<u8>>>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl AsyncWrite for Narrow {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Self { taken, pause } = self.get_mut();
        ready!(
            pause
                .get_or_insert_with(|| Box::pin(sleep(SECOND)))
                .as_mut()
                .poll(cx)
        );
        *pause = None;
        taken.lock().expect("nobody panics").push(buf[0]);
        Poll::Ready(Ok(1))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A writer that outlives whoever waits for it.
#[derive(Default)]
struct Written {
    taken: Arc<Mutex<Vec<u8>>>,
    writer: OnceCell<StreamWriter<Narrow>>,
}

#[test]
fn waits_for_a_writer() {
    // Those of the stream: the writing is nobody's task, and goes on whenever it is woken.
    let report = CancelAtEachAwait::new().may_leave_timers().check_with(
        Written::default,
        async |Written { taken, writer }: &Written| {
            let taken = Arc::clone(taken);
            let writer = writer.get_or_init(|| StreamWriter::new(Narrow { taken, pause: None }));
            writer.set_write_buffer_limits(WaterMarks::high(1).unwrap());
            writer.write(b"writt").unwrap();
            writer.write(b"more").unwrap_err();
            writer.drain().await.unwrap();
            writer.write(b"en").unwrap();
            writer.close();
            writer.wait_closed().await.unwrap();
        },
        |Written { taken, writer }, run| {
            let Some(writer) = writer.get() else {
                return assert!(run.fault().is_some_and(|fault| fault.k() == 0));
            };
            let taken = taken.lock().unwrap();
            assert!(b"written".starts_with(&taken), "{taken:?}");
            let written = taken.len() + writer.write_buffer_size();
            assert_eq!(written, if writer.is_closing() { 7 } else { 5 });
            assert!(run.fault().is_some() || taken.len() == 7);
        },
    );
    assert_eq!(report.n_suspensions, 2);
}
