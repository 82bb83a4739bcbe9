//! E11, as far as `add_reader` and `add_writer` go: descriptors that are watched in strange ways.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use evloop_tests::{Reports, Seen, survives_in_child, virtual_loop};

use crate::{guarded, run_one_turn};

/// A stream with something to read, and its other end.
fn readable() -> (UnixStream, UnixStream) {
    let (mut peer, stream) = UnixStream::pair().expect("the system has descriptors");
    peer.write_all(b"x").expect("the buffer is empty");
    (stream, peer)
}

#[test]
fn e11_a_regular_file_is_refused_with_the_systems_error() {
    guarded(|| {
        let event_loop = virtual_loop();
        let file = File::open(std::env::current_exe().unwrap()).unwrap();

        let error = event_loop.add_reader(&file, || {}).unwrap_err();

        assert_eq!(
            error.kind(),
            std::io::ErrorKind::PermissionDenied,
            "{error}"
        );
        assert!(!event_loop.remove_reader(&file));
    });
}

#[test]
fn e11_a_second_reader_replaces_the_first_and_leaves_the_writer() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (stream, _peer) = readable();
        let seen = Seen::new();
        let pusher = |what| {
            let seen = seen.clone();
            move || seen.push(what)
        };
        event_loop.add_writer(&stream, pusher("writer")).unwrap();
        event_loop.add_reader(&stream, pusher("first")).unwrap();
        event_loop.add_reader(&stream, pusher("second")).unwrap();

        run_one_turn(&event_loop);
        assert_eq!(seen.take(), ["second", "writer"]);
        assert!(event_loop.remove_reader(&stream));
        assert!(!event_loop.remove_reader(&stream));
        run_one_turn(&event_loop);

        assert_eq!(seen.take(), ["writer"]);
    });
}

#[test]
fn e11_a_reader_may_replace_and_remove_itself() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (stream, _peer) = readable();
        let stream = Arc::new(stream);
        let seen = Seen::new();
        let (told, handle, own) = (seen.clone(), event_loop.handle(), Arc::clone(&stream));
        let first = move || {
            told.push("first");
            let (told, handle, own) = (told.clone(), handle.clone(), Arc::clone(&own));
            let (again, again_own) = (handle.clone(), Arc::clone(&own));
            let second = move || {
                told.push("second");
                assert!(handle.remove_reader(&*own));
            };
            again.add_reader(&*again_own, second).unwrap();
        };
        event_loop.add_reader(&*stream, first).unwrap();

        (0..6).for_each(|_| run_one_turn(&event_loop));

        assert_eq!(seen.take(), ["first", "second"]);
    });
}

#[test]
fn e11_a_reader_that_panics_is_reported_in_each_turn_until_it_is_removed() {
    guarded(|| {
        let event_loop = virtual_loop();
        let reports = Reports::of(&event_loop);
        let (stream, _peer) = readable();
        event_loop
            .add_reader(&stream, || panic!("in the reader"))
            .unwrap();

        (0..3).for_each(|_| run_one_turn(&event_loop));
        assert!(event_loop.remove_reader(&stream));
        run_one_turn(&event_loop);

        assert_eq!(reports.messages().len(), 3);
    });
}

#[test]
fn e11_a_reader_queued_in_the_turn_of_its_removal_does_not_run() {
    guarded(|| {
        let event_loop = virtual_loop();
        let (stream, _peer) = readable();
        let (other, _other_peer) = readable();
        let (stream, other) = (Arc::new(stream), Arc::new(other));
        let seen = Seen::new();
        for (own, rival) in [(&stream, &other), (&other, &stream)] {
            let (told, handle, rival) = (seen.clone(), event_loop.handle(), Arc::clone(rival));
            let reader = move || told.push(handle.remove_reader(&*rival));
            event_loop.add_reader(&**own, reader).unwrap();
        }

        run_one_turn(&event_loop);

        assert_eq!(seen.take(), [true], "whichever was first removed the other");
    });
}

#[test]
fn e11_a_number_that_was_closed_and_is_used_again_is_watched_or_refused() {
    // Alone, in order that nobody else takes the number.
    const NAME: &str =
        "descriptors::e11_a_number_that_was_closed_and_is_used_again_is_watched_or_refused";
    survives_in_child(NAME, || {
        guarded(|| {
            let event_loop = virtual_loop();
            let (_old_peer, old) = UnixStream::pair().unwrap();
            let number = old.as_raw_fd();
            event_loop.add_reader(&old, || {}).unwrap();
            drop(old);
            // The first descriptor that is made takes the lowest free number.
            let (new, mut peer) = UnixStream::pair().unwrap();
            peer.write_all(b"x").unwrap();
            assert_eq!(new.as_raw_fd(), number);
            let seen = Seen::new();
            let told = seen.clone();

            let watched = event_loop.add_reader(&new, move || told.push("reader"));
            run_one_turn(&event_loop);

            assert!(watched.is_err() || !seen.is_empty(), "not silently deaf");
        });
    });
}
