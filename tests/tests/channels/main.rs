//! Channels across tasks, threads and loops, on one thread and on several: `evloop::channel`.

mod broadcasts;
mod oneshots;
mod streams_of_work;
mod watches;

use std::time::Duration;

/// Of virtual time.
const SECOND: Duration = Duration::from_secs(1);
