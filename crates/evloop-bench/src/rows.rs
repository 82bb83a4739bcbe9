//! The rows, one file for each family.

mod blocking;
mod cancellation;
mod echo;
mod files;
mod first_completed;
mod gather;
mod http;
mod lateness;
mod limits;
mod memory;
mod processes;
mod remote;
mod sync;
mod tasks;
mod timers;
mod tls;
mod two_workers;
mod udp;

use crate::row::Family;

pub(crate) use echo::n_messages as echo_messages;

pub(crate) fn all() -> Vec<Family> {
    vec![
        tasks::family(),
        tasks::growth(),
        two_workers::family(),
        remote::family(),
        timers::family(),
        lateness::family(),
        limits::family(),
        cancellation::family(),
        gather::family(),
        first_completed::family(),
        sync::family(),
        blocking::family(),
        files::family(),
        echo::family(),
        udp::family(),
        http::family(),
        tls::family(),
        processes::family(),
        memory::family(),
    ]
}
