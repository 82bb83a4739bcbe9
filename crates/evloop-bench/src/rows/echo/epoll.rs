//! The floor: a loop around `epoll_wait`, `read` and `write`, and nothing else.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use rustix::fd::OwnedFd;

use super::Setup;

/// The key of the listener; those of connections begin above.
const LISTENER: u64 = 0;

/// Messages are short enough that the kernel takes them whole.
pub(super) fn serve(setup: Setup) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    setup.announce(listener.local_addr());
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("the system gives a descriptor");
    add(&poll, &listener, LISTENER);
    let mut streams: HashMap<u64, TcpStream> = HashMap::new();
    let (mut n_accepted, mut n_closed) = (0, 0);
    let mut buffer = vec![0; setup.buffer];
    let mut events = Vec::with_capacity(1_024);
    while n_closed < setup.n_connections {
        events.clear();
        epoll::wait(&poll, spare_capacity(&mut events), None).expect("waiting works");
        for event in &events {
            let key = event.data.u64();
            if key == LISTENER {
                let (stream, _) = listener.accept().expect("the client connects");
                n_accepted += 1;
                add(&poll, &stream, n_accepted);
                streams.insert(n_accepted, stream);
                continue;
            }
            let stream = streams.get_mut(&key).expect("it is open");
            let n_read = stream
                .read(&mut buffer)
                .expect("the client reads and writes");
            if n_read == 0 {
                streams.remove(&key);
                n_closed += 1;
            } else {
                stream
                    .write_all(&buffer[..n_read])
                    .expect("the client reads");
            }
        }
    }
}

fn add(poll: &OwnedFd, source: impl AsFd, key: u64) {
    let data = epoll::EventData::new_u64(key);
    epoll::add(poll, source, data, epoll::EventFlags::IN).expect("the descriptor is new");
}
