//! The twins do the same.

use std::{
    io::{ErrorKind, Read, Write},
    net::Shutdown,
    os::unix::net::UnixStream,
};

use super::{Hold, buffer::Buffer};

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_holds_what_it_takes_until_there_is_room() {
    check::<super::kernel_pipe::KernelPipe>();
}

#[test]
fn a_buffer_holds_what_it_takes_until_there_is_room() {
    check::<Buffer>();
}

fn check<H: Hold>() {
    let mut hold = H::new().unwrap();
    let (from, mut source) = UnixStream::pair().unwrap();
    let (to, mut sink) = UnixStream::pair().unwrap();
    for stream in [&from, &to] {
        stream.set_nonblocking(true).unwrap();
    }
    let early = hold.fill(&from).unwrap_err();
    assert_eq!((early.kind(), hold.len()), (ErrorKind::WouldBlock, 0));

    source.write_all(b"hello").unwrap();
    assert_eq!((hold.fill(&from).unwrap(), hold.len()), (5, 5));
    assert_eq!((hold.drain(&to).unwrap(), hold.len()), (5, 0));
    let mut got = [0; 5];
    sink.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"hello");

    // Until the sink is full.
    let mut n_held = 0;
    let mut n_taken = 0;
    while n_held == 0 {
        source.write_all(&[7; 4096]).unwrap();
        n_taken += hold.fill(&from).unwrap();
        while hold.len() > 0 {
            match hold.drain(&to) {
                Ok(count) => assert!(count > 0),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    n_held = hold.len();
                    break;
                }
            }
        }
    }
    let mut got = vec![0; n_taken - n_held];
    sink.read_exact(&mut got).unwrap();
    while hold.len() > 0 {
        hold.drain(&to).unwrap();
    }
    let mut got = vec![0; n_held];
    sink.read_exact(&mut got).unwrap();
    assert!(got.iter().all(|byte| *byte == 7));

    source.shutdown(Shutdown::Write).unwrap();
    assert_eq!((hold.fill(&from).unwrap(), hold.len()), (0, 0), "the end");
}
