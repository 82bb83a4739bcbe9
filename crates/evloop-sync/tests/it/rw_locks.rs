//! The lock for readers and writers.

use std::sync::Arc;

use evloop_sync::{OwnedWriteGuard, RwLock, WriteGuard};

use crate::support::{Polled, at_once};

#[test]
fn readers_share_and_a_writer_is_alone() {
    let lock = RwLock::new(1);
    let readers = [(); 3].map(|()| at_once(lock.read()).unwrap());
    let writes = Polled::waiting(lock.write());

    drop(readers);

    let mut writer = writes.woken();
    *writer = 2;
    let reads = Polled::waiting(lock.read());
    drop(writer);
    assert_eq!(*reads.woken(), 2);
}

#[test]
fn neither_readers_nor_writers_are_starved() {
    let lock = RwLock::new(());
    let reader = lock.try_read();
    let writes = Polled::waiting(lock.write());
    let reads = [(); 2].map(|()| Polled::waiting(lock.read()));
    let writes_last = Polled::waiting(lock.write());
    assert!(lock.try_read().is_none(), "a writer waits");

    drop(reader);
    drop(writes.woken());

    let readers = reads.map(Polled::woken);
    assert_eq!(writes_last.n_wakes(), 0);
    drop(readers);
    drop(writes_last.woken());
}

#[test]
fn a_writer_that_becomes_a_reader_lets_readers_in_and_writers_not() {
    let lock = RwLock::new(1);
    let writer = lock.try_write().unwrap();
    let reads = Polled::waiting(lock.read());
    let writes = Polled::waiting(lock.write());

    let reader = WriteGuard::downgrade(writer);

    let other = reads.woken();
    assert_eq!((*reader, *other), (1, 1));
    assert_eq!(writes.n_wakes(), 0);
    drop((reader, other));
    drop(writes.woken());
    assert!(lock.try_write().is_some());
}

#[test]
fn owned_guards_keep_the_lock_alive() {
    let lock = Arc::new(RwLock::new(1));
    let writer = lock.try_write_owned().unwrap();
    let reads = Polled::waiting(lock.read_owned());
    let writes = Polled::waiting(lock.write_owned());
    drop(lock);

    let reader = OwnedWriteGuard::downgrade(writer);

    assert_eq!((*reader, *reads.woken()), (1, 1));
    drop(reader);
    *writes.woken() = 2;
}

#[test]
fn it_shows_who_has_it() {
    let lock = RwLock::new(());
    assert_eq!(format!("{lock:?}"), "<RwLock [unlocked]>");
    let readers = [lock.try_read(), lock.try_read()];
    let writes = Polled::waiting(lock.write());
    assert_eq!(format!("{lock:?}"), "<RwLock [readers:2, waiters:1]>");
    drop(readers);
    let writer = writes.woken();
    assert_eq!(format!("{lock:?}"), "<RwLock [writing]>");
    drop(writer);
}
