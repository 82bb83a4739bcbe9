//! Cases that types settle: programs that asyncio refuses while they run, and rustc before.
//!
//! None of the examples below compiles, each for the reason that is named by its error code. The
//! numbers are those of the cases; `settled_by_types.txt` lists them for the generated page.
//!
//! # 15: what cannot be awaited is no future
//!
//! ```compile_fail,E0599
//! # async fn program() {
//! let task = evloop::ensure_future!("no future");
//! # }
//! ```
//!
//! # 33: no delay is NaN
//!
//! ```compile_fail,E0308
//! # async fn program() {
//! evloop::sleep(f64::NAN).await;
//! # }
//! ```
//!
//! # 46: a coroutine is listed once
//!
//! ```compile_fail,E0382
//! # async fn program() {
//! let coroutine = async { 1 };
//! evloop::gather((coroutine, coroutine)).await;
//! # }
//! ```
//!
//! # 53: `wait` takes a collection of handles
//!
//! A single task is none:
//!
//! ```compile_fail,E0277
//! # async fn program() {
//! let task = evloop::create_task(async { 1 });
//! let _ = evloop::wait(task).await;
//! # }
//! ```
//!
//! A coroutine is no handle:
//!
//! ```compile_fail,E0277
//! # async fn program() {
//! let _ = evloop::wait([async { 1 }]).await;
//! # }
//! ```
//!
//! And a rule is a rule:
//!
//! ```compile_fail,E0277
//! # async fn program() {
//! let tasks = [evloop::create_task(async { 1 })];
//! let _ = evloop::wait(tasks).return_when("FIRST_COMPLETED").await;
//! # }
//! ```
//!
//! The first exception is asked for only of what says whether it is one:
//!
//! ```compile_fail,E0277
//! # async fn program() {
//! let tasks = [evloop::create_task(async { 1 })];
//! let _ = evloop::wait(tasks).return_when(evloop::FirstException).await;
//! # }
//! ```
//!
//! # 61: `as_completed` takes a collection of handles
//!
//! Neither one task nor coroutines:
//!
//! ```compile_fail,E0277
//! # async fn program() {
//! let task = evloop::create_task(async { 1 });
//! let completed = evloop::as_completed(task);
//! # }
//! ```
//!
//! ```compile_fail,E0277
//! # async fn program() {
//! let completed = evloop::as_completed([async { 1 }]);
//! # }
//! ```
//!
//! # 89: a limit is entered once
//!
//! ```compile_fail,E0382
//! # async fn program() {
//! let limit = evloop::TimeLimit::after(std::time::Duration::from_secs(1));
//! let _ = limit.run(async {}).await;
//! let _ = limit.run(async {}).await;
//! # }
//! ```
//!
//! # Beside the cases: what belongs to one thread stays there
//!
//! A loop is not sent to another thread, and no coroutine that is not `Send` is given to a handle:
//!
//! ```compile_fail,E0277
//! fn takes_send(_: impl Send) {}
//! takes_send(evloop::EventLoop::new().unwrap());
//! ```
//!
//! ```compile_fail
//! let event_loop = evloop::EventLoop::new().unwrap();
//! let local = std::rc::Rc::new(1);
//! event_loop.handle().create_task(async move {
//!     evloop::yield_now().await;
//!     drop(local);
//! });
//! ```
//!
//! ```compile_fail,E0599
//! let event_loop = evloop::EventLoop::new().unwrap();
//! event_loop.handle().create_task_local(async {});
//! ```
//!
//! A loop is not dropped while it runs:
//!
//! ```compile_fail,E0505
//! let event_loop = evloop::EventLoop::new().unwrap();
//! event_loop.run_until_complete(async { drop(event_loop) }).unwrap();
//! ```
//!
//! The result of a task is not set from outside:
//!
//! ```compile_fail,E0599
//! # async fn program() {
//! evloop::create_task(async { 1 }).set_result(2);
//! # }
//! ```
//!
//! An await that took the task cannot be done again:
//!
//! ```compile_fail,E0382
//! # async fn program() {
//! let task = evloop::create_task(async { 1 });
//! let first = task.await;
//! let second = task.await;
//! # }
//! ```
//!
//! # 117: a wait takes the guard
//!
//! Code that goes on after a wait was cancelled does not have the lock, and cannot believe that it has:
//!
//! ```compile_fail,E0382
//! # use evloop::sync::{Condition, Lock};
//! # async fn program(lock: Lock<u32>, changed: Condition) {
//! let guard = lock.acquire().await;
//! let waited = evloop::catch_cancel(changed.wait(guard)).await;
//! assert_eq!(*guard, 1);
//! # }
//! ```
//!
//! # E10: who notifies has the lock
//!
//! ```compile_fail,E0061
//! # async fn program(changed: evloop::sync::Condition) {
//! changed.notify_all();
//! # }
//! ```
//!
//! # E11: what is watched is open
//!
//! A number may be anything, of a descriptor that was closed for example, and is not taken:
//!
//! ```compile_fail,E0277
//! let watched = evloop::Async::new(-1);
//! ```
//!
//! ```compile_fail,E0505
//! use std::os::fd::AsFd;
//! let (ours, _theirs) = std::os::unix::net::UnixStream::pair().unwrap();
//! let borrowed = ours.as_fd();
//! drop(ours);
//! let watched = evloop::Async::new(borrowed);
//! ```
