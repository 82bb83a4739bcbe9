//! Each broken arrow is found, and a sound workspace is left alone.

use super::{check_against, check_leaves};
use crate::tidy::table::{Layer, Row};
use crate::workspace::{Dependency, Package, Tree};

const TABLE: &[Row] = &[
    Row {
        name: "evloop-wheel",
        layer: Layer::Leaf,
        ours: &[],
        foreign: &[],
    },
    Row {
        name: "evloop-time",
        layer: Layer::Machine,
        ours: &["evloop-wheel"],
        foreign: &[("slab", "indices")],
    },
    Row {
        name: "evloop-executor",
        layer: Layer::Machine,
        ours: &[],
        foreign: &[],
    },
    Row {
        name: "evloop",
        layer: Layer::Facade,
        ours: &["evloop-executor", "evloop-time"],
        foreign: &[],
    },
];

fn package(name: &str, folder: &str, dependencies: &[&str]) -> Package {
    let dependency = |name: &&str| Dependency {
        name: (*name).to_owned(),
        ..Dependency::default()
    };
    Package {
        name: name.to_owned(),
        folder: folder.to_owned(),
        dependencies: dependencies.iter().map(dependency).collect(),
        ..Package::default()
    }
}

fn sound() -> Vec<Package> {
    vec![
        package("evloop-wheel", "crates/evloop-wheel", &[]),
        package(
            "evloop-time",
            "crates/evloop-time",
            &["evloop-wheel", "slab"],
        ),
        package("evloop-executor", "crates/evloop-executor", &[]),
        package(
            "evloop",
            "crates/evloop",
            &["evloop-executor", "evloop-time"],
        ),
        package(
            "wheel_only",
            "examples/standalone/wheel_only",
            &["evloop-wheel"],
        ),
        package("evloop-tests", "tests", &["evloop", "proptest"]),
    ]
}

/// Adds dependencies to one package of the sound workspace and gives the problems as text.
fn problems_after(name: &str, more: &[&str]) -> String {
    let mut packages = sound();
    let changed = packages.iter_mut().find(|package| package.name == name);
    let added = package(name, "", more).dependencies;
    changed
        .expect("the package is in the sound workspace")
        .dependencies
        .extend(added);
    let problems = check_against(&packages, TABLE);
    problems
        .iter()
        .map(|problem| format!("{problem}\n"))
        .collect()
}

#[test]
fn a_sound_workspace_has_no_problem() {
    assert_eq!(check_against(&sound(), TABLE), []);
}

#[test]
fn a_dependency_that_is_not_listed_fails_and_says_what_to_edit() {
    let problems = problems_after("evloop-wheel", &["rand"]);

    assert!(problems.contains("crates/evloop-wheel/Cargo.toml: `rand` is not in the list"));
    assert!(
        problems.contains("add it to xtask/src/tidy/table.rs"),
        "{problems}"
    );
}

#[test]
fn a_listed_dependency_that_is_gone_fails() {
    let mut packages = sound();
    packages[1].dependencies.pop();

    let problems = check_against(&packages, TABLE);

    assert_eq!(problems.len(), 1);
    assert!(problems[0].message.contains("no longer depends on `slab`"));
}

#[test]
fn machines_never_import_one_another() {
    let problems = problems_after("evloop-time", &["evloop-executor"]);

    assert!(
        problems.contains("machines never import one another"),
        "{problems}"
    );
}

#[test]
fn an_arrow_never_points_up() {
    let problems = problems_after("evloop-wheel", &["evloop-time"]);

    assert!(
        problems.contains("points up, from Leaf to Machine"),
        "{problems}"
    );
}

#[test]
fn the_facade_is_out_of_reach_even_for_tests_of_crates_below() {
    let mut packages = sound();
    let dependency = Dependency {
        name: "evloop".to_owned(),
        dev: true,
        loom: false,
    };
    packages[0].dependencies.push(dependency);

    let problems = check_against(&packages, TABLE);

    assert!(
        problems[0].message.contains("only examples and tests"),
        "{problems:?}"
    );
}

#[test]
fn a_crate_without_a_row_and_a_row_without_a_crate_fail() {
    let mut packages = sound();
    packages[0] = package("evloop-new", "crates/evloop-new", &[]);

    let problems = check_against(&packages, TABLE);

    assert!(
        problems[0].message.contains("add a row for `evloop-new`"),
        "{problems:?}"
    );
    assert!(
        problems[1]
            .message
            .contains("remove the row of `evloop-wheel`"),
        "{problems:?}"
    );
}

#[test]
fn a_standalone_example_depends_on_one_crate_of_ours_and_nothing_else() {
    for more in [["slab"], ["evloop-time"]] {
        assert!(problems_after("wheel_only", &more).contains("exactly one crate of ours"));
    }
}

#[test]
fn a_standalone_example_may_run_on_a_foreign_executor_and_turn_the_reactor_of_its_crate() {
    assert_eq!(problems_after("wheel_only", &["futures-lite"]), "");
    let refused = problems_after("wheel_only", &["evloop-reactor"]);
    assert!(refused.contains("exactly one crate of ours"));

    let reactor = Row {
        name: "evloop-reactor",
        layer: Layer::Machine,
        ours: &[],
        foreign: &[],
    };
    let pipes = Row {
        name: "evloop-pipes",
        layer: Layer::Built,
        ours: &["evloop-reactor"],
        foreign: &[],
    };
    let on = |dependencies: &[&str]| {
        let packages = [
            package("evloop-reactor", "crates/evloop-reactor", &[]),
            package("evloop-pipes", "crates/evloop-pipes", &["evloop-reactor"]),
            package("example", "examples/standalone/example", dependencies),
        ];
        check_against(&packages, &[reactor, pipes]).len()
    };
    assert_eq!(on(&["evloop-reactor"]), 0);
    assert_eq!(on(&["evloop-pipes"]), 0);
    assert_eq!(on(&["evloop-pipes", "evloop-reactor", "futures-lite"]), 0);
    assert_eq!(on(&["evloop-pipes", "evloop-reactor", "slab"]), 1);
    assert_eq!(on(&["futures-lite"]), 1);
}

#[test]
fn dependencies_for_tests_and_for_loom_do_not_count() {
    let mut packages = sound();
    let dev = Dependency {
        name: "proptest".to_owned(),
        dev: true,
        loom: false,
    };
    let loom = Dependency {
        name: "loom".to_owned(),
        dev: false,
        loom: true,
    };
    packages[0].dependencies.extend([dev, loom]);

    assert_eq!(check_against(&packages, TABLE), []);
}

#[test]
fn a_leaf_reads_no_clock_outside_its_tests() {
    let clock = "//! Docs.\nfn f() { std::thread::panicking(); }\nfn g() { Instant::now(); }\n";
    let tree = Tree::of(&[
        ("crates/evloop-timer-wheel/src/lib.rs", clock),
        ("crates/evloop-timer-wheel/src/lib/tests.rs", clock),
        ("crates/evloop-timer-wheel/tests/it/main.rs", clock),
        ("crates/evloop-time/src/lib.rs", clock),
        (
            "crates/evloop-timer-wheel/src/docs.rs",
            "//! Not `Instant::now`.\n",
        ),
    ]);

    let problems = check_leaves(&tree);

    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].line, 3);
}
