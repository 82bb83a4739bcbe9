//! What counts as showing a foreign type, and what does not.

use super::check;
use crate::workspace::Tree;

fn lines_found(source: &str) -> Vec<usize> {
    let tree = Tree::of(&[("crates/evloop-x/src/lib.rs", source)]);
    check(&tree).iter().map(|problem| problem.line).collect()
}

#[track_caller]
fn check_shows(source: &str) {
    assert_eq!(lines_found(source), [1], "{source}");
}

#[track_caller]
fn check_hides(source: &str) {
    assert_eq!(lines_found(source), [0_usize; 0], "{source}");
}

#[test]
fn a_path_in_a_public_item_shows() {
    check_shows("pub fn f(a: u8,\n    event: polling::Event) {}");
    check_shows("pub async fn f() -> async_task::Task<u8> {}");
    check_shows("pub type T = parking::Parker;");
    check_shows("pub struct S<T = ::polling::Event>(T);");
    check_shows("pub enum E {\n    A(concurrent_queue::PushError<u8>),\n}");
    check_shows("pub trait T {\n    fn f(&self) -> parking::Unparker;\n}");
    check_shows("pub use polling::Event;");
    check_shows("pub const C: fn(polling::Event) = f;");
    check_shows("pub struct S { pub event: Option<polling::Event> }");
    check_shows("impl From<polling::Event> for S { }\npub struct S;");
}

#[test]
fn an_imported_name_in_a_public_item_shows() {
    let source = "use polling::{Event as RawEvent, Events};\npub fn f(event: RawEvent) {}";

    assert_eq!(lines_found(source), [2]);
}

#[test]
fn private_items_fields_and_bodies_hide() {
    check_hides("fn f(event: polling::Event) {}");
    check_hides("pub(crate) fn f(event: polling::Event) {}");
    check_hides("pub fn f() { polling::Event::none(0); }");
    check_hides("pub struct S { event: polling::Event, pub key: usize }");
    check_hides("pub struct S(parking::Parker);");
    check_hides("struct S;\nimpl From<polling::Event> for S { }");
    check_hides("pub(crate) struct S;\nimpl async_task::Schedule<u8> for S { }");
    check_hides("pub fn f(mode: crate::polling::Mode) {}");
    check_hides("/// Wraps `polling::Event`.\npub struct S;");
    check_hides("use polling::Event;\npub fn f(event: EventKind) {}");
}

#[test]
fn tests_and_benchmarks_are_free() {
    let show = "pub use polling::Event;";
    let tree = Tree::of(&[
        ("crates/evloop-x/src/a/tests.rs", show),
        ("crates/evloop-x/tests/it/main.rs", show),
        ("crates/evloop-bench/src/main.rs", show),
    ]);

    assert_eq!(check(&tree), []);
}
