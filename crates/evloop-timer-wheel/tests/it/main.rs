//! The wheel through its public interface.

mod behaviour;
mod model;
mod museum;
