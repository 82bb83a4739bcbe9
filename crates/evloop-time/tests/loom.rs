//! Explores the models of the inbox, which run the shipped code:
//! `RUSTFLAGS="--cfg loom" LOOM_MAX_PREEMPTIONS=2 cargo test -p evloop-time --release --test loom`.
#![cfg(loom)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use evloop_time::loom_models;

/// Explores `model` and checks that there was more than one way to run it.
fn explore(model: fn()) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    loom::model(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let runs = runs.load(Ordering::Relaxed);
    assert!(runs > 1, "nothing was explored in {runs} run");
}

#[test]
fn orders_meet_an_owner_that_takes_all() {
    explore(loom_models::orders_meet_an_owner_that_takes_all);
}

#[test]
fn orders_meet_an_owner_that_takes_one() {
    explore(loom_models::orders_meet_an_owner_that_takes_one);
}
