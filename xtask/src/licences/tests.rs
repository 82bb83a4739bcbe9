//! Licence expressions and sources, as packages write them.

use serde_json::json;

use super::{CRATES_IO, is_allowed, problem};

#[test]
fn an_expression_is_met_if_one_of_its_alternatives_is() {
    for met in [
        "MIT",
        "MIT OR Apache-2.0",
        "MIT/Apache-2.0",
        "GPL-3.0 OR MIT",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
    ] {
        assert!(is_allowed(met), "{met}");
    }
    for unmet in [
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT OR Apache-2.0) AND GPL-3.0",
        "GPL-2.0 WITH Classpath-exception-2.0",
        "(MIT",
        "MIT Apache-2.0",
        "",
    ] {
        assert!(!is_allowed(unmet), "{unmet}");
    }
}

#[test]
fn only_the_workspace_and_the_public_registry_are_sources() {
    let found = |source: Option<&str>, licence: Option<&str>| {
        let package = json!({ "source": source, "license": licence });
        problem(&package).expect("the package is complete")
    };

    assert_eq!(found(None, Some("MIT")), None);
    assert_eq!(found(Some(CRATES_IO), Some("MIT")), None);
    assert!(found(Some("git+https://example.org/x"), Some("MIT")).is_some());
    assert!(found(Some(CRATES_IO), None).is_some());
}
