//! Symbolic links, where one call makes all kinds of them.

use std::{io, os::unix::fs, path::Path};

use crate::pool::call_with;

/// Makes a symbolic link at `link` that leads to `original`, which need not exist.
///
/// # Cancel safety
///
/// Dropped, it goes on without anybody who hears of its result.
///
/// # Errors
///
/// Those of [`std::os::unix::fs::symlink`], in an error that names both paths and is of the same kind.
pub async fn symlink(original: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    call_with(
        "link",
        link.as_ref().into(),
        original.as_ref().into(),
        |link, original| fs::symlink(original, link),
    )
    .await
}
