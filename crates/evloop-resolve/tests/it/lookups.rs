//! Lookups: who shares one, who waits, what becomes of those nobody waits for.

use std::{
    error::Error,
    io::{self, ErrorKind},
    net::SocketAddr,
    pin::{Pin, pin},
    task::Poll,
};

use evloop_fixtures::block_on;
use evloop_resolve::{Resolve, Resolver, ResolverOptions, resolve};

use crate::support::{Silent, poll, ten};

type Boxed<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + 'a>>;

fn ten_at(port: u16) -> Vec<SocketAddr> {
    vec![([10, 0, 0, 1], port).into()]
}

#[test]
fn the_system_knows_this_machine() {
    let addrs = block_on(resolve("localhost:80")).expect("the name of this machine");

    assert!(!addrs.is_empty());
    assert!(
        addrs
            .iter()
            .all(|addr| addr.ip().is_loopback() && addr.port() == 80),
        "{addrs:?}"
    );
}

#[test]
fn one_name_is_looked_up_once_for_all_who_ask_meanwhile() {
    let names = Silent::new(4);
    let mut asking: Vec<Boxed<'_>> = (0..100)
        .map(|port| Box::pin(names.resolver.resolve(("db.test", port))) as Boxed<'_>)
        .collect();
    for asking in &mut asking {
        assert!(poll(asking.as_mut()).is_pending());
    }
    assert_eq!(names.next_asked(), "db.test");
    assert_eq!(names.resolver.n_lookups(), 1);

    names.answer(ten);

    for (asking, port) in asking.into_iter().zip(0..) {
        assert_eq!(block_on(asking).expect("it is known"), ten_at(port));
    }
    assert!(names.asked.try_recv().is_err(), "nobody else asked");
    assert_eq!(names.resolver.n_lookups(), 0);
}

#[test]
fn an_answer_is_not_kept() {
    let names = Silent::new(1);
    names.answer(ten);
    for _ in 0..2 {
        block_on(names.resolver.resolve(("db.test", 1))).expect("it is known");
        assert_eq!(names.next_asked(), "db.test");
    }
}

#[test]
fn all_who_ask_get_the_error() {
    let names = Silent::new(1);
    let (mut a, mut b) = (
        pin!(names.resolver.resolve("no\nsuch.test:1")),
        pin!(names.resolver.resolve("no\nsuch.test:2")),
    );
    assert!(poll(a.as_mut()).is_pending() && poll(b.as_mut()).is_pending());
    names.answer(|_| Err(ErrorKind::HostUnreachable.into()));

    let errors = [a, b].map(|asking| block_on(asking).unwrap_err());

    for error in errors {
        assert_eq!(error.kind(), ErrorKind::HostUnreachable);
        let text = error.to_string();
        assert_eq!(text, "failed to look up `no\\nsuch.test`: host unreachable");
        assert!(error.get_ref().and_then(Error::source).is_some());
    }
}

#[test]
fn fault_f28_silent_servers_take_no_more_threads_than_there_are_and_hold_up_no_timeouts() {
    let names = Silent::new(2);
    let hosts: Vec<_> = (0..100).map(|n| format!("silent-{n}.test")).collect();
    let mut asking: Vec<_> = hosts
        .iter()
        .map(|host| Box::pin(names.resolver.resolve((host.as_str(), 1))))
        .collect();
    for asking in &mut asking {
        assert!(poll(asking.as_mut()).is_pending());
    }
    let mut begun = [names.next_asked(), names.next_asked()];
    begun.sort();
    assert_eq!(begun, ["silent-0.test", "silent-1.test"]);
    assert!(names.asked.try_recv().is_err(), "two threads, two names");

    // Whoever gives up goes on at once, and asks again without another thread.
    let mut again = asking.split_off(2);
    drop(asking);
    let mut retry = pin!(names.resolver.resolve("silent-0.test:2"));
    assert!(poll(retry.as_mut()).is_pending());
    let last = again.pop().expect("there are many");
    drop(again);

    names.answer(ten);

    assert_eq!(block_on(retry).expect("it joined the first"), ten_at(2));
    assert_eq!(block_on(last).expect("it has got a thread"), ten_at(1));
    assert_eq!(
        names.next_asked(),
        "silent-99.test",
        "the others were given up"
    );
    assert!(names.asked.try_recv().is_err());
}

#[test]
fn a_name_that_was_given_up_and_is_asked_again_in_the_queue_is_looked_up_once() {
    let names = Silent::new(1);
    let mut first = pin!(names.resolver.resolve("first.test:1"));
    assert!(poll(first.as_mut()).is_pending());
    assert_eq!(names.next_asked(), "first.test");
    for _ in 0..10 {
        let mut asking = pin!(names.resolver.resolve("second.test:1"));
        assert!(poll(asking.as_mut()).is_pending());
    }
    let mut second = pin!(names.resolver.resolve("second.test:1"));
    assert!(poll(second.as_mut()).is_pending());

    names.answer(ten);

    assert_eq!(block_on(second).expect("it is known"), ten_at(1));
    assert_eq!(names.next_asked(), "second.test");
    assert!(names.asked.try_recv().is_err());
}

#[test]
fn a_lookup_that_panics_is_an_error_for_who_waits_and_the_next_is_looked_up() {
    let names = Silent::new(1);
    names.answer(|host| match host {
        "bad.test" => panic!("a lookup"),
        host => ten(host),
    });

    let error = block_on(names.resolver.resolve("bad.test:1")).unwrap_err();

    assert!(error.to_string().contains("panicked"), "{error}");
    block_on(names.resolver.resolve("good.test:1")).expect("the thread goes on");
}

#[test]
fn a_resolver_that_is_dropped_answers_who_waits() {
    let names = Silent::new(1);
    let resolver = names.resolver.clone();
    let mut asking = pin!(async move {
        let asked = resolver.resolve("db.test:1");
        asked.await
    });
    assert!(poll(asking.as_mut()).is_pending());
    assert_eq!(names.next_asked(), "db.test");
    let Silent { resolver, .. } = &names;
    drop(resolver.clone());

    names.answer(ten);
    drop(names);

    assert_eq!(block_on(asking).expect("it is known"), ten_at(1));
}

#[test]
fn no_threads_are_refused() {
    let error = ResolverOptions::new().max_threads(0).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("max_threads"), "{error}");
}

#[test]
fn names_that_cannot_be_are_errors_as_the_systems() {
    let long = "a".repeat(64 * 1024);
    for host in ["", "with\0nul", "a b", "exa mple..test", &long] {
        let asked = block_on(resolve((host, 80)));
        let error = asked.expect_err("no such name");
        assert!(error.to_string().starts_with("failed to look up `"));
        assert!(error.to_string().len() < 2000, "a long name is cut");
    }
    let nul = block_on(resolve(("with\0nul", 80))).unwrap_err();
    assert_eq!(nul.kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_resolver_is_for_all_threads_and_says_what_it_does() {
    fn shared<T: Send + Sync + Unpin + 'static>(_: &T) {}
    let resolver = Resolver::new();
    shared(&resolver);
    let resolving = Resolve::resolve(&resolver, "localhost", 1);
    fn sent<T: Send>(_: &T) {}
    sent(&resolving);
    let unused: &dyn Resolve = &resolver;
    drop(unused.resolve("127.0.0.1", 1));
    assert_eq!(format!("{resolver:?}"), "Resolver { lookups: 0, .. }");
    drop(resolving);
    let Poll::Ready(Ok(addrs)) = poll(Box::pin(resolver.resolve("[::1]:1")).as_mut()) else {
        panic!("a number is known at once");
    };
    assert_eq!(addrs.len(), 1);
}
