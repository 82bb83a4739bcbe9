//! Files and folders under `futures-lite`'s `block_on`: `evloop-fs` has threads of its own and asks nothing of
//! the executor.

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::io::{self, SeekFrom};
use std::path::Path;

use evloop_fs::{File, copy, create_dir, read, read_dir, remove_dir_all, write};
use futures_lite::future::{block_on, try_zip};
use futures_lite::io::BufReader;
use futures_lite::{AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, StreamExt};

fn main() -> io::Result<()> {
    let name = format!("evloop-files-anywhere-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    block_on(async {
        create_dir(&folder).await?;
        let worked = work_in(&folder).await;
        remove_dir_all(&folder).await?;
        worked
    })
}

async fn work_in(folder: &Path) -> io::Result<()> {
    // In pieces. Writes go on behind the scenes; the end of `close` says that all went well.
    let poem = folder.join("poem");
    let mut file = File::create(&poem).await?;
    for line in ["roses are red", "violets are blue", "files are slow"] {
        file.write_all(format!("{line}\n").as_bytes()).await?;
    }
    file.close().await?;

    let mut lines = BufReader::new(File::open(&poem).await?).lines();
    while let Some(line) = lines.next().await {
        println!("a line: {}", line?);
    }

    let mut file = File::open(&poem).await?;
    file.seek(SeekFrom::End(-5)).await?;
    let mut end = String::new();
    file.read_to_string(&mut end).await?;
    println!("the end: {}", end.trim_end());

    // Whole files, two at a time.
    let (n_copied, ()) = try_zip(
        copy(&poem, folder.join("copy")),
        write(folder.join("note"), "by hand"),
    )
    .await?;
    println!("copied: {n_copied} bytes");

    // The order of entries is the system's.
    let mut entries = read_dir(folder).await?;
    let mut names = Vec::new();
    while let Some(entry) = entries.next().await {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    println!("in the folder: {}", names.join(", "));

    // An error names its path.
    let missing = read(folder.join("missing")).await;
    let error = missing.expect_err("nobody has written it");
    let text = error.to_string();
    println!("{}", text.replace(&*folder.to_string_lossy(), "FOLDER"));
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    Ok(())
}
