//! Files and the standard input, on loops and runtimes.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use evloop::fs::{File, create_dir, read, read_dir, remove_dir_all};
use evloop::{TaskGroup, gather};
use evloop_tests::in_every_loop;
use evloop_tests::watchdog::Watchdog;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use rustix::pty::{OpenptFlags, openpt, ptsname, unlockpt};

#[test]
fn many_files_at_a_time() {
    in_every_loop(async || {
        let test = async {
            let name = format!("evloop-files-{:?}", std::thread::current().id());
            let folder = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
            create_dir(&folder).await?;
            let write = async |number: u8| {
                let mut file = File::create(folder.join(number.to_string())).await?;
                file.write_all(&vec![number; 1000 * usize::from(number)])
                    .await?;
                file.close().await
            };
            let written = gather((0..100).map(write)).await;
            written.into_iter().collect::<io::Result<Vec<()>>>()?;

            let mut entries = read_dir(&folder).await?;
            let mut n_entries = 0;
            let result = TaskGroup::scope(async |group| {
                while let Some(entry) = entries.next().await {
                    let path = entry?.path();
                    n_entries += 1;
                    let checks = async move {
                        let mut file = File::open(&path).await?;
                        let mut bytes = Vec::new();
                        file.read_to_end(&mut bytes).await?;
                        assert_eq!(bytes, read(&path).await?);
                        let name = path.file_name().expect("it has a name");
                        let number = name.to_str().and_then(|name| name.parse().ok());
                        let number: u8 = number.expect("its name is a number");
                        assert_eq!(bytes, vec![number; 1000 * usize::from(number)]);
                        io::Result::Ok(())
                    };
                    let child = group.create_task(checks);
                    drop(child.map_err(io::Error::other)?);
                }
                io::Result::Ok(())
            });
            result
                .await
                .map_err(|error| io::Error::other(error.to_string()))?;
            assert_eq!(n_entries, 100);
            remove_dir_all(&folder).await
        };
        test.await.expect("the disk works");
    });
}

/// Feeds the program through `writer`, whose other end is `input` and stays open.
#[track_caller]
fn check_waiting(on: &str, input: impl Into<Stdio>, mut writer: impl Write) {
    let _watchdog = Watchdog::new(Duration::from_secs(20));
    let mut child = Command::new(env!("CARGO_BIN_EXE_reads_stdin"))
        .arg(on)
        .stdin(input)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it was built");
    let stdout = child.stdout.take().expect("it is piped");
    let mut lines = BufReader::new(stdout).lines().map_while(io::Result::ok);

    assert_eq!(lines.next().as_deref(), Some("early: true"));
    writer.write_all(b"hello\n").expect("it is read");
    assert_eq!(lines.next().as_deref(), Some("line: hello"));
    assert_eq!(lines.next().as_deref(), Some("more: false"));
    assert_eq!(lines.next().as_deref(), Some("ends"));
    // Its input is still open.
    assert!(child.wait().expect("it is our child").success());
    assert_eq!(lines.next(), None);
    drop(writer);
}

/// A terminal: the side of the program, and the other.
fn terminal() -> (fs::File, fs::File) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("the system has terminals");
    unlockpt(&master).expect("it is a new one");
    let name = ptsname(&master, Vec::new()).expect("it has a name");
    let name = name.to_str().expect("its name is plain");
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).custom_flags(libc::O_NOCTTY);
    (options.open(name).expect("it is there"), master.into())
}

#[test]
fn a_wait_for_input_can_be_given_up_loses_nothing_and_holds_up_no_end() {
    for on in ["loop", "runtime"] {
        let (reader, writer) = rustix::pipe::pipe().expect("the system has descriptors");
        check_waiting(on, reader, fs::File::from(writer));
    }
}

#[test]
fn a_wait_for_a_terminal_holds_up_no_end() {
    for on in ["loop", "runtime"] {
        let (theirs, ours) = terminal();
        check_waiting(on, theirs, ours);
    }
}

#[test]
fn input_goes_on_after_it_has_woken_somebody_who_panics() {
    let _watchdog = Watchdog::new(Duration::from_secs(20));
    let mut child = Command::new(env!("CARGO_BIN_EXE_hostile_stdin"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it was built");
    let mut stdin = child.stdin.take().expect("it is piped");
    let stdout = child.stdout.take().expect("it is piped");
    let mut lines = BufReader::new(stdout).lines().map_while(io::Result::ok);

    assert_eq!(lines.next().as_deref(), Some("waits: true"));
    stdin.write_all(b"one\n").expect("it is read");
    assert_eq!(lines.next().as_deref(), Some("line: one"));
    stdin.write_all(b"two\n").expect("it is read");
    assert_eq!(lines.next().as_deref(), Some("line: two"));
    assert!(child.wait().expect("it is our child").success());
}
