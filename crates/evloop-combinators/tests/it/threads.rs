//! Wakes from other threads, during and after.

use std::pin::pin;
use std::sync::Barrier;
use std::task::Waker;
use std::thread::{Builder, scope};

use evloop_combinators::{FirstCompleted, gather, wait};
use evloop_fixtures::{block_on, watched};

use crate::harness::{Door, doors, outgrow, outputs, poll};

const ROUNDS: usize = 200;
const THREADS: usize = 4;
const CHILDREN: usize = 64;

#[test]
fn children_finished_by_many_threads_are_all_gathered() {
    watched(|| {
        for _ in 0..ROUNDS {
            let doors = doors(CHILDREN);
            let gathered = gather(doors.iter().map(Door::child));
            let outputs = scope(|scope| {
                for (t, part) in doors.chunks(CHILDREN / THREADS).enumerate() {
                    let open = move || {
                        for (i, door) in part.iter().enumerate() {
                            door.open(t * part.len() + i);
                        }
                    };
                    Builder::new()
                        .name("opener".into())
                        .spawn_scoped(scope, open)
                        .unwrap();
                }
                block_on(gathered)
            });
            assert!(outputs.into_iter().eq(0..CHILDREN));
        }
    });
}

#[test]
fn first_completed_again_and_again_loses_nobody() {
    watched(|| {
        for _ in 0..ROUNDS {
            let doors = doors(CHILDREN);
            let mut waiting = wait(doors.iter().map(Door::handle)).return_when(FirstCompleted);
            let mut finished = Vec::new();
            scope(|scope| {
                for (t, part) in doors.chunks(CHILDREN / THREADS).enumerate() {
                    let open = move || {
                        for (i, door) in part.iter().enumerate() {
                            door.open(t * part.len() + i);
                        }
                    };
                    Builder::new()
                        .name("opener".into())
                        .spawn_scoped(scope, open)
                        .unwrap();
                }
                loop {
                    let (done, pending) = block_on(waiting).unwrap();
                    assert!(!done.is_empty());
                    finished.extend(outputs(&done));
                    if pending.is_empty() {
                        break;
                    }
                    waiting = pending.wait().return_when(FirstCompleted);
                }
            });
            finished.sort_unstable();
            assert!(finished.into_iter().eq(0..CHILDREN));
        }
    });
}

#[test]
fn wakers_outlive_the_gather_on_other_threads() {
    watched(|| {
        for _ in 0..ROUNDS {
            let doors = doors::<()>(8);
            let mut gathered = Box::pin(gather(doors.iter().map(Door::child)));
            assert!(poll(gathered.as_mut()).is_pending());
            let wakers: Vec<Waker> = doors.iter().filter_map(Door::waker).collect();
            let start = Barrier::new(wakers.len() + 1);
            scope(|scope| {
                for waker in wakers {
                    let start = &start;
                    let use_up = move || {
                        start.wait();
                        waker.wake_by_ref();
                        let other = waker.clone();
                        waker.wake();
                        other.wake_by_ref();
                        drop(other);
                    };
                    Builder::new()
                        .name("waker".into())
                        .spawn_scoped(scope, use_up)
                        .unwrap();
                }
                start.wait();
                drop(gathered);
            });
        }
    });
}

#[test]
fn wakers_work_when_everything_else_is_gone() {
    let door = Door::<()>::new();
    let waker = {
        let mut gathered = pin!(gather([door.child()]));
        outgrow(gathered.as_mut(), Waker::noop());
        door.waker().unwrap()
    };
    waker.wake_by_ref();
    let other = waker.clone();
    assert!(other.will_wake(&waker));
    waker.wake();
    drop(other);
    door.wake();
}
