//! Whole files and folders.

use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
};

use evloop_fixtures::block_on;
use evloop_fs::{
    canonicalize, copy, create_dir, create_dir_all, exists, hard_link, metadata, read, read_dir,
    read_link, read_to_string, remove_dir, remove_dir_all, remove_file, rename, set_permissions,
    symlink, symlink_metadata, write,
};
use futures_lite::StreamExt;

use crate::support::Folder;

#[test]
fn files_are_written_read_copied_renamed_and_removed() -> io::Result<()> {
    let folder = Folder::new();
    let (a, b, c) = (folder.path("a"), folder.path("b"), folder.path("c"));
    block_on(async {
        write(&a, "text").await?;
        assert_eq!(read(&a).await?, b"text");
        assert_eq!(copy(&a, &b).await?, 4);
        rename(&b, &c).await?;
        assert!(!exists(&b).await? && exists(&c).await?);
        hard_link(&c, &b).await?;
        assert_eq!(read_to_string(&b).await?, "text");
        let mut permissions = metadata(&a).await?.permissions();
        permissions.set_readonly(true);
        set_permissions(&a, permissions).await?;
        assert!(symlink_metadata(&a).await?.permissions().readonly());
        assert_eq!(
            canonicalize(folder.path("./a")).await?,
            fs::canonicalize(&a)?
        );
        remove_file(&a).await?;
        assert!(!exists(&a).await?);
        Ok(())
    })
}

#[test]
fn all_entries_of_a_folder_come_once() -> io::Result<()> {
    let folder = Folder::new();
    // More than one call gives.
    for number in 0..300 {
        folder.file(&format!("{number}"), b"");
    }
    block_on(async {
        let mut entries = read_dir(&folder).await?;
        let mut names = Vec::new();
        while let Some(entry) = entries.next().await {
            names.push(entry?.file_name().into_string().expect("a number"));
        }
        assert!(entries.next().await.is_none(), "the end stays");
        let n_entries = read_dir(&folder).await?.count().await;
        assert_eq!(n_entries, 300, "as a stream, too");
        names.sort_by_key(|name| name.parse::<u32>().expect("a number"));
        assert!(
            names.iter().map(String::as_str).eq((0..300)
                .map(|n| n.to_string())
                .collect::<Vec<_>>()
                .iter()
                .map(String::as_str))
        );
        Ok(())
    })
}

#[test]
fn folders_are_made_and_removed() -> io::Result<()> {
    let folder = Folder::new();
    let deep = folder.path("a/b/c");
    block_on(async {
        assert_eq!(
            create_dir(&deep).await.unwrap_err().kind(),
            ErrorKind::NotFound
        );
        create_dir_all(&deep).await?;
        remove_dir(&deep).await?;
        let error = remove_dir(folder.path("a")).await.unwrap_err();
        assert!(
            error.to_string().starts_with("failed to remove `"),
            "{error}"
        );
        remove_dir_all(folder.path("a")).await?;
        create_dir(folder.path("a")).await?;
        assert_eq!(read_dir(folder.path("a")).await?.count().await, 0);
        let error = read_dir(folder.path("none")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        Ok(())
    })
}

#[test]
fn links_are_made_and_read_and_an_error_names_both_ends() -> io::Result<()> {
    let folder = Folder::new();
    let (file, link) = (folder.file("file", b"text"), folder.path("link"));
    block_on(async {
        symlink(&file, &link).await?;
        assert_eq!(read_link(&link).await?, file);
        assert_eq!(read_to_string(&link).await?, "text");
        assert!(symlink_metadata(&link).await?.is_symlink());

        let nowhere = folder.path("none/file");
        let ends = |from: &Path, to: &Path| format!("`{}` to `{}`", from.display(), to.display());
        for (error, expected) in [
            (copy(&file, &nowhere).await.map(drop), ends(&file, &nowhere)),
            (rename(&file, &nowhere).await, ends(&file, &nowhere)),
            (hard_link(&file, &nowhere).await, ends(&nowhere, &file)),
            (symlink(&file, &nowhere).await, ends(&nowhere, &file)),
        ] {
            let error = error.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
            assert!(error.to_string().contains(&expected), "{error}");
        }
        let error = read_link(&file).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        Ok(())
    })
}
