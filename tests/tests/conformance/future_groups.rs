//! Groups of futures that borrow: the rules of task groups, without tasks.

use std::error::Error;
use std::time::Duration;

use evloop::{FutureGroup, catch_cancel, create_task, on_cancel, sleep, timeout, yield_now};
use evloop_tests::{Seen, virtual_loop};

use crate::guarded;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn run(main: impl Future<Output = ()>) {
    guarded(|| {
        virtual_loop()
            .run_until_complete(main)
            .expect("nothing stops the loop");
    });
}

#[test]
fn children_borrow_what_stands_before_the_group() {
    run(async {
        let words = ["a".to_owned(), "bb".to_owned()];
        let mut lengths = vec![0; 2];
        let all = FutureGroup::scope(async |group| {
            for (word, length) in words.iter().zip(&mut lengths) {
                group
                    .add(async move {
                        sleep(ms(5)).await;
                        *length = word.len();
                    })
                    .expect("it is open");
            }
            Ok::<_, String>(group.len())
        });
        assert_eq!(all.await.expect("nobody fails"), 2);
        assert_eq!(lengths, [1, 2]);
    });
}

#[test]
fn the_first_failure_ends_the_others_and_the_body_and_all_clean_up() {
    let seen = Seen::new();
    run(async {
        let failed = FutureGroup::scope(async |group| {
            let cleaner = |name: &'static str, delay| {
                let seen = seen.clone();
                on_cancel(sleep(ms(900)), move || async move {
                    sleep(ms(delay)).await;
                    seen.push(format!("{name} is clean"));
                })
            };
            let child = cleaner("a child", 20);
            group.add(child).expect("it is open");
            group
                .add(async {
                    sleep(ms(10)).await;
                    Err::<(), _>("the first")
                })
                .expect("it is open");
            group
                .add(async {
                    match catch_cancel(sleep(ms(900))).await {
                        Ok(()) => Ok(()),
                        Err(cancelled) => Err(cancelled.into_err("the second")),
                    }
                })
                .expect("it is open");
            cleaner("the body", 5).await;
        });
        let error = failed.await.expect_err("two fail");
        let texts: Vec<String> = error.failures().iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["a child: the first", "a child: the second"]);
        assert_eq!(
            error
                .source()
                .and_then(Error::source)
                .map(ToString::to_string),
            Some("the first".to_owned())
        );
    });
    assert_eq!(seen.take(), ["the body is clean", "a child is clean"]);
}

#[test]
fn a_request_from_outside_ends_all_and_goes_on() {
    let seen = Seen::new();
    run(async {
        let inside = seen.clone();
        let task = create_task(async move {
            let child_seen = inside.clone();
            let ended = catch_cancel(FutureGroup::scope(async |group| {
                let child = on_cancel(sleep(ms(900)), || async {
                    sleep(ms(5)).await;
                    child_seen.push("the child is clean");
                });
                group.add(child).expect("it is open");
            }))
            .await;
            inside.push("the group has ended");
            drop(ended);
            yield_now().await;
            inside.push("never");
        });
        sleep(ms(10)).await;
        task.cancel();
        assert!(task.await.is_err_and(|error| error.is_cancelled()));
    });
    assert_eq!(seen.take(), ["the child is clean", "the group has ended"]);
}

#[test]
fn children_may_add_siblings_and_a_timeout_ends_them() {
    let seen = Seen::new();
    run(async {
        let group = FutureGroup::scope(async |group| {
            let again = group.clone();
            let seen = seen.clone();
            let first = async move {
                sleep(ms(5)).await;
                let inner = seen.clone();
                let sibling = async move {
                    sleep(ms(5)).await;
                    inner.push("the sibling");
                    sleep(ms(900)).await;
                };
                again.add(sibling).expect("it is open");
                seen.push("the child");
            };
            group.add(first).expect("it is open");
        });
        assert!(timeout(ms(50), group).await.is_err());
    });
    assert_eq!(seen.take(), ["the child", "the sibling"]);
}

#[test]
fn cancel_ends_it_early_and_a_group_that_has_ended_takes_no_children() {
    run(async {
        let mut kept = None;
        let stopped = FutureGroup::scope(async |group| {
            group.add(sleep(ms(900))).expect("it is open");
            group.cancel();
            assert!(group.add(async {}).is_err(), "it is shutting down");
            kept = Some(group);
            sleep(ms(900)).await;
        });
        assert!(stopped.await.expect_err("it has no value").is_stopped());
        let group = kept.expect("the body ran");
        let refused = group.add(async {}).expect_err("it has ended");
        assert_eq!(
            refused.to_string(),
            "failed to create a task in a task group: it is finished"
        );
    });
}

#[test]
fn a_panic_of_the_body_goes_on_after_the_children_and_one_of_a_child_is_a_failure() {
    let seen = Seen::new();
    run(async {
        let failed = FutureGroup::scope(async |group| {
            group.add(async { panic!("scripted") }).expect("it is open");
        });
        let error = failed.await.expect_err("the child panics");
        assert_eq!(
            error.failures()[0].error().to_string(),
            "panicked: scripted"
        );

        let clean = seen.clone();
        let task = create_task(async move {
            drop(
                FutureGroup::scope(async |group| {
                    let child = on_cancel(sleep(ms(900)), || async {
                        sleep(ms(5)).await;
                        clean.push("clean");
                    });
                    group.add(child).expect("it is open");
                    yield_now().await;
                    assert!(group.is_empty(), "scripted");
                })
                .await,
            );
        });
        assert!(task.await.is_err_and(|error| error.is_panic()));
    });
    assert_eq!(seen.take(), ["clean"]);
}
