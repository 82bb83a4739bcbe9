//! Options of a runtime, and what it tells of itself.

use std::io;
use std::thread;
use std::time::Duration;

use evloop::{Runtime, TaskBuilder, create_task_local, yield_now};
use evloop_tests::Seen;

#[test]
fn a_runtime_without_workers_is_no_runtime() {
    let error = Runtime::builder().n_workers(0).build().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("at least one worker"), "{error}");
    let error = Runtime::builder()
        .n_workers(usize::MAX)
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn a_thread_that_the_system_refuses_is_an_error_that_says_which() {
    // More than there are addresses for.
    let error = Runtime::builder()
        .n_workers(2)
        .stack_size(1 << 47)
        .build()
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("refuses thread 1 of 2"), "{text}");
}

#[test]
fn threads_are_named_and_their_hooks_run() {
    let seen = Seen::new();
    let (starts, stops) = (seen.clone(), seen.clone());
    let name = || thread::current().name().map(str::to_owned);
    let runtime = Runtime::builder()
        .n_workers(2)
        .thread_name("web")
        .stack_size(1 << 20)
        .on_thread_start(move |worker| starts.push(("start", worker, name())))
        .on_thread_stop(move |worker| stops.push(("stop", worker, name())))
        .build()
        .unwrap();
    assert_eq!(runtime.n_workers(), 2);
    assert_eq!(runtime.handle().n_workers(), 2);
    drop(runtime);
    let mut hooks = seen.take();
    hooks.sort();
    let web = |n: usize| Some(format!("web-{n}"));
    let expected = [
        ("start", 0, web(0)),
        ("start", 1, web(1)),
        ("stop", 0, web(0)),
        ("stop", 1, web(1)),
    ];
    assert_eq!(hooks, expected);
}

#[test]
fn a_hook_that_panics_is_an_error_of_the_builder() {
    let built = Runtime::builder()
        .n_workers(2)
        .on_thread_start(|worker| {
            if worker == 1 {
                std::panic::resume_unwind(Box::new("scripted"));
            }
        })
        .build();
    let error = built.unwrap_err();
    assert!(error.to_string().contains("hook"), "{error}");
}

#[test]
fn debug_mode_names_slow_steps_on_workers_pinned_ones_and_in_block_on() {
    let reports = Seen::new();
    let told = reports.clone();
    let runtime = Runtime::builder()
        .n_workers(2)
        .debug(true)
        .slow_callback_duration(Duration::ZERO)
        .exception_handler(move |_, context| told.push(context.to_string()))
        .build()
        .unwrap();
    let named = |name: &str| TaskBuilder::new().name(name.to_owned());
    let all = async {
        let free = runtime.create_task_with(named("free"), async {});
        let pinned = runtime.create_task_on(1, async || {
            create_task_local(yield_now()).await.unwrap();
        });
        (free.await, pinned.await)
    };
    runtime.block_on(all).unwrap().0.unwrap();
    runtime.set_debug(false);
    let n_reports = reports.len();
    let texts = reports.take().join("\n");
    assert!(texts.contains("name='free'"), "{texts}");
    assert!(texts.contains("options.rs"), "{texts}");
    assert!(n_reports >= 6, "{texts}");
}

#[test]
fn it_tells_its_state() {
    let runtime = Runtime::builder().n_workers(3).build().unwrap();
    let text = format!("{runtime:?}");
    assert!(text.contains("n_workers: 3"), "{text}");
    assert!(text.contains("closed: false"), "{text}");
    runtime.close();
    let text = format!("{runtime:?}");
    assert!(text.contains("closed: true"), "{text}");
}
