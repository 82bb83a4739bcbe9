//! Whole files, and what is known of them.
//!
//! Each is the function of this name in `std::fs`, on a thread. Dropped before it is ready, it goes on.

use std::{
    fs::{self, Metadata, Permissions},
    io,
    path::{Path, PathBuf},
};

use crate::pool::{call, call_with};

macro_rules! calls {
    ($(
        $(#[$doc:meta])*
        $name:ident, $verb:literal, ($($argument:ident: $type:ty),*) -> $result:ty, $call:expr;
    )+) => {$(
        $(#[$doc])*
        ///
        /// # Cancel safety
        ///
        /// Dropped, it goes on without anybody who hears of its result.
        ///
        /// # Errors
        ///
        /// Those of the function of this name in `std::fs`, in an error that names the path and is of the
        /// same kind.
        pub async fn $name(path: impl AsRef<Path> $(, $argument: $type)*) -> io::Result<$result> {
            call($verb, path.as_ref().into(), move |path| $call(path $(, $argument)*)).await
        }
    )+};
}

calls! {
    /// All bytes of a file.
    read, "read", () -> Vec<u8>, fs::read;

    /// All of a file, which is text in UTF-8.
    read_to_string, "read", () -> String, fs::read_to_string;

    /// What is known of what a path leads to.
    metadata, "look at", () -> Metadata, fs::metadata;

    /// What is known of a path itself, if it is a symbolic link.
    symlink_metadata, "look at", () -> Metadata, fs::symlink_metadata;

    /// Whether there is anything at a path.
    exists, "look at", () -> bool, fs::exists;

    /// The path without links and dots, from the root.
    canonicalize, "resolve", () -> PathBuf, fs::canonicalize;

    /// Where a symbolic link leads to.
    read_link, "read the link", () -> PathBuf, fs::read_link;

    /// Removes a file.
    remove_file, "remove", () -> (), fs::remove_file;

    /// Changes who may do what.
    set_permissions, "set the permissions of", (permissions: Permissions) -> (), fs::set_permissions;
}

/// Makes the bytes of `contents` those of the file at `path`, which need not exist.
///
/// # Cancel safety
///
/// Dropped, it goes on without anybody who hears of its result.
///
/// # Errors
///
/// Those of [`std::fs::write`], in an error that names the path and is of the same kind.
pub async fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
    let contents = contents.as_ref().to_vec();
    call("write", path.as_ref().into(), |path| {
        fs::write(path, contents)
    })
    .await
}

/// Copies a file with its permissions; gives the number of bytes.
///
/// # Cancel safety
///
/// Dropped, it goes on without anybody who hears of its result.
///
/// # Errors
///
/// Those of [`std::fs::copy`], in an error that names both paths and is of the same kind.
pub async fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<u64> {
    call_with(
        "copy",
        from.as_ref().into(),
        to.as_ref().into(),
        |from, to| fs::copy(from, to),
    )
    .await
}

/// Gives a file or a folder another path on the same file system.
///
/// # Cancel safety
///
/// Dropped, it goes on without anybody who hears of its result.
///
/// # Errors
///
/// Those of [`std::fs::rename`], in an error that names both paths and is of the same kind.
pub async fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<()> {
    call_with(
        "rename",
        from.as_ref().into(),
        to.as_ref().into(),
        |from, to| fs::rename(from, to),
    )
    .await
}

/// Gives a file a second path on the same file system.
///
/// # Cancel safety
///
/// Dropped, it goes on without anybody who hears of its result.
///
/// # Errors
///
/// Those of [`std::fs::hard_link`], in an error that names both paths and is of the same kind.
pub async fn hard_link(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    call_with(
        "link",
        link.as_ref().into(),
        original.as_ref().into(),
        |link, original| fs::hard_link(original, link),
    )
    .await
}
