//! A buffer in this process, for systems without `splice`.

use std::{io, ops::Range, os::fd::AsFd};

use rustix::io::{read, write};

use super::Hold;

const CAPACITY: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Buffer {
    bytes: Box<[u8]>,
    held: Range<usize>,
}

impl Hold for Buffer {
    fn new() -> io::Result<Self> {
        Ok(Self {
            bytes: vec![0; CAPACITY].into(),
            held: 0..0,
        })
    }

    fn len(&self) -> usize {
        self.held.len()
    }

    fn fill<S: AsFd>(&mut self, from: &S) -> io::Result<usize> {
        let count = read(from, &mut *self.bytes)?;
        self.held = 0..count;
        Ok(count)
    }

    fn drain<S: AsFd>(&mut self, to: &S) -> io::Result<usize> {
        let count = write(to, &self.bytes[self.held.clone()])?;
        self.held.start += count;
        Ok(count)
    }
}
