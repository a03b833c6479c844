//! Names of directories and files that try to escape from the files that contain them: every mount of the
//! overlay has an existing source; --check succeeds; and removal leaves no trace.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use serde_yaml::Value;

use crate::desk::{Desk, trust_compose};
use crate::support::document::is_between;
use crate::support::odd_names::{ALL, NAMES, Odd, What};
use crate::world::Outcome;

fn run(at: &Path, words: &[impl AsRef<std::ffi::OsStr>]) -> Outcome {
    let mut command = Command::new("/usr/bin/timeout");
    command.args(["-s", "KILL", "20"]).arg(trust_compose()).args(words).current_dir(at);
    Outcome(command.env_clear().env("PATH", "/nowhere").output().unwrap())
}

/// Returns `overlay`, or the error.
fn outcome(certificates: &Desk, what: What, name: &[u8]) -> String {
    let shown = name.escape_ascii().to_string();
    let desk = Desk::new();
    let odd = Odd::lay_out(&desk.path("."), &certificates.path("certs"), what, name);
    let before = desk.contents(".");
    let result = run(&odd.project, &odd.words);
    let is_plain = |c: char| c == '\n' || !c.is_control();
    assert!(result.stderr().chars().all(is_plain), "{shown}: {:?}", result.stderr());
    assert!(result.stdout().chars().all(is_plain), "{shown}: {:?}", result.stdout());
    if result.0.status.code() != Some(0) {
        assert!(desk.contents(".") == before, "{shown}: a file has changed");
        let stderr = result.stderr();
        let error = stderr.split_once("error: ").unwrap_or_else(|| panic!("{shown}: {stderr}")).1;
        let here = desk.path("").display().to_string();
        return error.lines().next().unwrap().replace(here.trim_end_matches('/'), "HERE");
    }
    let read = |name: &str| std::fs::read_to_string(odd.project.join(name)).unwrap();
    let overlay = read("docker-compose.ca.yml");
    let tree: Value = serde_yaml::from_str(&overlay).unwrap();
    assert_eq!(tree.as_mapping().unwrap().len(), 1, "{shown}: {overlay}");
    let services = tree["services"].as_mapping().unwrap();
    assert!(services.keys().all(|name| name == "agent" || name == "web"), "{shown}: {overlay}");
    for mount in services.values().flat_map(|one| one["volumes"].as_sequence().unwrap()) {
        let source = mount["source"].as_str().unwrap();
        assert!(!source.replace("$$", "").contains('$'), "{shown}: {overlay}");
        let file = odd.project.join(source.replace("$$", "$"));
        assert!(file.is_file(), "{shown}: {} does not exist\n{overlay}", file.display());
    }
    // Our block has three lines, the second of which is an assignment.
    let lines: Vec<_> = read(".env").lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 3, "{shown}: {lines:?}");
    assert!(lines[1].starts_with("COMPOSE_FILE="), "{shown}: {lines:?}");
    let ignored = read(".gitignore");
    assert_eq!(ignored.lines().count(), 5, "{shown}: {ignored}");

    // A Compose file with another name is given with -f each time.
    let named = odd.words.iter().skip_while(|word| *word != "-f");
    let again = |word: &'static str| {
        std::iter::once(OsStr::new(word)).chain(named.clone().map(OsString::as_os_str))
    };
    let check =
        run(&odd.project, &again("setup").chain([OsStr::new("--check")]).collect::<Vec<_>>());
    assert_eq!(check.stdout(), "in step\n", "{shown}: {}", check.stderr());
    run(&odd.project, &again("remove").collect::<Vec<_>>()).succeeds();
    assert!(desk.contents(".") == before, "{shown}: not restored");
    "overlay".to_owned()
}

#[test]
fn no_name_breaks_out_of_a_written_file() {
    let certificates = Desk::with(&["reflector.local"]);
    let mut text = String::new();
    let mut wrong = Vec::new();
    for (what, title) in ALL {
        let _ = write!(text, "\n### {title}\n\n| name | outcome |\n|---|---|\n");
        for (fault, name) in NAMES {
            let seen = std::panic::catch_unwind(|| outcome(&certificates, what, name));
            let seen = seen.unwrap_or_else(|_| {
                wrong.push((what, fault));
                String::new()
            });
            let _ = writeln!(text, "| {fault} | {} |", seen.replace('|', "\\|"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    is_between("tests/snapshots/inputs/compose.md", "names", &text);
}
