//! The workspace as data: its files, and its packages as `cargo metadata` tells them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use xshell::{Shell, cmd};

use crate::Result;
use crate::source;

/// The workspace's folder, wherever xtask was called from.
pub(crate) fn root() -> PathBuf {
    // Cargo sets the variable for `run` and `test`; the compile-time value serves a bare binary.
    let manifest_dir = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest_dir
        .parent()
        .expect("xtask lies in a folder of the workspace")
        .to_owned()
}

/// Where cargo puts what it builds.
pub(crate) fn target_directory(sh: &Shell) -> Result<PathBuf> {
    Ok(PathBuf::from(text(&manifests(sh)?, "target_directory")?))
}

/// The build folder of a check that needs its own, so that it never rebuilds the ordinary one.
pub(crate) fn target_dir(name: &str) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), PathBuf::from)
        .join(name)
}

/// A text file of the workspace.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// Its path from the root, with `/` between the parts.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
    /// For Rust: the text without comments and literals; for others: empty.
    pub(crate) code: String,
}

/// Every file that is ours: no build output, nothing hidden except `.ci`, `.cargo`, `.github`.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Rust, Markdown and other text, sorted by path.
    pub(crate) sources: Vec<SourceFile>,
    /// The paths of all files and folders.
    pub(crate) paths: BTreeSet<String>,
}

impl Tree {
    /// Reads the workspace.
    pub(crate) fn read(root: &Path) -> Result<Tree> {
        let mut tree = Tree::default();
        tree.add_folder(root, "")?;
        tree.sources.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    /// A tree made of the given texts, for tests of the checks.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        for (path, text) in files {
            tree.add_source((*path).to_owned(), (*text).to_owned());
            let ancestors = Path::new(path)
                .ancestors()
                .map(|path| path.display().to_string());
            tree.paths.extend(ancestors);
        }
        tree
    }

    /// The text file at a path.
    pub(crate) fn source(&self, path: &str) -> Option<&SourceFile> {
        self.sources.iter().find(|source| source.path == path)
    }

    /// The Rust files.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &SourceFile> {
        self.sources
            .iter()
            .filter(|source| source.path.ends_with(".rs"))
    }

    /// The names of the folders and files directly inside a folder.
    pub(crate) fn children<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        self.paths
            .iter()
            .filter_map(move |path| path.strip_prefix(folder)?.strip_prefix('/'))
            .filter(|rest| !rest.is_empty() && !rest.contains('/'))
    }

    fn add_folder(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            if entry.file_type()?.is_dir() {
                if is_ours(&name) && !entry.path().join("CACHEDIR.TAG").exists() {
                    self.add_folder(&entry.path(), &format!("{path}/"))?;
                    self.paths.insert(path);
                }
            } else {
                if is_text(&path) {
                    self.add_source(path.clone(), fs::read_to_string(entry.path())?);
                }
                self.paths.insert(path);
            }
        }
        Ok(())
    }

    fn add_source(&mut self, path: String, text: String) {
        let code = if path.ends_with(".rs") {
            source::code_only(&text)
        } else {
            String::new()
        };
        self.sources.push(SourceFile { path, text, code });
    }
}

fn is_ours(folder: &str) -> bool {
    match folder.strip_prefix('.') {
        Some(hidden) => matches!(hidden, "ci" | "cargo" | "github"),
        None => !matches!(folder, "target" | "proptest-regressions"),
    }
}

fn is_text(path: &str) -> bool {
    let extension = Path::new(path)
        .extension()
        .and_then(|extension| extension.to_str());
    path == ".ci/run"
        || matches!(
            extension,
            Some("rs" | "md" | "toml" | "txt" | "py" | "trace" | "yml" | "sh")
        )
}

/// A package of the workspace, from its manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its folder from the root, with `/` between the parts.
    pub(crate) folder: String,
    /// Its direct dependencies of every kind.
    pub(crate) dependencies: Vec<Dependency>,
    /// The names of its features, sorted.
    pub(crate) features: Vec<String>,
}

/// A line of a manifest's dependency tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// The package depended on, not the name it may be renamed to.
    pub(crate) name: String,
    /// Only for tests and examples.
    pub(crate) dev: bool,
    /// Only in the builds for which loom explores interleavings.
    pub(crate) loom: bool,
}

/// The members of the workspace.
pub(crate) fn packages(sh: &Shell) -> Result<Vec<Package>> {
    parse_packages(&manifests(sh)?)
}

/// What cargo reads from the manifests alone: no network, no resolution.
fn manifests(sh: &Shell) -> Result<Value> {
    let json = cmd!(sh, "cargo metadata --format-version 1 --no-deps --offline")
        .quiet()
        .read()?;
    Ok(serde_json::from_str(&json)?)
}

fn parse_packages(metadata: &Value) -> Result<Vec<Package>> {
    let root = Path::new(text(metadata, "workspace_root")?);
    let mut packages = Vec::new();
    for package in list(metadata, "packages")? {
        let manifest = Path::new(text(package, "manifest_path")?);
        let folder = manifest.parent().unwrap_or(root);
        let mut dependencies = Vec::new();
        for dependency in list(package, "dependencies")? {
            dependencies.push(Dependency {
                name: text(dependency, "name")?.to_owned(),
                dev: dependency["kind"] == "dev",
                loom: dependency["target"] == "cfg(loom)",
            });
        }
        let features = package["features"].as_object();
        packages.push(Package {
            name: text(package, "name")?.to_owned(),
            features: features.map_or_else(Vec::new, |named| named.keys().cloned().collect()),
            folder: folder
                .strip_prefix(root)?
                .to_string_lossy()
                .replace('\\', "/"),
            dependencies,
        });
    }
    packages.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(packages)
}

/// A text field of a JSON object.
pub(crate) fn text<'a>(object: &'a Value, field: &str) -> Result<&'a str> {
    object[field]
        .as_str()
        .ok_or_else(|| format!("cargo metadata has no text `{field}`").into())
}

/// A list field of a JSON object.
pub(crate) fn list<'a>(object: &'a Value, field: &str) -> Result<&'a [Value]> {
    let list = object[field].as_array().map(Vec::as_slice);
    list.ok_or_else(|| format!("cargo metadata has no list `{field}`").into())
}

#[cfg(test)]
mod tests;
