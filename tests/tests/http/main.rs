//! HTTP by hyper on loops and runtimes, through `evloop-hyper`.

mod limits;
mod requests;
