//! Pipes of children.

use std::{
    io,
    os::{fd::OwnedFd, unix::process::ExitStatusExt},
    pin::pin,
    process::Stdio,
};

use evloop_net::{PipeReader, StreamReader, StreamWriter};
use evloop_process::{CaptureOverrun, Command};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::support::{alone, block_on, cat, fd_count, poll_once, run, shell};

#[test]
fn what_is_fed_comes_back_however_much_it_is() {
    run(|watch| async move {
        let input: Vec<u8> = (0..3 << 20).map(|index| (index % 251) as u8).collect();
        let captured = cat(watch).communicate(&input).await?;
        assert!(captured.status.success());
        assert!(captured.stdout.as_deref() == Some(&input));
        assert_eq!(captured.stderr, None);
        Ok(())
    });
}

#[test]
fn both_outputs_are_read_while_a_child_is_fed() {
    run(|watch| async move {
        // Fills one pipe after the other before it reads anything.
        let line = "head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero; cat";
        let mut child = shell(line, watch)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let captured = child.communicate(vec![1; 300_000]).await?;
        assert_eq!(captured.stdout.map(|bytes| bytes.len()), Some(600_000));
        assert_eq!(captured.stderr.map(|bytes| bytes.len()), Some(300_000));
        assert!(child.stdin.is_none() && child.stdout.is_none() && child.stderr.is_none());
        Ok(())
    });
}

#[test]
fn the_input_is_closed_also_if_it_is_empty() {
    run(|watch| async move {
        let captured = cat(watch).communicate([]).await?;
        assert_eq!(captured.stdout.as_deref(), Some(&b""[..]));
        let mut child = cat(watch);
        child.stdout = None;
        assert_eq!(child.communicate([]).await?.stdout, None);
        // Also by the form that gives only the status.
        let mut command = Command::new("/bin/cat");
        watch(&mut command);
        assert!(command.stdin(Stdio::piped()).status().await?.success());
        Ok(())
    });
}

#[test]
fn a_child_that_reads_nothing_is_no_error_of_its_feeder() {
    run(|watch| async move {
        let mut child = shell("exit 7", watch).stdin(Stdio::piped()).spawn()?;
        let captured = child.communicate(vec![0; 1 << 20]).await?;
        assert_eq!(captured.status.code(), Some(7));

        // Whoever writes by himself is told.
        let mut child = shell("exit 7", watch).stdin(Stdio::piped()).spawn()?;
        child.wait().await?;
        let mut stdin = child.stdin.take().unwrap();
        let error = stdin.write_all(&[0; 1 << 20]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        Ok(())
    });
}

#[test]
fn standard_error_goes_through_the_pipe_of_standard_output_in_order() {
    run(|watch| async move {
        let mut command = shell("echo a; echo b >&2; echo c", watch);
        command.merge_stderr();
        for _ in 0..2 {
            let output = command.output().await?;
            assert_eq!(output.stdout, b"a\nb\nc\n");
            assert_eq!(output.stderr, b"");
        }
        let mut child = command.spawn()?;
        assert!(child.stderr.is_none());
        let mut reader = StreamReader::new(child.stdout.take().unwrap());
        assert_eq!(reader.read_to_end().await?, b"a\nb\nc\n");
        assert!(child.wait().await?.success());
        // Setting either of them ends it.
        command.stderr(Stdio::null());
        assert_eq!(command.output().await?.stdout, b"a\nc\n");
        Ok(())
    });
}

#[test]
fn a_conversation_by_lines_goes_through_the_pipes() {
    run(|watch| async move {
        let mut child = cat(watch);
        let writer = StreamWriter::new(child.stdin.take().unwrap());
        let mut reader = StreamReader::new(child.stdout.take().unwrap());
        for number in 0..20 {
            let line = format!("line {number}\n");
            writer.write(line.as_bytes())?;
            writer.drain().await?;
            assert_eq!(reader.readline().await?, line.as_bytes());
        }
        writer.close();
        writer.wait_closed().await?;
        assert_eq!(reader.readline().await?, b"");
        assert!(child.wait().await?.success());
        Ok(())
    });
}

#[test]
fn files_and_pipes_of_others_are_streams_of_a_child() {
    run(|watch| async move {
        let (reader, writer) = io::pipe()?;
        let mut reader = PipeReader::try_from(OwnedFd::from(reader))?;
        let mut command = shell("cat", watch);
        command
            .stdin(std::fs::File::open("/proc/self/comm")?)
            .stdout(writer);
        assert!(command.status().await?.success());
        // The command keeps what it was given.
        drop(command);
        let mut text = String::new();
        reader.read_to_string(&mut text).await?;
        assert!(text.ends_with('\n'));
        Ok(())
    });
}

#[test]
fn a_communication_that_was_dropped_leaves_the_pipes() {
    run(|watch| async move {
        let mut child = cat(watch);
        // More than the pipes hold, so that it waits in the middle.
        assert!(poll_once(pin!(child.communicate(vec![1; 1 << 20]))).is_pending());
        assert!(child.stdin.is_some() && child.stdout.is_some());
        let captured = child.communicate([]).await?;
        assert!(captured.status.success());
        Ok(())
    });
}

#[test]
fn a_child_that_writes_too_much_is_killed() {
    run(|watch| async move {
        for line in ["cat /dev/zero", "cat /dev/zero >&2"] {
            // The shell stays, so that only the group ends the cat too.
            let mut command = shell(&format!("{line}; exit 0"), watch);
            command.process_group(0).capture_limit(100_000);
            let error = command.output().await.unwrap_err();
            let overrun = error.get_ref().unwrap().downcast_ref::<CaptureOverrun>();
            assert_eq!(overrun.unwrap().limit, 100_000, "{error}");

            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn()?;
            child.communicate([]).await.unwrap_err();
            assert_eq!(child.wait().await?.signal(), Some(9));
            assert!(child.stdout.is_none() && child.stderr.is_none());
        }
        Ok(())
    });
}

#[test]
fn exactly_the_limit_is_captured_and_more_if_that_is_allowed() {
    run(|watch| async move {
        let mut command = shell("head -c 1000 /dev/zero", watch);
        let output = command.capture_limit(1000).output().await?;
        assert_eq!(output.stdout.len(), 1000);
        command.capture_limit(999).output().await.unwrap_err();
        command.capture_limit(0).output().await.unwrap_err();
        assert_eq!(
            command.capture_unbounded().output().await?.stdout.len(),
            1000
        );
        assert!(
            shell("exit 0", watch)
                .capture_limit(0)
                .output()
                .await?
                .status
                .success()
        );
        Ok(())
    });
}

#[test]
fn by_default_sixteen_mebibytes_are_captured() {
    run(|watch| async move {
        let mut command = shell("head -c 16777216 /dev/zero", watch);
        assert_eq!(command.output().await?.stdout.len(), 16 << 20);
        let error = shell("head -c 16777217 /dev/zero", watch)
            .output()
            .await
            .unwrap_err();
        assert!(error.to_string().contains("16777216"), "{error}");
        Ok(())
    });
}

#[test]
fn debug_forms_show_no_bytes_and_no_arguments() {
    run(|watch| async move {
        let mut command = shell("echo secret", watch);
        command.env("SECRET", "secret");
        let shown = format!("{command:?}");
        assert!(
            shown.contains("/bin/sh") && !shown.contains("secret"),
            "{shown}"
        );
        let captured = command
            .stdout(Stdio::piped())
            .spawn()?
            .communicate([])
            .await?;
        let shown = format!("{captured:?}");
        assert!(
            shown.contains("stdout_len: Some(7)") && !shown.contains("secret"),
            "{shown}"
        );
        Ok(())
    });
}

#[test]
fn no_descriptor_is_left_by_any_kind_of_child() {
    alone(
        "streams::no_descriptor_is_left_by_any_kind_of_child",
        |reactor| {
            let before = fd_count();
            for watch in crate::support::WATCHES {
                block_on(reactor, async {
                    for _ in 0..20 {
                        cat(watch).communicate("x").await?;
                        shell("echo x >&2", watch).merge_stderr().output().await?;
                        shell("exit 1", watch).status().await?;
                    }
                    io::Result::Ok(())
                })
                .unwrap();
            }
            assert_eq!(fd_count(), before);
        },
    );
}
