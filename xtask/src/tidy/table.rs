//! The table of crates: the layer of each, and the exact list of what it may depend on.
//!
//! This list is the record that reviewers read. A crate's row names every direct dependency of
//! its manifest, ours and foreign, and says in one sentence why a foreign one is worth its price.

/// Where a crate stands. An arrow may only point to a smaller layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Layer {
    /// Layer 0: no clock, no thread, no descriptor.
    Leaf,
    /// Layer 1a: what the machines share.
    Task,
    /// Layer 1b: one machine each; they never import one another.
    Machine,
    /// Layer 2: built from machines, never from the loop.
    Built,
    /// Layer 3: the composition root.
    Facade,
    /// The project's own commands: they see none of the crates.
    Tool,
}

/// One crate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) layer: Layer,
    /// Crates of this workspace.
    pub(super) ours: &'static [&'static str],
    /// Crates of others, each with the reason it is there.
    pub(super) foreign: &'static [(&'static str, &'static str)],
}

/// Every crate below `crates/`, and xtask.
pub(super) const CRATES: &[Row] = &[
    Row {
        name: "evloop-timer-wheel",
        layer: Layer::Leaf,
        ours: &[],
        foreign: &[],
    },
    Row {
        name: "evloop-cancel",
        layer: Layer::Leaf,
        ours: &[],
        foreign: &[
            (
                "pin-project-lite",
                "scopes are pinned in place without unsafe code of ours",
            ),
            ("slab", "remote scopes keep their place under a stable key"),
            (
                "sync_wrapper",
                "a future with a scope in it stays Sync without unsafe code of ours",
            ),
        ],
    },
    Row {
        name: "evloop-combinators",
        layer: Layer::Leaf,
        ours: &["evloop-cancel"],
        foreign: &[
            (
                "futures-core",
                "the trait `Stream`, which the ecosystem's adapters take: `as_completed` is one",
            ),
            (
                "pin-project-lite",
                "a tuple of different futures is pinned without unsafe code of ours",
            ),
        ],
    },
    Row {
        name: "evloop-sync",
        layer: Layer::Leaf,
        ours: &[],
        foreign: &[],
    },
    Row {
        name: "evloop-fork",
        layer: Layer::Leaf,
        ours: &[],
        foreign: &[(
            "libc",
            "pthread_atfork, which no safe crate has: a child is told at once, and others pay a load",
        )],
    },
    Row {
        name: "evloop-task",
        layer: Layer::Task,
        ours: &["evloop-cancel", "evloop-combinators", "evloop-fork"],
        foreign: &[
            (
                "async-task",
                "one allocation per task holds state machine, waker and output",
            ),
            (
                "once_cell",
                "a lazily made box that costs a task one word while it is not made",
            ),
            (
                "pin-project-lite",
                "pin projection without unsafe code of ours",
            ),
            ("slab", "stable indices for the registry of live tasks"),
        ],
    },
    Row {
        name: "evloop-executor",
        layer: Layer::Machine,
        ours: &["evloop-task"],
        foreign: &[
            (
                "concurrent-queue",
                "the lock-free inbox for work from other threads",
            ),
            (
                "crossbeam-utils",
                "pads to the size of a cache line, which differs between processors",
            ),
            (
                "parking",
                "parks the loop's thread and wakes it with one token",
            ),
            (
                "pin-project-lite",
                "pins the main future in its frame with less unsafe code of ours",
            ),
        ],
    },
    Row {
        name: "evloop-reactor",
        layer: Layer::Machine,
        ours: &["evloop-fork"],
        foreign: &[
            ("polling", "epoll, kqueue and IOCP behind one interface"),
            (
                "rustix",
                "on Linux, waits on epoll itself: one system call a turn instead of five",
            ),
            ("slab", "stable indices for registered sources"),
        ],
    },
    Row {
        name: "evloop-time",
        layer: Layer::Machine,
        ours: &["evloop-timer-wheel"],
        foreign: &[(
            "pin-project-lite",
            "pins the future inside a deadline without unsafe code of ours",
        )],
    },
    Row {
        name: "evloop-blocking",
        layer: Layer::Machine,
        ours: &[],
        foreign: &[(
            "parking",
            "parks the thread that joins a job, with one token",
        )],
    },
    Row {
        name: "evloop-resolve",
        layer: Layer::Built,
        ours: &["evloop-blocking", "evloop-sync"],
        foreign: &[],
    },
    Row {
        name: "evloop-fs",
        layer: Layer::Built,
        ours: &["evloop-blocking"],
        foreign: &[
            (
                "futures-core",
                "the trait `Stream`: the entries of a folder are one",
            ),
            (
                "futures-io",
                "the ecosystem's AsyncRead, AsyncWrite and AsyncSeek traits, without any code",
            ),
        ],
    },
    Row {
        name: "evloop-net",
        layer: Layer::Built,
        ours: &[
            "evloop-combinators",
            "evloop-reactor",
            "evloop-resolve",
            "evloop-time",
        ],
        foreign: &[
            (
                "futures-lite",
                "the ecosystem's AsyncRead and AsyncWrite traits",
            ),
            (
                "rustix",
                "names the errors of sockets that std has no kind for; receives, sends and accepts",
            ),
            ("socket2", "socket options that std lacks"),
        ],
    },
    Row {
        name: "evloop-server",
        layer: Layer::Built,
        ours: &["evloop-cancel", "evloop-net", "evloop-task", "evloop-time"],
        foreign: &[(
            "futures-lite",
            "the ecosystem's AsyncRead and AsyncWrite traits, which a connection has",
        )],
    },
    Row {
        name: "evloop-process",
        layer: Layer::Built,
        ours: &["evloop-fork", "evloop-net", "evloop-reactor", "evloop-sync"],
        foreign: &[
            (
                "futures-lite",
                "the ecosystem's AsyncRead and AsyncWrite traits, by which a child is fed and read",
            ),
            (
                "libc",
                "which numbers are real-time signals of programs: the C library says so, and rustix does not",
            ),
            (
                "rustix",
                "waits for a child without reaping it, opens it as a descriptor and signals that; std \
                 does the latter only in nightly",
            ),
        ],
    },
    Row {
        name: "evloop-signal",
        layer: Layer::Built,
        ours: &[],
        foreign: &[
            (
                "futures-core",
                "the trait `Stream`, which the ecosystem's adapters take: signals are one",
            ),
            (
                "libc",
                "sigaction itself: signal-hook-registry never restores a disposition, nix cannot ask \
                 for one without setting it, rustix has none, and setting one is unsafe in all of them",
            ),
        ],
    },
    Row {
        name: "evloop-fixtures",
        layer: Layer::Tool,
        ours: &[],
        foreign: &[],
    },
    Row {
        name: "evloop-macros",
        layer: Layer::Built,
        ours: &[],
        foreign: &[
            (
                "proc-macro2",
                "tokens that exist outside of a compiler: what is written is tested",
            ),
            ("quote", "writes tokens as they look"),
            (
                "syn",
                "reads a signature and options with errors that point at what is wrong",
            ),
        ],
    },
    Row {
        name: "evloop-hyper",
        layer: Layer::Built,
        ours: &["evloop-task", "evloop-time"],
        foreign: &[
            (
                "futures-lite",
                "the ecosystem's AsyncRead and AsyncWrite traits",
            ),
            ("hyper", "its traits of a runtime are what the crate is for"),
            (
                "pin-project-lite",
                "pins the stream in its wrapper without unsafe code of ours",
            ),
        ],
    },
    Row {
        name: "evloop-tokio",
        layer: Layer::Built,
        ours: &[],
        foreign: &[
            (
                "futures-lite",
                "the ecosystem's AsyncRead and AsyncWrite traits, which our streams have",
            ),
            ("tokio", "its I/O traits are what the crate is for"),
            (
                "tokio-util",
                "gives either family of traits to what has the other, and is well kept",
            ),
        ],
    },
    Row {
        name: "evloop-test",
        layer: Layer::Built,
        ours: &["evloop-executor", "evloop-task", "evloop-time"],
        foreign: &[],
    },
    Row {
        name: "evloop",
        layer: Layer::Facade,
        ours: &[
            "evloop-blocking",
            "evloop-cancel",
            "evloop-combinators",
            "evloop-executor",
            "evloop-fork",
            "evloop-fs",
            "evloop-macros",
            "evloop-net",
            "evloop-process",
            "evloop-reactor",
            "evloop-server",
            "evloop-signal",
            "evloop-sync",
            "evloop-task",
            "evloop-time",
        ],
        foreign: &[
            (
                "crossbeam-utils",
                "pads to the size of a cache line, which differs between processors",
            ),
            (
                "futures-core",
                "the trait `Stream`, which the ecosystem's adapters take: `signals` is one",
            ),
            (
                "parking",
                "where a thread sleeps that is no worker, and nobody else's wake-up is taken",
            ),
            (
                "pin-project-lite",
                "pins the code inside of a time limit without unsafe code of ours",
            ),
            (
                "rustix",
                "tells whether a descriptor number still means the file that is watched",
            ),
            (
                "tokio",
                "behind the feature `channels`: channels that are well kept and need no runtime of its",
            ),
        ],
    },
    Row {
        name: "xtask",
        layer: Layer::Tool,
        ours: &[],
        foreign: &[
            ("lexopt", "flags, without a framework"),
            (
                "serde_json",
                "cargo metadata speaks JSON, and half a parser would be a source of bugs",
            ),
            (
                "xshell",
                "commands without a shell, so that they run the same everywhere",
            ),
        ],
    },
];
