//! Every choice of features builds: each crate alone, with every set of its own features.
//!
//! The other steps build the workspace at once, where a feature that one member asks for is on for all:
//! what a user gets who leaves it out is built by nothing else. A crate without features has one choice,
//! which the other steps build.

use xshell::{Shell, cmd};

use crate::Result;
use crate::workspace::{self, Package};

/// More features would take too long: 2 to the power of it are built.
const MOST: usize = 6;

pub(crate) fn check(sh: &Shell) -> Result<()> {
    for package in workspace::packages(sh)? {
        for features in choices(&package)? {
            let name = &package.name;
            cmd!(
                sh,
                "cargo check --package {name} --lib --no-default-features --features {features}"
            )
            .run()?;
        }
    }
    Ok(())
}

/// Every set of the package's features, the empty one too, each as cargo takes it.
fn choices(package: &Package) -> Result<Vec<String>> {
    let features: Vec<&str> = package
        .features
        .iter()
        .map(String::as_str)
        .filter(|feature| *feature != "default")
        .collect();
    if features.is_empty() {
        return Ok(Vec::new());
    }
    if features.len() > MOST {
        let Package { name, .. } = package;
        return Err(format!("`{name}` has more than {MOST} features: too many to try all").into());
    }
    let chosen = |set: usize| {
        let is_in = |(place, _): &(usize, &&str)| set >> place & 1 == 1;
        let names: Vec<&str> = features
            .iter()
            .enumerate()
            .filter(is_in)
            .map(|(_, name)| *name)
            .collect();
        names.join(",")
    };
    Ok((0..1 << features.len()).map(chosen).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(features: &[&str]) -> Package {
        Package {
            name: "evloop-x".to_owned(),
            features: features.iter().map(|name| (*name).to_owned()).collect(),
            ..Package::default()
        }
    }

    fn choices_of(features: &[&str]) -> Vec<String> {
        choices(&with(features)).expect("there are few")
    }

    #[test]
    fn every_set_is_tried_once_and_the_empty_one_too() {
        assert_eq!(choices_of(&["a"]), ["", "a"]);
        assert_eq!(choices_of(&["a", "b"]), ["", "a", "b", "a,b"]);
        assert_eq!(choices_of(&["a", "default"]), ["", "a"]);
    }

    #[test]
    fn a_crate_without_features_is_left_to_the_other_steps() {
        assert!(choices_of(&[]).is_empty());
    }

    #[test]
    fn too_many_are_an_error() {
        assert!(choices(&with(&["a", "b", "c", "d", "e", "f", "g"])).is_err());
    }
}
