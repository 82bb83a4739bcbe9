//! A pipe that bytes lie in, and never are in this process.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
};

use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};

use super::Hold;

/// What is asked for; the system may give less. With its own 64 KiB nothing is gained by the pipe.
const CAPACITY: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct KernelPipe {
    read: OwnedFd,
    write: OwnedFd,
    len: usize,
}

impl Hold for KernelPipe {
    fn new() -> io::Result<Self> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        // A user may have only so much of it; the pipe works with less.
        fcntl_setpipe_size(&write, CAPACITY).ok();
        Ok(Self {
            read,
            write,
            len: 0,
        })
    }

    fn len(&self) -> usize {
        self.len
    }

    fn fill<S: AsFd>(&mut self, from: &S) -> io::Result<usize> {
        debug_assert_eq!(
            self.len, 0,
            "a full pipe would block like a socket without bytes"
        );
        let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
        self.len = splice(from, None, &self.write, None, CAPACITY, flags)?;
        Ok(self.len)
    }

    fn drain<S: AsFd>(&mut self, to: &S) -> io::Result<usize> {
        // Not with MORE: the end of what there is must not wait for what may never come.
        let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
        let moved = splice(&self.read, None, to, None, self.len, flags)?;
        self.len -= moved;
        Ok(moved)
    }
}
