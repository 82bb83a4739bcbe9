//! What the process is fed.

use std::{
    io::{self, Read},
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    thread::Builder,
};

use futures_io::AsyncRead;

/// What one call reads at most.
const PIECE: usize = 8 * 1024;

/// The standard input: see [`Stdin`].
#[must_use]
pub fn stdin() -> Stdin {
    Stdin { _private: () }
}

/// The standard input of the process.
///
/// It implements `AsyncRead` of `futures-io`, for `StreamReader`, `BufReader` and the like; all handles are
/// one input. A thread of its own reads it, and only when somebody waits for it: no program stays because of
/// it, and no pool of blocking work waits for it.
///
/// It reads by std's `stdin`, whose lock it holds while somebody waits: use one or the other.
///
/// # Cancel safety
///
/// Nothing is lost: a read that is dropped goes on, and what comes of it is for the next one. One task may
/// wait at a time: the last to poll is woken.
///
/// # Examples
///
/// ```no_run
/// // Not run: it waits for somebody to write a line.
/// use evloop_fs::stdin;
/// use futures_lite::{AsyncBufReadExt, future::block_on, io::BufReader};
///
/// let mut line = String::new();
/// block_on(BufReader::new(stdin()).read_line(&mut line))?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Stdin {
    _private: (),
}

/// The one input, and the thread that reads it.
static INPUT: Input = Input {
    state: Mutex::new(State {
        bytes: Vec::new(),
        end: None,
        is_wanted: false,
        has_thread: false,
        waker: None,
    }),
    wanted: Condvar::new(),
};

struct Input {
    state: Mutex<State>,
    wanted: Condvar,
}

struct State {
    /// Not given out yet.
    bytes: Vec<u8>,
    /// A read has given nothing, or has failed; somebody has still to hear of it.
    end: Option<io::Result<()>>,
    /// The thread is to read, or does.
    is_wanted: bool,
    has_thread: bool,
    waker: Option<Waker>,
}

impl State {
    fn start_thread(&mut self) -> io::Result<()> {
        if !self.has_thread {
            let thread = Builder::new().name("evloop-stdin".to_owned());
            drop(thread.spawn(|| INPUT.serve())?);
            self.has_thread = true;
        }
        Ok(())
    }
}

impl Input {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread: reads whenever that is wanted.
    fn serve(&self) {
        let mut piece = vec![0; PIECE];
        loop {
            let state = self.lock();
            let state = self.wanted.wait_while(state, |state| !state.is_wanted);
            drop(state.unwrap_or_else(PoisonError::into_inner));
            // As large as std's own buffer, which is then left out.
            let read = io::stdin().lock().read(&mut piece);
            let mut state = self.lock();
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Ok(0) => state.end = Some(Ok(())),
                Ok(count) => state.bytes.extend_from_slice(&piece[..count]),
                Err(error) => state.end = Some(Err(error)),
            }
            state.is_wanted = false;
            let waker = state.waker.take();
            drop(state);
            if let Some(waker) = waker {
                wake(waker);
            }
        }
    }
}

/// Wakes; a panic of foreign code does not end the thread, which would leave all others waiting. The panic
/// hook has reported it.
fn wake(waker: Waker) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
        // The payload is foreign too. What its destructor throws is not looked at any more.
        if let Err(worse) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            mem::forget(worse);
        }
    }
}

impl AsyncRead for Stdin {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        // Cloned and dropped outside of the lock: it is foreign code.
        let waker = cx.waker().clone();
        let mut state = INPUT.lock();
        let count = buf.len().min(state.bytes.len());
        if count > 0 || buf.is_empty() {
            buf[..count].copy_from_slice(&state.bytes[..count]);
            state.bytes.drain(..count);
            return Poll::Ready(Ok(count));
        }
        if let Some(end) = state.end.take() {
            return Poll::Ready(end.map(|()| 0));
        }
        let former = state.waker.replace(waker);
        state.is_wanted = true;
        let started = state.start_thread();
        INPUT.wanted.notify_one();
        drop(state);
        drop(former);
        started?;
        Poll::Pending
    }
}
