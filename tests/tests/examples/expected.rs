//! What the examples print, with `--fast` and without. A measured time is exact with it, and within
//! 0.1 s without it on a machine that keeps up.

pub(crate) const COROUTINES: &str = "
Suspending a
Suspending b
Resuming b
Resuming a
main Cost: 3.0*";

pub(crate) const PROMISE: &str = "
inner fun
<Promise pending>
done: false
too early: result is not set: the operation has not finished yet
111
<Promise finished result=111>
done: true
111";

pub(crate) const TASK: &str = "
Suspending a
Resuming a";

pub(crate) const GATHER_AND_WAIT: &str = r#"
-- gather: results in the order of the arguments, though b ends first
Suspending a
Suspending b
Resuming b
Resuming a
A B
-- wait, ALL_COMPLETED
Suspending a
Suspending b
Resuming b
Resuming a
done: [<Task finished name='b' result="B">, <Task finished name='a' result="A">]
pending: {}
-- wait, FIRST_COMPLETED
Suspending a
Suspending b
Resuming b
done: [<Task finished name='b' result="B">]
pending: {<Task pending name='a'>}
result of the first: B
Resuming a
done later: [<Task finished name='a' result="A">]
-- wait, FIRST_EXCEPTION
Suspending a
Suspending fails
Failing
done: [<Task finished name='fails' result=Err("an error")>]
pending: {<Task pending name='succeeds'>}"#;

pub(crate) const CREATE_TASK: &str = r#"
create_task: Ok("A")
loop.create_task: Ok("A")
ensure_future of a coroutine: Ok("A")
ensure_future of a task: the same task: true
ensure_future of a task: Ok("A")
ensure_future of an awaitable: Ok("A")"#;

pub(crate) const DONE_CALLBACK: &str = "
<Task pending name='Task-*' cb=[callback at *done_callback.rs:*, closure at *done_callback.rs:*]>
Result: funa
Result: funa, N: 1";

pub(crate) const RUN_IN_EXECUTOR: &str = "
-- the default executor
A1 B1
main method Cost: 1.0*
-- an executor of the user's
A1 B1
main method Cost: 1.0*";

pub(crate) const CALLBACKS: &str = "
cancelled: true true true
call_soon: first
call_soon: second
call_later: 0.1 s
call_at: 0.2 s
call_later: 0.3 s
stopped";

pub(crate) const CANCELLATION: &str = r#"
-- catch a request, clean up, pass it on
the session is open
the session is cancelled: the server closes
the session has said goodbye
Err(Cancelled("the server closes"))
<Task cancelled name='session'>
-- timeout: what is late is asked to end, and cleans up
work begins
work has cleaned up
work failed to finish within *
-- TaskGroup: a failure ends the others, and all are waited for
a begins
b begins
c fails
a has cleaned up
b has cleaned up
1 failure in a task group: task 'c': the disk is full
-- refuse it: that takes a word
Ok("done anyway")"#;

pub(crate) const STREAM_SERVER: &str = r#"
serving on 127.0.0.1:*
client sends "Hello World!"
received "Hello World!"
send "Hello World!"
close the connection
client received "Hello World!"
"#;

pub(crate) const TOKIO_CODEC: &str = "
1 2 3 -> 6
40 2 -> 42
a -> invalid digit found in string
the server has ended";

pub(crate) const TLS_ECHO: &str = r#"
listening on 127.0.0.1:*
connected with Some(TLSv1_3)
sent "hello\n", received "hello\n"
sent "over TLS\n", received "over TLS\n"
the end, after 0 more bytes"#;

pub(crate) const WEBSOCKET_ECHO: &str = r#"
listening on 127.0.0.1:*
the server answered 101 Switching Protocols
sent Text(Utf8Bytes(b"hello")), received Some(Text(Utf8Bytes(b"hello")))
sent Binary(b"\x01\x02\x03"), received Some(Binary(b"\x01\x02\x03"))
at the end Close(None)"#;

pub(crate) const TOKIO_CONTEXT: &str = r#"
in the task "Task-1"
you asked for /a
you asked for /b
you asked for /c"#;

pub(crate) const PROCESSES: &str = "
-- output: a shell
to stdout
to stderr
exit status: 3
-- pipes: a cat
one -> one
two -> two
exit status: 0
-- timeout: a cat that nobody feeds
it has ended in time: false
ended by signal Some(15): signal: 15 (SIGTERM)";
