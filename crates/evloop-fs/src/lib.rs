//! Files, folders and standard input for async code.
//!
//! No system has readiness for files, so their calls block, on the threads of a pool that all programs of the
//! process share. It needs no runtime: everything here can be awaited anywhere.
//!
//! # The nouns
//!
//! - Functions for whole files and for folders, as in `std::fs`: [`read`], [`write()`], [`metadata`], [`copy`],
//!   [`rename`] and their like. Their errors name the path.
//! - A [`File`] is read, written and sought in pieces, by the traits of `futures-io`.
//! - [`ReadDir`] is the stream of the entries of a folder.
//! - [`Stdin`] is what the process is fed. Waiting for it holds up nothing, and least of all the end.
//!
//! # Example
//!
//! ```
//! use evloop_fs::{File, read_to_string, remove_file};
//! use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, future::block_on};
//! use std::io::SeekFrom;
//!
//! block_on(async {
//!     let path = std::env::temp_dir().join(format!("evloop-fs-{}", std::process::id()));
//!     let mut file = File::create(&path).await?;
//!     file.write_all(b"hello, file").await?;
//!     file.close().await?; // Writes go on behind the scenes: this tells whether all went well.
//!     assert_eq!(read_to_string(&path).await?, "hello, file");
//!
//!     let mut file = File::open(&path).await?;
//!     file.seek(SeekFrom::Start(7)).await?;
//!     let mut name = String::new();
//!     file.read_to_string(&mut name).await?;
//!     assert_eq!(name, "file");
//!     remove_file(&path).await
//! })?;
//! # std::io::Result::Ok(())
//! ```
//!
//! # Relation to asyncio
//!
//! asyncio has no files: its programs call `to_thread` for each. [`Stdin`] is
//! `connect_read_pipe(.., sys.stdin)`, without setting the standard input of other programs to non-blocking.
//!
//! # What this crate does not do
//!
//! A call that runs cannot be interrupted: whoever drops its future goes on at once, and the call goes on as
//! well. Locks of files, watching folders, `io_uring`. Many small calls cost a hand-over to a thread each:
//! do them in one closure by `evloop_blocking`, or `evloop::to_thread`, where that matters.

#![forbid(unsafe_code)]

mod error;
mod file;
mod folders;
#[cfg(unix)]
mod links;
mod pool;
mod stdin;
mod whole;

pub use file::File;
pub use folders::{ReadDir, create_dir, create_dir_all, read_dir, remove_dir, remove_dir_all};
#[cfg(unix)]
pub use links::symlink;
pub use stdin::{Stdin, stdin};
pub use whole::{
    canonicalize, copy, exists, hard_link, metadata, read, read_link, read_to_string, remove_file,
    rename, set_permissions, symlink_metadata, write,
};
