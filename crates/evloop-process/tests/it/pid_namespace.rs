//! Processes whose number is another's soon: in a namespace where the test says which number is next.

use std::{
    env, fs,
    io::{ErrorKind, Read, Write},
    os::unix::process::CommandExt,
    process::{Child as StdChild, Command as StdCommand, Output, Stdio},
};

use evloop_process::{Child, Command};
use evloop_reactor::Reactor;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::support::{WATCHES, block_on, pid, say_skipped, steal, until, with_reactor};

/// The number that the system gave last in this namespace, as it may be told.
const LAST: &str = "/proc/sys/kernel/ns_last_pid";

const INSIDE: &str = "EVLOOP_PROCESS_TEST_IN_NAMESPACE";

/// Runs the test that calls this once more, as the first process of a namespace of its own, where `body`
/// runs. Says so where the system makes none.
fn in_pid_namespace(test: &str, body: fn(&mut Reactor)) {
    if env::var_os(INSIDE).is_some() {
        return with_reactor(body);
    }
    // As root at once, or as what is root inside.
    let ways: [&[&str]; 2] = [&[], &["--user", "--map-root-user"]];
    let mut why = String::new();
    for options in ways {
        let probe = format!("echo 100 > {LAST}");
        match unshare(options).args(["/bin/sh", "-c", &probe]).output() {
            Ok(output) if output.status.success() => return run_inside(test, options),
            Ok(output) => why = text(&output.stderr).trim().to_owned(),
            Err(error) => why = format!("failed to run `unshare`: {error}"),
        }
    }
    say_skipped(test, &why);
}

fn unshare(options: &[&str]) -> StdCommand {
    let mut command = StdCommand::new("unshare");
    command.args(["--pid", "--fork"]).args(options);
    command
}

fn run_inside(test: &str, options: &[&str]) {
    let Output {
        status,
        stdout,
        stderr,
    } = unshare(options)
        .arg(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let stdout = text(&stdout);
    assert!(stdout.contains("running 1 test"), "`{test}`: {stdout}");
    assert!(status.success(), "{status}: {}", text(&stderr));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A cat of the host's that has this number, which is free.
fn cat_with_number(number: Pid) -> StdChild {
    loop {
        fs::write(LAST, (number.as_raw_pid() - 1).to_string()).unwrap();
        let mut cat = StdCommand::new("/bin/cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        if Pid::from_child(&cat) == number {
            return cat;
        }
        // A thread was made in between, and has taken it for a while.
        cat.kill().unwrap();
        cat.wait().unwrap();
    }
}

/// Requires that it has got no signal.
fn is_untouched(mut cat: StdChild) {
    let mut echo = [0; 2];
    let (mut stdin, mut stdout) = (cat.stdin.take().unwrap(), cat.stdout.take().unwrap());
    stdin.write_all(b"ok").unwrap();
    stdout.read_exact(&mut echo).unwrap();
    assert_eq!(&echo, b"ok");
    drop(stdin);
    assert!(cat.wait().unwrap().success());
}

fn leader(watch: fn(&mut Command), kills: bool) -> Child {
    let mut command = Command::new("/bin/cat");
    command.stdin(Stdio::piped()).process_group(0);
    watch(&mut command);
    if kills {
        command.kill_on_drop();
    }
    command.spawn().unwrap()
}

fn refuses_signals(child: &Child) {
    let refused = [
        child.kill(),
        child.terminate(),
        child.send_signal(9),
        child.send_signal_to_group(9),
    ];
    for result in refused {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    }
}

#[test]
fn fault_f22_a_number_that_is_another_child_s_after_the_wait_is_signalled_no_more() {
    in_pid_namespace(
        "pid_namespace::fault_f22_a_number_that_is_another_child_s_after_the_wait_is_signalled_no_more",
        |reactor| {
            for watch in WATCHES {
                for _ in 0..20 {
                    let child = leader(watch, true);
                    let number = pid(&child);
                    child.kill().unwrap();
                    block_on(reactor, child.wait()).unwrap();
                    let other = cat_with_number(number);
                    refuses_signals(&child);
                    drop(child);
                    is_untouched(other);
                }
            }
        },
    );
}

#[test]
fn fault_f22_a_number_that_is_another_child_s_after_the_host_reaped_is_signalled_no_more() {
    in_pid_namespace(
        "pid_namespace::fault_f22_a_number_that_is_another_child_s_after_the_host_reaped_is_signalled_no_more",
        |_| {
            for (index, watch) in WATCHES.into_iter().enumerate() {
                for _ in 0..20 {
                    let child = leader(watch, true);
                    let number = pid(&child);
                    kill_process(number, Signal::KILL).unwrap();
                    if index == 0 {
                        // Nobody tells us: the descriptor is of the one that is gone.
                        steal(&child);
                    } else {
                        // Whoever of the two reaps it, the thread knows.
                        let _reaped = waitid(WaitId::Pid(number), WaitIdOptions::EXITED);
                        until(|| child.id().is_none());
                    }
                    let other = cat_with_number(number);
                    refuses_signals(&child);
                    drop(child);
                    is_untouched(other);
                }
            }
        },
    );
}
