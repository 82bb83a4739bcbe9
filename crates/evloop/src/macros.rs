//! The attributes, with the examples that need this crate.

/// Runs an `async fn main` as the program, on an event loop or a runtime.
///
/// By default it is as [`run`](crate::run): on an event loop of the main thread, with ctrl-C as there. It may
/// return anything that a `main` may. It needs the feature `macros`.
///
/// ```
/// use std::time::Duration;
///
/// #[evloop::main]
/// async fn main() -> Result<(), evloop::JoinError> {
///     let task = evloop::create_task(async { 6 * 7 });
///     evloop::sleep(Duration::from_millis(1)).await;
///     assert_eq!(task.await?, 42);
///     Ok(())
/// }
/// ```
///
/// # Options
///
/// `flavor = "event_loop"` is the default. With `flavor = "runtime"` there are several threads, `workers` of
/// them or one for each processor; the main thread is none of them, but runs the main future, as
/// [`Runtime::run`](crate::Runtime::run).
///
/// ```
/// #[evloop::main(flavor = "runtime", workers = 2)]
/// async fn main() {
///     assert_eq!(evloop::Handle::current().n_workers(), 2);
/// }
/// ```
///
/// # What is refused
///
/// ```compile_fail
/// #[evloop::main]
/// fn main() {} // It has to be `async`.
/// ```
///
/// ```compile_fail
/// #[evloop::main]
/// async fn main(arguments: Vec<String>) {} // Nobody would give them.
/// ```
///
/// ```compile_fail
/// #[evloop::main]
/// async fn main<T>() {} // Nobody would choose.
/// ```
///
/// ```compile_fail
/// #[evloop::main]
/// async fn other() {} // `evloop::run` runs others.
/// # fn main() {}
/// ```
///
/// ```compile_fail
/// #[evloop::main(flavor = "multi_thread")]
/// async fn main() {} // `"runtime"`.
/// ```
///
/// ```compile_fail
/// #[evloop::main(workers = 2)]
/// async fn main() {} // An event loop has one thread.
/// ```
///
/// ```compile_fail
/// #[evloop::main(flavor = "runtime", workers = 0)]
/// async fn main() {} // Nobody would do the work.
/// ```
///
/// ```compile_fail
/// #[evloop::main(virtual_time = true)]
/// async fn main() {} // That is for tests.
/// ```
///
/// ```compile_fail
/// #[evloop::main(threads = 2)]
/// async fn main() {} // There is no such option.
/// ```
///
/// # Panics
///
/// The program does when [`run`](crate::run) would, or the system makes no threads.
pub use evloop_macros::main;

/// Makes an `async fn` a test, on a loop or runtime of its own.
///
/// Afterwards, tasks that the test has left are cancelled and ended, as after [`run`](crate::run). It may
/// return anything that a test may; attributes such as `#[should_panic]` stay with it. It needs the feature
/// `macros`.
///
/// ```
/// # use std::time::Duration;
/// #[evloop::test]
/// async fn a_task_gives_its_value() {
///     let task = evloop::create_task(async { 6 * 7 });
///     assert_eq!(task.await.unwrap(), 42);
/// }
///
/// #[evloop::test(virtual_time = true)]
/// async fn a_day_takes_no_time() -> Result<(), evloop::Elapsed> {
///     let day = Duration::from_secs(86_400);
///     evloop::timeout(2 * day, evloop::sleep(day)).await
/// }
/// ```
///
/// # Options
///
/// - `flavor = "runtime"` and `workers = 4`: as for [`main`](macro@main).
/// - `virtual_time = true`: a [`ManualClock`](crate::ManualClock) that jumps to the next deadline when nothing
///   else is left to do. It does not know of threads and processes that somebody waits for.
/// - `seed = 7`: on a runtime, the steps run in an order that this number chooses, to find what relies on one:
///   see [`RuntimeBuilder::shuffle`](crate::RuntimeBuilder::shuffle).
///
/// # What is refused
///
/// What [`main`](macro@main) refuses, whatever the function's name, and:
///
/// ```compile_fail
/// #[evloop::test(seed = 7)]
/// async fn in_any_order() {} // An event loop has one order.
/// # fn main() {}
/// ```
///
/// ```compile_fail
/// #[evloop::test]
/// #[test]
/// async fn twice() {} // It is a test already.
/// # fn main() {}
/// ```
///
/// ```compile_fail
/// #[evloop::test(virtual_time = 1)]
/// async fn in_virtual_time() {} // `true` or `false`.
/// # fn main() {}
/// ```
pub use evloop_macros::test;
