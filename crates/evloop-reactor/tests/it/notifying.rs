//! Ending a wait from elsewhere.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Waker,
};

use evloop_fixtures::{in_thread, join, watched};
use evloop_reactor::{Notifier, Reactor, ReactorHandle};

use crate::support::{NOW, on_both};

#[test]
fn a_notification_ends_the_wait_of_another_thread() {
    on_both(|mut reactor| {
        let notifier = reactor.notifier();
        let other = in_thread(move || notifier.notify());

        reactor.poll(None, &mut Vec::new()).unwrap();

        join(other);
    });
}

#[test]
fn a_notification_from_before_ends_the_next_wait_only() {
    on_both(|mut reactor| {
        for _ in 0..5 {
            reactor.notifier().notify();
        }
        assert_eq!(reactor.poll(None, &mut Vec::new()).unwrap(), 0);

        // Would hang if the first wait had not consumed all five, and this thread not notified.
        let waker = reactor.notifier().into_waker();
        waker.wake_by_ref();
        reactor.poll(None, &mut Vec::new()).unwrap();
    });
}

#[test]
fn begin_turn_forgets_what_the_owner_is_about_to_see() {
    on_both(|mut reactor| {
        let (ours, theirs) = crate::support::pair();
        let source = reactor.handle().register(ours).unwrap();
        reactor.poll(NOW, &mut Vec::new()).unwrap();
        let mut readable = std::pin::pin!(source.readable());
        assert!(crate::support::poll_once(readable.as_mut(), Waker::noop()).is_pending());
        reactor.notifier().notify();
        reactor.begin_turn();
        let other = in_thread(move || {
            std::io::Write::write_all(&mut &theirs, b"x").unwrap();
            theirs
        });

        // Not ended by the forgotten notification, but by the event.
        let mut woken = Vec::new();
        assert_eq!(reactor.poll(None, &mut woken).unwrap(), 1);
        assert_eq!(woken.len(), 1);
        drop(join(other));
    });
}

/// An inbox, its notifications, and an owner that blocks whenever the inbox is empty.
#[test]
fn pushes_of_four_threads_are_all_seen() {
    on_both(|mut reactor| {
        const EACH: usize = 5_000;
        let inbox = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (inbox, notifier) = (Arc::clone(&inbox), reactor.notifier());
                in_thread(move || {
                    for _ in 0..EACH {
                        inbox.fetch_add(1, Ordering::Relaxed);
                        notifier.notify();
                    }
                })
            })
            .collect();

        let mut seen = 0;
        while seen < 4 * EACH {
            reactor.begin_turn();
            let pushed = inbox.swap(0, Ordering::Relaxed);
            seen += pushed;
            if pushed == 0 {
                reactor.poll(None, &mut Vec::new()).unwrap();
            }
        }

        threads.into_iter().for_each(join);
        assert_eq!(inbox.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn museum_bm41_notifying_a_reactor_that_is_dropped_meanwhile_is_harmless() {
    watched(|| {
        for _ in 0..200 {
            let mut reactor = Reactor::new().unwrap();
            let notifiers = [reactor.notifier(), reactor.notifier()];
            let threads = notifiers.map(|notifier| {
                in_thread(move || {
                    for _ in 0..50 {
                        notifier.notify();
                    }
                })
            });
            reactor.poll(None, &mut Vec::new()).unwrap();
            drop(reactor);
            threads.into_iter().for_each(join);
        }
    });
}

#[test]
fn handles_and_notifiers_can_be_shared_between_threads() {
    fn check<T: Clone + Send + Sync + 'static>() {}
    fn check_send<T: Send>() {}

    check::<ReactorHandle>();
    check::<Notifier>();
    check_send::<Reactor>();
}
