//! hyper's streams, without a network.

mod io;
