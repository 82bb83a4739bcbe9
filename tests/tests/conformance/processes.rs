//! Child processes on every kind of loop.

use std::io::{self, ErrorKind};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::sync::Arc;

use evloop::process::{Child, Command};
use evloop::{EventLoop, Runtime, Signal, StreamReader, StreamWriter, Task, create_task, gather};
use evloop_tests::{at_rest, in_every_loop};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

/// The body of a test, whose errors are the test's.
fn in_every_loop_without_errors<F>(test: impl Fn() -> F)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    in_every_loop(|| {
        let test = test();
        async { test.await.expect("the system has processes") }
    });
}

/// Both ways to notice an end.
const WATCHES: [fn(&mut Command) -> &mut Command; 2] = [|command| command, Command::without_pidfd];

fn piped(program: &str) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// A shell that is fed and read.
fn shell(line: &str) -> Command {
    let mut command = Command::shell(line);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

fn waiters(child: &Arc<Child>, count: usize) -> Vec<Task<io::Result<std::process::ExitStatus>>> {
    let wait = |_| {
        let child = Arc::clone(child);
        create_task(async move { child.wait().await })
    };
    (0..count).map(wait).collect()
}

/// Sleeps until the child has ended, and leaves it to be reaped.
fn sleep_until_ended(child: &Child) {
    let id = child.id().expect("nobody has reaped it");
    let pid = Pid::from_raw(id.cast_signed()).expect("it has a number");
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(pid), options).expect("it is a child of this process");
}

#[test]
fn case_186_input_comes_back_and_ten_that_wait_all_get_the_code() {
    in_every_loop_without_errors(async || {
        for watch in WATCHES {
            let mut child = watch(&mut piped("/bin/cat")).spawn()?;
            let captured = child.communicate(b"some data").await?;
            assert_eq!(captured.stdout.as_deref(), Some(&b"some data"[..]));
            assert_eq!(captured.status.code(), Some(0));

            let mut child = watch(&mut piped("/bin/cat")).spawn()?;
            let stdin = child.stdin.take();
            let waiters = waiters(&Arc::new(child), 10);
            at_rest().await;
            assert!(waiters.iter().all(|waiter| !waiter.done()));
            drop(stdin);
            for status in gather(waiters).await {
                assert_eq!(status.expect("nobody panics")?.code(), Some(0));
            }
        }
        Ok(())
    });
}

#[test]
fn case_187_a_child_that_does_not_read_is_no_error_of_communicate_but_of_drain() {
    in_every_loop_without_errors(async || {
        let large = vec![0; 1 << 20];
        let captured = shell("exit 2").spawn()?.communicate(&large).await?;
        assert_eq!(captured.status.code(), Some(2));

        let mut child = shell("exit 2").spawn()?;
        child.wait().await?;
        let writer = StreamWriter::new(child.stdin.take().expect("it is piped"));
        let written = match writer.write(&large) {
            Ok(()) => writer.drain().await,
            Err(error) => Err(error),
        };
        assert_eq!(
            written.map_err(|error| error.kind()),
            Err(ErrorKind::BrokenPipe)
        );
        Ok(())
    });
}

#[test]
fn case_189_a_wait_that_was_cancelled_leaves_a_later_one_everything() {
    in_every_loop_without_errors(async || {
        for watch in WATCHES {
            let mut child = watch(&mut piped("/bin/cat")).spawn()?;
            let stdin = child.stdin.take();
            let child = Arc::new(child);
            let mut cancelled = waiters(&child, 2);
            at_rest().await;
            for task in &cancelled {
                task.cancel();
            }
            let last = cancelled.pop().expect("there are two");
            assert!(last.await.expect_err("it was cancelled").is_cancelled());
            drop(stdin);
            assert_eq!(child.wait().await?.code(), Some(0));
        }
        Ok(())
    });
}

#[test]
fn case_190_a_running_child_that_is_dropped_is_killed_if_that_was_asked_for() {
    in_every_loop_without_errors(async || {
        for watch in WATCHES {
            let mut command = piped("/bin/cat");
            let mut child = watch(command.kill_on_drop()).spawn()?;
            let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
            drop(child);
            // Its input is still open: only the kill has ended it.
            let mut reader = StreamReader::new(stdout.expect("it is piped"));
            assert_eq!(reader.read_to_end().await?, b"");
            drop(stdin);
        }
        Ok(())
    });
}

#[test]
fn case_190_a_child_that_has_ended_unnoticed_is_not_killed() {
    in_every_loop_without_errors(async || {
        // A kill would reach the grandchild, which is of the same group.
        let mut command = shell("exec 3<&0; cat <&3 & exit 0");
        let mut child = command.process_group(0).kill_on_drop().spawn()?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        sleep_until_ended(&child);
        drop(child);
        let mut stdin = stdin.expect("it is piped");
        stdin.write_all(b"alive").await?;
        drop(stdin);
        let mut text = String::new();
        stdout
            .expect("it is piped")
            .read_to_string(&mut text)
            .await?;
        assert_eq!(text, "alive");
        Ok(())
    });
}

#[test]
fn case_191_of_each_stream_data_comes_before_its_end() {
    in_every_loop_without_errors(async || {
        let mut command = shell("echo out; echo err >&2; echo more");
        let mut child = command.stderr(Stdio::piped()).spawn()?;
        let mut stdout = StreamReader::new(child.stdout.take().expect("it is piped"));
        let mut stderr = StreamReader::new(child.stderr.take().expect("it is piped"));
        let out = create_task(async move {
            let lines = [stdout.readline().await?, stdout.readline().await?];
            io::Result::Ok((lines.concat(), stdout.readline().await?))
        });
        let err = create_task(async move {
            io::Result::Ok((stderr.readline().await?, stderr.readline().await?))
        });
        // The exit may come before, between or after.
        let (status, out, err) = gather((child.wait(), out, err)).await;
        assert!(status?.success());
        let (data, end) = out.expect("nobody panics")?;
        assert_eq!((&data[..], &end[..]), (&b"out\nmore\n"[..], &b""[..]));
        let (data, end) = err.expect("nobody panics")?;
        assert_eq!((&data[..], &end[..]), (&b"err\n"[..], &b""[..]));
        Ok(())
    });
}

#[test]
fn case_193_a_killed_child_whose_grandchild_holds_the_pipe_is_waited_for() {
    in_every_loop_without_errors(async || {
        for watch in WATCHES {
            // The grandchild lives until its input ends, which is held here.
            let mut command = shell("exec 3<&0; cat <&3 & echo up; cat <&3");
            let mut child = watch(&mut command).spawn()?;
            let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
            let mut stdout = StreamReader::new(stdout.expect("it is piped"));
            assert_eq!(stdout.readline().await?, b"up\n");
            child.kill()?;
            assert_eq!(child.wait().await?.signal(), Some(9));
            // The pipe ends with the grandchild.
            drop(stdin);
            assert_eq!(stdout.readline().await?, b"");
        }
        Ok(())
    });
}

#[test]
fn children_run_side_by_side_and_each_gives_its_own() {
    in_every_loop_without_errors(async || {
        let outputs = (0..8).map(|code| {
            create_task(async move {
                let line = format!("echo {code}; exit {code}");
                Command::shell(line).output().await
            })
        });
        let outputs = gather(outputs.collect::<Vec<_>>()).await;
        for (code, output) in (0..8).zip(outputs) {
            let output = output.expect("nobody panics")?;
            assert_eq!(output.status.code(), Some(code));
            assert_eq!(output.stdout, format!("{code}\n").into_bytes());
        }
        Ok(())
    });
}

#[test]
fn a_child_of_one_loop_is_waited_for_in_another() {
    let of_loop = EventLoop::new().expect("the system has descriptors");
    let runtime = Runtime::builder()
        .n_workers(2)
        .build()
        .expect("and threads");
    for watch in WATCHES {
        let mut child = of_loop
            .run_until_complete(async { watch(&mut piped("/bin/cat")).spawn() })
            .expect("it ends")
            .expect("it starts");
        let stdin = child.stdin.take();
        let elsewhere = runtime
            .handle()
            .create_task(async move { child.wait().await });
        let status = of_loop.run_until_complete(async {
            drop(stdin);
            elsewhere.await
        });
        let status = status.expect("it ends").expect("nobody panics");
        assert!(status.expect("it is waited for").success());
    }
}

#[test]
fn a_child_that_outlives_its_loop_leaves_no_zombie() {
    let test = "processes::a_child_that_outlives_its_loop_leaves_no_zombie";
    evloop_tests::survives_in_child(test, || {
        for watch in WATCHES {
            let stdin = evloop::run(async {
                let mut child = watch(&mut piped("/bin/cat")).spawn().expect("it starts");
                let stdin = child.stdin.take();
                create_task(async move { child.wait().await });
                stdin
            });
            drop(stdin);
            let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            while !matches!(waitid(WaitId::All, look), Err(Errno::CHILD)) {
                std::thread::yield_now();
            }
        }
    });
}

#[test]
fn a_signal_is_sent_by_its_name_or_its_number() {
    in_every_loop_without_errors(async || {
        let child = piped("/bin/cat").spawn()?;
        child.send_signal(Signal::HANGUP)?;
        assert_eq!(child.wait().await?.signal(), Some(1));

        let mut command = piped("/bin/cat");
        let child = command.process_group(0).spawn()?;
        child.send_signal_to_group(Signal::USER_1)?;
        let number = Signal::USER_1.number();
        assert_eq!(child.wait().await?.signal(), Some(number));

        let child = piped("/bin/cat").spawn()?;
        child.send_signal(9)?;
        assert_eq!(child.wait().await?.signal(), Some(9));
        Ok(())
    });
}
