//! Writers that go on by themselves.

use std::{
    future::Future,
    io::{self, ErrorKind},
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use evloop_net::{StreamReader, StreamWriter, TcpStream, WaterMarks};
use futures_lite::AsyncWrite;

use crate::support::{block_on, pair, poll_once, run, transfer, turn, with_reactor};

/// What became of a [`Gate`], and how much it lets through.
#[derive(Default)]
struct Inside {
    room: usize,
    written: Vec<u8>,
    flushed: usize,
    is_ended: bool,
    is_dropped: bool,
    error: Option<ErrorKind>,
    panics: bool,
    waker: Option<Waker>,
}

/// A stream that takes as much as a test lets it.
struct Gate(Arc<Mutex<Inside>>);

type Control = Arc<Mutex<Inside>>;

fn gate(room: usize) -> (StreamWriter<Gate>, Control) {
    let control = Control::default();
    control.lock().unwrap().room = room;
    (StreamWriter::new(Gate(Arc::clone(&control))), control)
}

fn change(control: &Control, change: impl FnOnce(&mut Inside)) {
    let waker = {
        let mut inside = control.lock().unwrap();
        change(&mut inside);
        inside.waker.take()
    };
    if let Some(waker) = waker {
        waker.wake();
    }
}

fn written(control: &Control) -> usize {
    control.lock().unwrap().written.len()
}

impl AsyncWrite for Gate {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut inside = self.0.lock().unwrap();
        assert!(!std::mem::take(&mut inside.panics), "as the test wants");
        if let Some(kind) = inside.error {
            return Poll::Ready(Err(kind.into()));
        }
        if inside.room == 0 {
            inside.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = buf.len().min(inside.room);
        inside.room -= count;
        inside.written.extend_from_slice(&buf[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inside = self.0.lock().unwrap();
        inside.flushed = inside.written.len();
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.lock().unwrap().is_ended = true;
        Poll::Ready(Ok(()))
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let inside = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        { inside }.is_dropped = true;
    }
}

/// Polls once, with a waker that does nothing.
fn once<F: Future>(fut: F) -> Option<F::Output> {
    match poll_once(pin!(fut)) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

#[test]
fn what_the_stream_takes_is_written_and_flushed_at_once() {
    let (writer, control) = gate(usize::MAX);

    writer.write(b"one ").unwrap();
    writer.write(b"").unwrap();
    writer.writelines(["two ", "three"]).unwrap();
    writer.writelines([""; 0]).unwrap();

    assert_eq!(control.lock().unwrap().written, b"one two three");
    assert_eq!(control.lock().unwrap().flushed, 13);
    assert_eq!(writer.write_buffer_size(), 0);
}

#[test]
fn what_it_does_not_take_is_written_when_it_wakes_without_anybody_waiting() {
    let (writer, control) = gate(3);
    writer.write(b"abcdef").unwrap();
    assert_eq!((written(&control), writer.write_buffer_size()), (3, 3));
    writer.writelines(["gh", "i"]).unwrap();

    change(&control, |inside| inside.room = 2);
    assert_eq!((written(&control), writer.write_buffer_size()), (5, 4));
    change(&control, |inside| inside.room = 100);

    assert_eq!(control.lock().unwrap().written, b"abcdefghi");
    assert_eq!(writer.write_buffer_size(), 0);
}

#[test]
fn a_drain_waits_above_the_high_mark_until_the_low_one() {
    let (writer, control) = gate(0);
    writer.set_write_buffer_limits(WaterMarks::new(10, 4).unwrap());
    writer.write(&[1; 10]).unwrap();
    assert!(
        once(writer.drain()).is_some(),
        "at the mark, and not above it"
    );
    writer.write(&[1]).unwrap();

    let mut drain = pin!(writer.drain());
    assert!(poll_once(drain.as_mut()).is_pending());
    change(&control, |inside| inside.room = 6);
    assert_eq!(writer.write_buffer_size(), 5);
    assert!(poll_once(drain.as_mut()).is_pending());
    change(&control, |inside| inside.room = 1);

    assert!(poll_once(drain).is_ready());
}

#[test]
fn marks_count_at_once() {
    let (writer, _control) = gate(0);
    writer.write(&[1; 100]).unwrap();
    writer.set_write_buffer_limits(WaterMarks::high(0).unwrap());
    let mut drain = pin!(writer.drain());
    assert!(poll_once(drain.as_mut()).is_pending());
    assert_eq!(
        writer.write(b"x").unwrap_err().kind(),
        ErrorKind::WouldBlock
    );

    writer.set_write_buffer_limits(WaterMarks::unbounded());

    assert!(poll_once(drain).is_ready());
    writer.write(&[1; 1 << 20]).unwrap();
    assert!(once(writer.drain()).is_some());
}

#[test]
fn fault_e17_marks_that_make_no_sense_are_refused() {
    for (high, low) in [(1, 2), (usize::MAX, 1), (usize::MAX, usize::MAX)] {
        let error = WaterMarks::new(high, low).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(WaterMarks::default().limits(), (16 * 1024, 64 * 1024));
}

#[test]
fn museum_bm49_neither_way_of_writing_gets_past_the_high_mark() {
    let (writer, _control) = gate(0);
    writer.set_write_buffer_limits(WaterMarks::high(1000).unwrap());
    let most = 1000 + 500;
    for round in 0..100 {
        let written = match round % 2 {
            0 => writer.write(&[1; 500]),
            _ => writer.writelines([[1; 250], [2; 250]]),
        };
        match written {
            Ok(()) => assert!(writer.write_buffer_size() <= most),
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }
    assert_eq!(writer.write_buffer_size(), most);
}

#[test]
fn museum_bm49_no_tail_of_a_partial_write_is_lost() {
    run(|| async {
        let (ours, theirs) = pair().await?;
        transfer(64 << 20, ours, theirs).await
    });
}

#[test]
fn fault_f09_a_peer_that_never_reads_holds_back_whoever_drains() {
    with_reactor(|reactor| {
        let (ours, theirs) = block_on(reactor, pair()).unwrap();
        let writer = StreamWriter::new(ours);
        let mut flood = pin!(async {
            loop {
                writer.write(&[7; 65536])?;
                writer.drain().await?;
            }
            #[expect(unreachable_code, reason = "it says what the loop ends with")]
            io::Result::Ok(())
        });
        for _ in 0..200 {
            assert!(poll_once(flood.as_mut()).is_pending());
            turn(reactor, Some(std::time::Duration::ZERO));
            assert!(writer.write_buffer_size() <= 2 * 65536);
        }
        drop(theirs);

        let error = block_on(reactor, flood).unwrap_err();

        let expected = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
        assert!(expected.contains(&error.kind()), "{error}");
        assert_eq!(writer.write_buffer_size(), 0, "nothing is kept for nobody");
    });
}

#[test]
fn fault_e16_nothing_can_be_written_after_the_end() {
    for end in [
        |writer: &StreamWriter<Gate>| writer.write_eof().unwrap(),
        |writer: &StreamWriter<Gate>| writer.close(),
        |writer: &StreamWriter<Gate>| writer.abort(),
    ] {
        let (writer, _control) = gate(usize::MAX);
        writer.write(b"before").unwrap();
        end(&writer);
        end(&writer);
        assert_eq!(writer.write(b"").unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert_eq!(
            writer.writelines(["x"]).unwrap_err().kind(),
            ErrorKind::BrokenPipe
        );
    }
}

#[test]
fn fault_e16_many_slices_go_in_groups_that_the_system_takes() {
    run(|| async {
        let (ours, theirs) = pair().await?;
        let writer = StreamWriter::new(ours);
        writer.set_write_buffer_limits(WaterMarks::unbounded());
        let pieces = (0..100_000_u32).map(u32::to_be_bytes);
        let expected: Vec<u8> = pieces.clone().flatten().collect();

        writer.writelines(pieces)?;
        writer.close();

        assert_eq!(StreamReader::new(theirs).read_to_end().await?, expected);
        Ok(())
    });
}

#[test]
fn the_end_comes_after_what_is_buffered_and_leaves_the_stream() {
    let (writer, control) = gate(1);
    writer.write(b"abc").unwrap();
    writer.write_eof().unwrap();
    assert!(!control.lock().unwrap().is_ended);

    change(&control, |inside| inside.room = 9);

    let inside = control.lock().unwrap();
    assert!(inside.is_ended && !inside.is_dropped);
    assert_eq!(inside.written, b"abc");
}

#[test]
fn a_close_writes_what_is_buffered_even_when_nobody_is_left() {
    let (writer, control) = gate(1);
    writer.write(b"abc").unwrap();
    writer.close();
    assert!(writer.is_closing());
    {
        let mut closed = pin!(writer.wait_closed());
        assert!(poll_once(closed.as_mut()).is_pending());
    }
    drop(writer);
    assert!(!control.lock().unwrap().is_dropped);

    change(&control, |inside| inside.room = 9);

    let inside = control.lock().unwrap();
    assert_eq!(inside.written, b"abc");
    assert!(inside.is_ended && inside.is_dropped);
}

#[test]
fn an_abort_and_a_drop_let_go_of_everything_now() {
    let (writer, control) = gate(1);
    writer.set_write_buffer_limits(WaterMarks::high(0).unwrap());
    writer.write(b"abc").unwrap();
    let (mut drain, mut closed) = (pin!(writer.drain()), pin!(writer.wait_closed()));
    assert!(poll_once(drain.as_mut()).is_pending());
    assert!(poll_once(closed.as_mut()).is_pending());

    writer.abort();

    assert!(control.lock().unwrap().is_dropped);
    assert!(!control.lock().unwrap().is_ended);
    let error = once(drain).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
    once(closed).unwrap().unwrap();

    let (writer, control) = gate(1);
    writer.write(b"abc").unwrap();
    drop(writer);
    assert!(control.lock().unwrap().is_dropped);
}

#[test]
fn an_error_that_comes_later_ends_the_writer_and_stays() {
    let (writer, control) = gate(0);
    writer.set_write_buffer_limits(WaterMarks::high(1).unwrap());
    writer.write(b"abc").unwrap();
    let mut drain = pin!(writer.drain());
    assert!(poll_once(drain.as_mut()).is_pending());

    change(&control, |inside| {
        inside.error = Some(ErrorKind::ConnectionReset)
    });

    assert!(control.lock().unwrap().is_dropped);
    let errors = [
        once(drain).unwrap().unwrap_err(),
        writer.write(b"x").unwrap_err(),
        writer.write_eof().unwrap_err(),
        once(writer.drain()).unwrap().unwrap_err(),
        once(writer.wait_closed()).unwrap().unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    assert!(writer.is_closing());
}

#[test]
fn a_stream_that_panics_when_it_is_woken_ends_its_writer_and_no_one_else() {
    let (writer, control) = gate(0);
    writer.write(b"abc").unwrap();

    change(&control, |inside| inside.panics = true);

    let error = once(writer.wait_closed()).unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
}

/// Wakes the writer from inside of its own poll, and takes one byte each time.
struct Eager(usize);

impl AsyncWrite for Eager {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        _: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0 += 1;
        cx.waker().wake_by_ref();
        match self.0 % 2 {
            0 => Poll::Ready(Ok(1)),
            _ => Poll::Pending,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn museum_bm78_a_stream_that_wakes_while_it_is_polled_does_not_deadlock() {
    let writer = StreamWriter::new(Eager(0));
    writer.write(&[1; 1000]).unwrap();
    assert_eq!(writer.write_buffer_size(), 0);
}

#[test]
fn drains_that_are_given_up_leave_no_waker() {
    let (writer, control) = gate(0);
    writer.set_write_buffer_limits(WaterMarks::high(1).unwrap());
    writer.write(b"abc").unwrap();
    let woken = Arc::new(Counter);
    let waker = Waker::from(Arc::clone(&woken));
    for _ in 0..100 {
        let mut drain = pin!(writer.drain());
        assert!(
            drain
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        assert!(
            drain
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
    }
    assert_eq!(Arc::strong_count(&woken), 2);

    change(&control, |inside| inside.room = 9);

    assert!(once(writer.drain()).unwrap().is_ok());
}

struct Counter;

impl std::task::Wake for Counter {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn writers_and_their_futures_go_to_other_threads() {
    fn check<T: Send + Sync + Unpin>() {}
    fn check_send<T: Send>(_: &T) {}

    check::<StreamWriter<TcpStream>>();
    check::<StreamReader<TcpStream>>();
    let (writer, _control) = gate(0);
    check_send(&writer.drain());
    check_send(&writer.wait_closed());
}

/// Wakes and writes from many threads: every byte arrives, and nothing is stuck at the end.
#[test]
fn wakes_that_race_with_writes_lose_nothing() {
    for round in 0..200 {
        let (writer, control) = gate(0);
        writer.set_write_buffer_limits(WaterMarks::unbounded());
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        writer.write(&[1; 7]).unwrap();
                    }
                });
            }
            scope.spawn(|| {
                for _ in 0..50 {
                    change(&control, |inside| inside.room += round % 9);
                }
                change(&control, |inside| inside.room = 700);
            });
        });
        assert_eq!(written(&control) + writer.write_buffer_size(), 700);
        assert_eq!(writer.write_buffer_size(), 0, "in round {round}");
    }
}
