//! The rules of the repository: what the documents promise is what the code does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use trust_init::trust::variables::{TABLE, TrustVariable};

use crate::repository::modules::{ROOMS, circles, modules, named, room};
use crate::support::document::is_between;

/// Known import cycles between the files of a room. The aim is an empty list.
const KNOWN_CIRCLES: &[&[&str]] = &[];

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// Returns the files that git tracks with one of these endings.
pub fn files(endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![root().to_path_buf()];
    while let Some(directory) = waiting.pop() {
        for entry in directory.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_name().unwrap().to_str().unwrap();
            if entry.is_dir() && name != "target" && name != ".git" {
                waiting.push(entry);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(entry);
            }
        }
    }
    found
}

#[test]
fn every_source_file_has_a_header_and_is_short() {
    for path in files(&[".rs"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{}: no header", path.display());
        let lines = text.lines().count();
        assert!(lines <= 350, "{}: {lines} lines", path.display());
    }
}

#[test]
fn every_room_names_only_the_rooms_below_it() {
    let mut wrong = Vec::new();
    for (module, paths) in modules() {
        let (_, may) = ROOMS.iter().find(|(name, _)| *name == room(&module)).unwrap();
        wrong.extend(
            paths
                .iter()
                .filter(|path| !may.contains(&room(path)))
                .map(|path| format!("{module} names crate::{path}")),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_form_no_import_cycle_except_known_ones() {
    let modules = modules();
    let circles = circles(&modules);
    let is_in = |circle: &[&str], known: &[&str]| circle.iter().all(|file| known.contains(file));
    for circle in &circles {
        let rooms: BTreeSet<_> = circle.iter().map(|module| room(module)).collect();
        assert_eq!(rooms.len(), 1, "a cycle between rooms: {circle:?}");
        let is_known = KNOWN_CIRCLES.iter().any(|known| is_in(circle, known));
        assert!(is_known, "a new cycle: {circle:?}");
    }
    for known in KNOWN_CIRCLES {
        let remains = circles.iter().any(|circle| is_in(circle, known));
        assert!(remains, "this cycle is gone, remove it from KNOWN_CIRCLES: {known:?}");
    }
}

#[test]
fn the_paths_of_a_module_are_found_in_every_form() {
    let text = "use crate::a::{self, b::{C, d as e}, f::*};\nuse super::super::g::H;\n\
                use self::i;\n// crate::no\nfn x(_: crate::j::K<super::L>) { m::crate::no() }\n";
    let found: Vec<_> = named(text, "compose::setup::write").into_iter().collect();
    let expected = [
        "a",
        "a::b::C",
        "a::b::d",
        "a::f",
        "compose::g::H",
        "compose::setup::L",
        "compose::setup::write::i",
        "j::K",
    ];
    assert_eq!(found, expected);
}

#[test]
fn every_public_item_is_documented() {
    for path in files(&[".rs"]).iter().filter(|path| path.starts_with(root().join("src"))) {
        let text = std::fs::read_to_string(path).unwrap();
        let lines: Vec<_> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let item = line.trim_start();
            let is_item = ["fn ", "struct ", "enum ", "const ", "trait ", "type "]
                .iter()
                .any(|kind| item.strip_prefix("pub ").is_some_and(|item| item.starts_with(kind)));
            let above =
                lines[..index].iter().rev().find(|line| !line.trim_start().starts_with("#["));
            let documented = above.is_some_and(|line| line.trim_start().starts_with("///"));
            assert!(!is_item || documented, "{}: {line}", path.display());
        }
    }
}

#[test]
fn the_variable_table_in_the_readme_equals_the_code() {
    let mut table = String::from("| variable | read by | names | rule |\n|---|---|---|---|\n");
    for row in TABLE {
        let TrustVariable { name, readers, target, rule, .. } = row;
        table.push_str(&format!("| `{name}` | {readers} | {} | {rule} |\n", target.words()));
    }
    is_between("README.md", "variables", &table);
}

#[test]
fn security_lists_every_crate_in_the_program() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["tree", "--locked", "--no-default-features", "--edges", "normal,no-proc-macro"]);
    command.args(["--prefix", "none", "--format", "{p}"]).current_dir(root());
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let crates: BTreeSet<_> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    let list: String = crates
        .into_iter()
        .filter(|name| *name != "trust-init")
        .map(|name| format!("- {name}\n"))
        .collect();
    is_between("SECURITY.md", "dependencies", &list);
}

#[test]
fn every_switch_of_verification_has_a_source() {
    for switch in trust_init::trust::variables::insecure::SWITCHES {
        let is_known =
            switch.source.starts_with("https://") || switch.source.contains("no single document");
        assert!(is_known, "{}: {}", switch.name, switch.source);
    }
}

#[test]
fn every_dependency_has_a_reason() {
    let text = read("Cargo.toml");
    let dependencies = text.split("dependencies]\n").skip(1);
    for section in dependencies {
        let lines = section.lines().take_while(|line| !line.starts_with('['));
        for line in lines.filter(|line| line.contains(" = ")) {
            assert!(line.contains(" # "), "{line}");
        }
    }
}

#[test]
fn the_changelog_has_this_version() {
    let heading = concat!("## ", env!("CARGO_PKG_VERSION"), " ");
    assert!(read("CHANGELOG.md").lines().any(|line| line.starts_with(heading)));
}

#[test]
fn links_between_the_documents_have_a_target() {
    for path in files(&[".md"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        for (_, rest) in text.match_indices("](").map(|(at, _)| text.split_at(at + 2)) {
            let target = rest.split(')').next().unwrap().split('#').next().unwrap();
            if !target.is_empty() && !target.contains("://") {
                let found = path.parent().unwrap().join(target);
                assert!(found.exists(), "{}: {target}", path.display());
            }
        }
    }
}

#[test]
fn ci_runs_the_readmes_test_command_and_nothing_else() {
    assert!(read("README.md").contains("\n./scripts/test.sh "));
    let commands: Vec<_> = read(".ci/run").lines().map(str::to_owned).collect();
    let commands: Vec<_> = commands.iter().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(commands, ["exec \"$(dirname \"${BASH_SOURCE[0]}\")/../scripts/test.sh\""]);
}

#[test]
fn every_setting_is_in_the_help_text() {
    let help = read("src/init/help.txt");
    for name in trust_init::trust::settings::VARIABLES {
        assert!(help.contains(name), "{name}");
    }
}
