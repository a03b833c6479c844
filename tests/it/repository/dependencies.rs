//! docs/dependencies.md, from the sources: the crates in the programs, what each can do and whether it has
//! been reviewed; and supply-chain/, the record, in which no crate is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The platform of the document, so that it is the same on every machine.
const TARGET: &str = "x86_64-unknown-linux-gnu";

const INTRODUCTION: &str = "# Dependencies

The crates that are linked into the programs for Linux, with facts from their source. Only *reviewed* is a
judgement: the crate was read in full for this project, in this version, and does what its documentation says. The
notes of the reviews are in supply-chain/audits.toml (cargo-vet's format; `cargo vet --locked` works offline).
supply-chain/config.toml exempts all other crates by name and version: they were not reviewed.

    UPDATE_SNAPSHOT=1 cargo test --test it dependencies   # writes this page

*unsafe*: lines with that word, or `forbidden` if the crate forbids it. *when building*: the crate has a program that
runs on the build machine. *can*: its code uses files, network, processes or environment of the standard library, or
C (functions of other languages). Comments, and the crate's tests in separate files, are not counted.
";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cargo(words: &[&str]) -> String {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output =
        Command::new(cargo).args(words).arg("--locked").current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

type Name = (String, String);

/// Returns the crates that `cargo tree` lists, without our own.
fn tree(words: &[&str]) -> BTreeSet<Name> {
    let start = ["tree", "--target", TARGET, "--prefix", "none", "--format", "{p}", "--edges"];
    let text = cargo(&[&start[..], words].concat());
    let names = text.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?.to_owned(), words.next()?.trim_start_matches('v').to_owned()))
    });
    names.filter(|(name, _)| name != "trust-init").collect()
}

/// Returns the crates in a file of supply-chain/: `[[KIND.NAME]]` and `version = "…"`.
fn recorded(file: &str, kind: &str) -> BTreeSet<Name> {
    let text = fs::read_to_string(root().join("supply-chain").join(file)).unwrap();
    let begin = format!("[[{kind}.");
    let parts = text.split(&begin).skip(1).map(|part| {
        let (name, rest) = part.split_once("]]").unwrap();
        let (_, version) = rest.split_once("version = \"").unwrap();
        (name.trim_matches('"').to_owned(), version.split('"').next().unwrap().to_owned())
    });
    parts.collect()
}

fn locked(file: &str) -> BTreeSet<Name> {
    let text = fs::read_to_string(root().join(file)).unwrap();
    let value = |part: &str, key: &str| {
        let (_, rest) = part.split_once(&format!("{key} = \"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let parts = text.split("[[package]]").skip(1).filter(|part| part.contains("\nsource = "));
    parts.map(|part| (value(part, "name"), value(part, "version"))).collect()
}

/// An exemption means that the crate has not been reviewed; UPDATE_SNAPSHOT=1 writes the exemptions.
#[test]
fn every_crate_is_reviewed_or_exempted_by_name_and_version() {
    let reviewed = recorded("audits.toml", "audits");
    let locked = locked("Cargo.lock");
    let gone: Vec<_> = reviewed.difference(&locked).collect();
    assert!(gone.is_empty(), "reviewed, but no longer a dependency: {gone:?}");
    if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
        let mut text = "\n# cargo-vet config file\n\n[cargo-vet]\nversion = \"0.10\"\n".to_owned();
        for (name, version) in locked.difference(&reviewed) {
            let rest = format!("version = \"{version}\"\ncriteria = \"safe-to-deploy\"\n");
            let _ = write!(text, "\n[[exemptions.{name}]]\n{rest}");
        }
        fs::write(root().join("supply-chain/config.toml"), text).unwrap();
    }
    let exempted = recorded("config.toml", "exemptions");
    assert_eq!(exempted, locked.difference(&reviewed).cloned().collect());
}

/// A pre-release is unstable (https://semver.org, item 9). An exception is added here by name, with its reason.
#[test]
fn no_crate_is_a_pre_release() {
    for (name, version) in ["Cargo.lock", "fuzz/Cargo.lock"].into_iter().flat_map(locked) {
        // After a plus sign are notes about the build.
        let is_release = !version.split('+').next().unwrap().contains('-');
        assert!(is_release, "{name} {version}");
    }
}

/// Returns the Rust files of a crate, without tests, benchmarks and examples.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let (mut found, mut waiting) = (Vec::new(), vec![directory.to_path_buf()]);
    while let Some(directory) = waiting.pop() {
        for path in directory.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_str().unwrap();
            let is_test =
                ["tests", "benches", "examples", "fuzz", "tests.rs", "test.rs"].contains(&name);
            if path.is_dir() && !is_test {
                waiting.push(path);
            } else if name.ends_with(".rs") && !is_test {
                found.push(path);
            }
        }
    }
    found
}

/// Facts about a crate from its sources.
struct Facts {
    is_forbidden: bool,
    unsafe_lines: usize,
    abilities: BTreeSet<&'static str>,
}

fn facts(directory: &Path) -> Facts {
    let mut facts = Facts { is_forbidden: false, unsafe_lines: 0, abilities: BTreeSet::new() };
    for path in sources(directory) {
        let text = fs::read_to_string(path).unwrap_or_default();
        for line in text.lines().map(|line| line.split("//").next().unwrap()) {
            facts.is_forbidden |= line.contains("#![forbid(") && line.contains("unsafe_code");
            if line.contains("unsafe") {
                let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
                facts.unsafe_lines += usize::from(words.any(|word| word == "unsafe"));
            }
            for (sign, ability) in [
                ("std::fs", "files"),
                ("std::net", "network"),
                ("process::Command", "processes"),
                ("std::process::", "processes"),
                ("std::env::", "environment"),
                ("use std::env", "environment"),
                ("extern \"C\"", "C"),
            ] {
                if line.contains(sign) {
                    facts.abilities.insert(ability);
                }
            }
        }
    }
    facts
}

/// Returns the reason for a crate: the comment in Cargo.toml, or the crates that depend on it.
fn reasons(metadata: &Value, among: &BTreeSet<Name>) -> BTreeMap<String, String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap().split("\n[").next().unwrap();
    let mut reasons = BTreeMap::new();
    for line in section.lines().filter(|line| line.contains(" = ")) {
        let (name, rest) = line.split_once(" = ").unwrap();
        let name = rest
            .split_once("package = \"")
            .map_or(name, |(_, rest)| rest.split('"').next().unwrap());
        reasons.insert(name.to_owned(), rest.rsplit_once(" # ").unwrap().1.to_owned());
    }
    let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        if among.iter().any(|(among, _)| among == name) {
            for dependency in package["dependencies"].as_array().unwrap() {
                if dependency["kind"].is_null() {
                    let of = dependency["name"].as_str().unwrap();
                    wanted.entry(of.to_owned()).or_default().insert(name.to_owned());
                }
            }
        }
    }
    for (name, by) in wanted {
        let by = by.into_iter().collect::<Vec<_>>().join(", ");
        reasons.entry(name).or_insert(format!("for {by}"));
    }
    reasons
}

fn table(out: &mut String, metadata: &Value, names: &BTreeSet<Name>, among: &BTreeSet<Name>) {
    let reasons = reasons(metadata, among);
    let reviewed = recorded("audits.toml", "audits");
    let packages = metadata["packages"].as_array().unwrap();
    out.push_str(
        "| crate | why | unsafe | when building | can | reviewed |\n|---|---|---|---|---|---|\n",
    );
    for (name, version) in names {
        let package = packages
            .iter()
            .find(|package| package["name"] == **name && package["version"] == **version);
        let package = package.unwrap_or_else(|| panic!("{name} {version} is missing"));
        let directory = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap();
        let Facts { is_forbidden, unsafe_lines, abilities } = facts(&directory.join("src"));
        let number = if is_forbidden { "forbidden".to_owned() } else { unsafe_lines.to_string() };
        let targets = package["targets"].as_array().unwrap();
        let builds = targets.iter().any(|target| target["kind"][0] == "custom-build");
        let abilities = abilities.into_iter().collect::<Vec<_>>().join(", ");
        let repository = package["repository"].as_str().unwrap_or_default();
        let crate_name =
            if repository.is_empty() { name.clone() } else { format!("[{name}]({repository})") };
        let reason = reasons.get(name).map_or("", String::as_str);
        let is_reviewed =
            if reviewed.contains(&(name.clone(), version.clone())) { "yes" } else { "" };
        let build = if builds { "a program" } else { "" };
        let _ = writeln!(
            out,
            "| {crate_name} {version} | {reason} | {number} | {build} | {abilities} | {is_reviewed} |"
        );
    }
}

#[test]
fn docs_dependencies_matches_the_sources() {
    let text = cargo(&["metadata", "--format-version", "1", "--filter-platform", TARGET]);
    let metadata: Value = serde_json::from_str(&text).unwrap();
    let entrypoint = tree(&["normal,no-proc-macro", "--no-default-features"]);
    let all = tree(&["normal,no-proc-macro"]);
    let build = tree(&["normal,build"]);
    let mut out = INTRODUCTION.to_owned();
    out.push_str("\n## In trust-init\n\n");
    table(&mut out, &metadata, &entrypoint, &entrypoint);
    out.push_str("\n## In trust-compose and trust-doctor besides\n\n");
    table(&mut out, &metadata, &all.difference(&entrypoint).cloned().collect(), &all);
    out.push_str("\n## Only while building\n\nProcedural macros and what build scripts use.\n\n");
    table(&mut out, &metadata, &build.difference(&all).cloned().collect(), &build);
    let path = root().join("docs/dependencies.md");
    if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
        fs::write(&path, &out).unwrap();
    }
    let expected = fs::read_to_string(path).unwrap();
    for (found, expected) in out.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(out, expected);
}
