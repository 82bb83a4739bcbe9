//! Programs and workers that are stopped from outside, and go on. The program is `src/bin/stopped`, where
//! the scenarios stand.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child as StdChild, ChildStdin, ChildStdout, Command as StdCommand, Stdio};
use std::time::Duration;

use evloop::process::{Child, Command};
use evloop::{PipeReader, StreamReader, TcpStream, timeout};
use evloop_tests::say_skipped;
use futures_lite::AsyncWriteExt;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};

use crate::guarded;
use crate::seized::Seized;

/// Far longer than the periods of the program's intervals.
const STANDSTILL: Duration = Duration::from_millis(50);

async fn next_line(lines: &mut StreamReader<PipeReader>) -> String {
    let line = lines.readline().await.expect("its output can be read");
    let line = String::from_utf8(line).expect("it writes text");
    line.trim_end().to_owned()
}

fn send(program: &Child, signal: Signal) {
    program
        .send_signal(signal.as_raw())
        .expect("it was not waited for yet");
}

/// Returns when it is stopped.
fn stop(program: &Child) {
    send(program, Signal::STOP);
    let id = program.id().expect("it was not waited for yet");
    let pid = Pid::from_raw(id.cast_signed()).expect("it is a process");
    waitid(WaitId::Pid(pid), WaitIdOptions::STOPPED).expect("it is a child");
}

/// Whatever the program waits for comes while it is stopped.
async fn stop_and_continue(flavour: &str) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_stopped"))
        .args(["whole", flavour])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop()
        .spawn()
        .expect("the program can be started");
    let mut stdin = program.stdin.take().expect("it is piped");
    let mut lines = StreamReader::new(program.stdout.take().expect("it is piped"));
    let port: u16 = next_line(&mut lines)
        .await
        .parse()
        .expect("it says its port");
    let address = ("127.0.0.1", port);
    let first = TcpStream::connect(address).await;
    let mut first = first.expect("the program listens");
    assert_eq!(next_line(&mut lines).await, "ready");

    stop(&program);
    first.write_all(b"bytes").await.expect("there is room");
    drop(first);
    let second = TcpStream::connect(address).await;
    let mut second = second.expect("the system has it wait");
    second
        .write_all(b"connection")
        .await
        .expect("there is room");
    drop(second);
    send(&program, Signal::USR1);
    // The child of the program ends.
    stdin.write_all(b"\n").await.expect("there is room");
    assert_eq!(next_line(&mut lines).await, "over");
    let silence = timeout(STANDSTILL, lines.readline()).await;
    assert!(silence.is_err(), "it is stopped: {silence:?}");
    send(&program, Signal::CONT);

    for expected in [
        "bytes",
        "connection",
        "exit status: 7",
        "SIGUSR1 SIGCONT",
        "done",
    ] {
        assert_eq!(next_line(&mut lines).await, expected);
    }
    let status = program.wait().await.expect("nobody else reaps it");
    assert!(status.success(), "{status}");
}

#[test]
fn fault_f19_a_loop_that_is_stopped_and_continued_loses_nothing_and_makes_up_by_policy() {
    guarded(|| evloop::run(stop_and_continue("loop")));
}

#[test]
fn fault_f19_a_runtime_that_is_stopped_and_continued_loses_nothing_and_makes_up_by_policy() {
    guarded(|| evloop::run(stop_and_continue("runtime")));
}

/// A program whose threads are stopped, on the thread that stops them.
struct Traced {
    program: StdChild,
    stdin: ChildStdin,
    lines: BufReader<ChildStdout>,
}

impl Traced {
    fn start(scenario: &str) -> Self {
        let mut program = StdCommand::new(env!("CARGO_BIN_EXE_stopped"))
            .arg(scenario)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let stdin = program.stdin.take().expect("it is piped");
        let lines = BufReader::new(program.stdout.take().expect("it is piped"));
        Self {
            program,
            stdin,
            lines,
        }
    }

    fn next_line(&mut self) -> String {
        let mut line = String::new();
        self.lines
            .read_line(&mut line)
            .expect("its output can be read");
        line.trim_end().to_owned()
    }

    fn next_number(&mut self) -> Pid {
        let number = self.next_line().parse().expect("it says a number");
        Pid::from_raw(number).expect("it is a thread's")
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").expect("it reads that");
    }

    fn wait_until_asleep(&self, thread: Pid) {
        let path = format!(
            "/proc/{}/task/{}/stat",
            self.program.id(),
            thread.as_raw_pid()
        );
        loop {
            let status = std::fs::read_to_string(&path).expect("Linux tells the state");
            // The name before it is in parentheses.
            if status
                .rsplit(") ")
                .next()
                .is_some_and(|state| state.starts_with('S'))
            {
                return;
            }
            std::thread::yield_now();
        }
    }

    fn end(mut self) {
        assert_eq!(self.next_line(), "done");
        let status = self.program.wait().expect("it is a child");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        // Either fails when it has ended, which is as good.
        let _killed = self.program.kill();
        let _reaped = self.program.wait();
    }
}

/// False, and says so, where the system lets no process trace another one.
fn may_trace(test: &str, number: Pid) -> bool {
    match Seized::stop(number) {
        Ok(seized) => {
            seized.go_on();
            true
        }
        Err(error) => {
            say_skipped(
                test,
                format_args!("this system stops no single thread: {error}"),
            );
            false
        }
    }
}

#[test]
fn fault_f19_what_a_stopped_worker_has_in_its_queue_runs_on_the_other_one() {
    guarded(|| {
        let mut program = Traced::start("in_a_step");
        let worker = program.next_number();
        if !may_trace("fault_f19_what_a_stopped_worker_has_…", worker) {
            return;
        }
        let stopped = Seized::stop(worker).expect("it was stopped before");
        program.tell("stopped");
        assert_eq!(program.next_line(), "all without it");
        stopped.go_on();
        program.tell("continued");
        program.end();
    });
}

#[test]
fn fault_f19_workers_that_are_stopped_anywhere_lose_nothing() {
    guarded(|| {
        let mut program = Traced::start("anywhere");
        let workers = [program.next_number(), program.next_number()];
        assert_eq!(program.next_line(), "working");
        if !may_trace("fault_f19_workers_that_are_stopped_anywhere_…", workers[0]) {
            return;
        }
        for _ in 0..300 {
            for worker in workers {
                Seized::stop(worker).expect("it works").go_on();
            }
            // Both at once, which stops the clock of nobody.
            let both = workers.map(|worker| Seized::stop(worker).expect("it works"));
            for stopped in both {
                stopped.go_on();
            }
        }
        program.tell("enough");
        program.end();
    });
}

#[test]
fn fault_f19_what_comes_while_a_sleeping_worker_is_stopped_is_late_and_not_lost() {
    guarded(|| {
        // One of them sleeps where I/O is waited for, and the other one does not.
        for index in 0..2 {
            let mut program = Traced::start("asleep");
            let workers = [program.next_number(), program.next_number()];
            let worker = workers[index];
            if !may_trace("fault_f19_what_comes_while_a_sleeping_worker_…", worker) {
                return;
            }
            program.wait_until_asleep(worker);
            let stopped = Seized::stop(worker).expect("it was stopped before");
            program.tell("stopped");
            assert_eq!(program.next_line(), "given");
            stopped.go_on();
            program.tell("continued");
            program.end();
        }
    });
}
