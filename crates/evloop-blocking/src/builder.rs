//! `Builder`: the settings of a pool, their defaults and their limits.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::pool::BlockingPool;
use crate::shared::{Config, Shared, Spawner};

const DEFAULT_KEEP_ALIVE: Duration = Duration::from_secs(10);
const DEFAULT_QUEUE_LIMIT: usize = 65_536;
const DEFAULT_NAME: &str = "evloop-blocking";

/// Blocking work waits rather than computes, so threads may outnumber the cores by far. A burst of short
/// jobs does not start so many: one thread at a time is on its way.
const DEFAULT_MAX_THREADS: usize = 512;

/// The settings of a [`BlockingPool`]; see [`BlockingPool::builder`].
///
/// No thread is started before the first job is submitted.
#[must_use = "a builder makes nothing until `build` is called"]
pub struct Builder {
    max_threads: usize,
    queue_limit: usize,
    config: Config,
}

impl Builder {
    pub(crate) fn new() -> Self {
        let spawner: Box<Spawner> = Box::new(|builder, body| builder.spawn(body).map(drop));
        Self {
            max_threads: DEFAULT_MAX_THREADS,
            queue_limit: DEFAULT_QUEUE_LIMIT,
            config: Config {
                name: DEFAULT_NAME.to_owned(),
                keep_alive: DEFAULT_KEEP_ALIVE,
                stack_size: None,
                spawner,
            },
        }
    }

    /// The most threads, and so the most jobs that run at once: 1 or more.
    ///
    /// By default 512. For work that computes, take as many as there are cores.
    pub fn max_threads(mut self, n_threads: usize) -> Self {
        self.max_threads = n_threads;
        self
    }

    /// How long a thread waits for work before it ends. By default 10 seconds.
    ///
    /// Zero ends a thread as soon as it finds nothing to do; `Duration::MAX` keeps it.
    pub fn keep_alive(mut self, timeout: Duration) -> Self {
        self.config.keep_alive = timeout;
        self
    }

    /// What threads are called: `name-0`, `name-1` and so on; the number of a thread that has
    /// ended is used again. By default `evloop-blocking`.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.config.name = name.into();
        self
    }

    /// The stack of each thread in bytes. By default what std gives a thread.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.config.stack_size = Some(bytes);
        self
    }

    /// The most jobs that wait for a thread, together with the places that are reserved: 1 or
    /// more. By default 65,536; `usize::MAX` is no limit.
    ///
    /// A job counts from its submission until a thread takes it, also when one is idle.
    pub fn queue_limit(mut self, n_jobs: usize) -> Self {
        self.queue_limit = n_jobs;
        self
    }

    /// How threads are started, by default `builder.spawn(body).map(drop)`: to set priorities
    /// or affinities, or to refuse threads in a test.
    ///
    /// The function gets a thread builder with name and stack size set, and must start a
    /// thread that runs the body, or return an error. It must not run the body itself, nor
    /// use the pool. An error, or a panic, counts as a refused thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use evloop_blocking::BlockingPool;
    ///
    /// let pool = BlockingPool::builder()
    ///     .spawn_with(|builder, body| {
    ///         builder.spawn(move || {
    ///             // Set the priority of this thread here.
    ///             body();
    ///         })?;
    ///         Ok(())
    ///     })
    ///     .build()?;
    /// assert_eq!(pool.spawn(|| 1).join()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn_with<F>(mut self, spawner: F) -> Self
    where
        F: Fn(thread::Builder, Box<dyn FnOnce() + Send>) -> io::Result<()> + Send + Sync + 'static,
    {
        self.config.spawner = Box::new(spawner);
        self
    }

    /// Makes the pool.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if a limit is zero or the name contains a NUL byte.
    pub fn build(self) -> Result<BlockingPool, BuildError> {
        if self.max_threads == 0 {
            return Err(BuildError(Mistake::NoThreads));
        }
        if self.queue_limit == 0 {
            return Err(BuildError(Mistake::NoQueue));
        }
        if self.config.name.contains('\0') {
            return Err(BuildError(Mistake::NulInName(self.config.name)));
        }
        Ok(self.build_checked())
    }

    /// Makes the pool of settings that are known to be good, as the defaults are.
    pub(crate) fn build_checked(self) -> BlockingPool {
        let shared = Shared::new(self.config, self.max_threads, self.queue_limit);
        BlockingPool::from_shared(Arc::new(shared))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("max_threads", &self.max_threads)
            .field("queue_limit", &self.queue_limit)
            .field("keep_alive", &self.config.keep_alive)
            .field("thread_name", &self.config.name)
            .field("stack_size", &self.config.stack_size)
            .finish_non_exhaustive()
    }
}

/// A pool cannot be made with these settings.
#[derive(Debug)]
pub struct BuildError(Mistake);

#[derive(Debug)]
enum Mistake {
    NoThreads,
    NoQueue,
    NulInName(String),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed to build a blocking pool: ")?;
        match &self.0 {
            Mistake::NoThreads => {
                f.write_str("`max_threads` is 0, so no job would ever run; set it to 1 or more")
            }
            Mistake::NoQueue => {
                f.write_str("`queue_limit` is 0, so no job would be accepted; set it to 1 or more")
            }
            Mistake::NulInName(name) => write!(
                f,
                "`thread_name` is {name:?}, and a thread cannot have a name with a NUL byte"
            ),
        }
    }
}

impl Error for BuildError {}
