//! Task groups: whom an abort or a request asks, how often, and who is waited for.

use std::convert::Infallible;
use std::future::pending;

use evloop::{TaskGroup, catch_cancel, create_task, current_task, gather, sleep, yield_now};
use evloop_tests::{Seen, at_rest, in_every_loop};

use crate::groups::{fails, ms, texts, time, waits};

#[test]
fn a_child_that_is_cancelled_by_itself_changes_nothing() {
    in_every_loop(async || {
        let (cancelled, value) = TaskGroup::scope(async |group| {
            let cancelled = group.create_task(async { pending::<()>().await }).unwrap();
            let sibling = async {
                sleep(ms(100)).await;
                Ok::<_, Infallible>(42)
            };
            let sibling = group.create_task(sibling).unwrap();
            yield_now().await;
            assert!(cancelled.cancel());
            let value = sibling.await?;
            Ok::<_, evloop::JoinError>((cancelled, value))
        })
        .await
        .unwrap();

        assert!(cancelled.cancelled());
        assert_eq!((value, time()), (42, ms(100)));
    });
}

#[test]
fn further_requests_to_the_parent_do_not_skip_the_wait_and_ask_nobody_again() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let parent = create_task(async move {
            let ended = TaskGroup::scope(async |group| {
                let told = told.clone();
                let child = async move {
                    let me = current_task().unwrap();
                    let caught = catch_cancel(pending::<()>()).await;
                    assert!(catch_cancel(sleep(ms(100))).await.is_ok(), "asked again");
                    told.push(me.cancelling());
                    drop(caught);
                };
                group.create_task(child).unwrap();
            });
            let _ended = ended.await;
        });
        at_rest().await;
        for n in 1..=4 {
            assert!(parent.cancel());
            assert_eq!(parent.cancelling(), n);
            sleep(ms(20)).await;
            assert!(!parent.done());
        }

        assert!(parent.await.unwrap_err().is_cancelled());
        assert_eq!((seen.take(), time()), (vec![1], ms(100)));
    });
}

#[test]
fn a_failure_ends_a_body_that_gathers_children_and_what_it_awaits() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let ended = TaskGroup::scope(async move |group| {
            let child = |name| waits(told.clone(), name, ms(10));
            let a = group.create_task(child("a")).unwrap();
            let b = group.create_task(child("b")).unwrap();
            group.create_task(fails(ms(100), "why")).unwrap();
            drop(gather((a, b)).await);
            told.push("behind the gather");
        })
        .await;

        assert_eq!(texts(&ended.unwrap_err()), ["why"]);
        let mut seen = seen.take();
        seen.sort_unstable();
        assert_eq!((seen, time()), (vec!["a", "b"], ms(110)));
    });
}

#[test]
fn a_child_that_the_body_awaits_is_asked_once_when_the_group_is_aborted() {
    in_every_loop(async || {
        let seen = Seen::new();
        let told = seen.clone();
        let ended = TaskGroup::scope(async move |group| {
            let child = |name| {
                let told = told.clone();
                async move {
                    // Ready in the turn of the failure, in front of the body.
                    let caught = catch_cancel(sleep(ms(100))).await;
                    let caught = match caught {
                        Ok(()) => catch_cancel(pending::<()>()).await,
                        asked => asked,
                    };
                    let clean_up = catch_cancel(sleep(ms(10))).await;
                    told.push((name, clean_up.is_ok(), current_task().unwrap().cancelling()));
                    drop(caught);
                }
            };
            let relay = {
                let awaited = group.create_task(child("through another")).unwrap();
                async move { drop(awaited.await) }
            };
            group.create_task(fails(ms(100), "why")).unwrap();
            let a = group.create_task(child("by the body")).unwrap();
            let relay = create_task(relay);
            drop(gather((a, relay)).await);
            told.push(("behind", false, 0));
        })
        .await;

        assert_eq!(texts(&ended.unwrap_err()), ["why"]);
        let mut seen = seen.take();
        seen.sort_unstable();
        let expected = [("by the body", true, 1), ("through another", true, 1)];
        assert_eq!((seen.as_slice(), time()), (&expected[..], ms(110)));
    });
}
