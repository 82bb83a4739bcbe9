//! The repository's guides, so that their examples are compiled and run.

#[doc = include_str!("../../../README.md")]
#[doc = include_str!("../../../docs/asyncio.md")]
#[doc = include_str!("../../../docs/cancellation.md")]
struct Guides;
