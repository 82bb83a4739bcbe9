//! `#[evloop::main]` and `#[evloop::test]`: an `async fn` as a program or a test.
//!
//! Use them through the crate `evloop`, with its feature `macros`: what they write names that crate, by this
//! name. Each is shorthand for a few lines that one can write oneself; it has no powers of its own.
//!
//! # The nouns
//!
//! - [`main`](macro@main): the function becomes the program's, and runs on an event loop or a runtime.
//! - [`test`](macro@test): the function becomes a test, on a loop or runtime of its own, in virtual time if
//!   that is asked for.
//!
//! # Example
//!
//! What `#[evloop::main]` makes of `async fn main() -> u32 { 42 }`:
//!
//! ```
//! mod evloop {
//!     // Stands for the crate.
//!     pub fn run<F: Future>(main: F) -> F::Output {
//!         let mut main = std::pin::pin!(main);
//!         let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
//!         match main.as_mut().poll(&mut cx) {
//!             std::task::Poll::Ready(output) => output,
//!             std::task::Poll::Pending => panic!("it awaits nothing"),
//!         }
//!     }
//! }
//!
//! fn written() -> u32 {
//!     async fn written() -> u32 {
//!         42
//!     }
//!     evloop::run(written())
//! }
//!
//! assert_eq!(written(), 42);
//! ```
//!
//! # Relation to asyncio
//!
//! [`main`](macro@main) stands for `asyncio.run(main())`; [`test`](macro@test) for a test of an
//! `IsolatedAsyncioTestCase`.
//!
//! # What this crate does not do
//!
//! Options for everything: a program that wants another number of seconds of grace, hooks for threads or an
//! exception handler calls `evloop::run`, `Runner` or `Runtime::builder` in a plain `fn main`. Functions with
//! arguments, methods and generic functions are refused. `evloop` must be a dependency by that name.

#![forbid(unsafe_code)]

mod expand;
mod function;
mod options;

use proc_macro::TokenStream;

/// The attribute of an `async fn main`, which `evloop::main` documents.
#[proc_macro_attribute]
pub fn main(options: TokenStream, function: TokenStream) -> TokenStream {
    expand::main(options.into(), function.into()).into()
}

/// The attribute of an `async fn` that is a test, which `evloop::test` documents.
#[proc_macro_attribute]
pub fn test(options: TokenStream, function: TokenStream) -> TokenStream {
    expand::test(options.into(), function.into()).into()
}
