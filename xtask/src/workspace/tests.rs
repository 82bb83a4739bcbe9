//! Reading `cargo metadata`, and the folders that are not ours.

use super::{Dependency, is_ours, parse_packages};

#[test]
fn a_package_is_read_with_the_kind_of_each_dependency() {
    let metadata = serde_json::json!({
        "workspace_root": "/r",
        "packages": [{
            "name": "a",
            "manifest_path": "/r/crates/a/Cargo.toml",
            "dependencies": [
                { "name": "slab", "kind": null, "target": null },
                { "name": "proptest", "kind": "dev", "target": null },
                { "name": "loom", "kind": null, "target": "cfg(loom)" },
            ],
            "features": { "channels": ["dep:slab"] },
        }],
    });

    let packages = parse_packages(&metadata).expect("the metadata is complete");

    let dependency = |name: &str, dev, loom| Dependency {
        name: name.to_owned(),
        dev,
        loom,
    };
    assert_eq!(packages[0].name, "a");
    assert_eq!(packages[0].folder, "crates/a");
    assert_eq!(packages[0].features, ["channels"]);
    assert_eq!(
        packages[0].dependencies,
        [
            dependency("slab", false, false),
            dependency("proptest", true, false),
            dependency("loom", false, true),
        ]
    );
}

#[test]
fn metadata_without_a_field_is_an_error_that_names_it() {
    let error = parse_packages(&serde_json::json!({})).expect_err("the root is missing");

    assert_eq!(
        error.to_string(),
        "cargo metadata has no text `workspace_root`"
    );
}

#[test]
fn build_output_and_hidden_folders_are_not_ours() {
    assert!(is_ours("src") && is_ours(".ci") && is_ours(".cargo"));
    assert!(!is_ours("target") && !is_ours(".git") && !is_ours(".bench"));
}
