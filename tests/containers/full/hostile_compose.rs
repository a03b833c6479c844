//! Hostile Compose projects with the real Compose: either an error with file and line, or an overlay from
//! which Compose merges only our keys. The limits of each program stop files that would use all memory.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;

use serde_json::Value;
use trust_init::compose::project::files::{ProjectOptions, find};
use trust_init::compose::project::read::{ReadNote, read};
use trust_init::sys::diagnostic::Diagnostic;

use crate::model::{Desk, compose, differences, next};
use crate::setup::golden::named;
use crate::site::Folder;
use crate::support::hostile::{Hostile, documented};

/// Reads the project by Compose, as `setup` does, and returns the note or the error.
fn read_by_compose(desk: &Desk, hostile: &Hostile) -> Result<Option<ReadNote>, Diagnostic> {
    let words = hostile.words.windows(2).filter(|pair| pair[0] == "-f");
    let files: Vec<_> = words.map(|pair| desk.path(&pair[1])).collect();
    let directory = files.is_empty().then(|| desk.path(""));
    let shell =
        ["PATH", "HOME"].map(|name| (OsString::from(name), std::env::var_os(name).unwrap()));
    let place = find(
        &ProjectOptions { files, directory, ..ProjectOptions::default() },
        &shell.into_iter().collect(),
        &desk.path(""),
    )
    .unwrap();
    read(&place).map(|(_, note)| note)
}

/// Returns the model with variables as a process receives them: Compose splits `A=B=C` in more than one way.
fn as_started(mut model: Value) -> Value {
    for service in model["services"].as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
        let Some(variables) = service["environment"].as_object_mut() else { continue };
        let odd: Vec<_> = variables.keys().filter(|name| name.contains('=')).cloned().collect();
        for whole in odd {
            let value = variables.remove(&whole).unwrap();
            let (name, start) = whole.split_once('=').unwrap();
            variables
                .insert(name.to_owned(), format!("{start}={}", value.as_str().unwrap()).into());
        }
    }
    model
}

fn here(desk: &Desk) -> String {
    desk.path("").to_str().unwrap().trim_end_matches('/').to_owned()
}

fn outcome(hostile: &Hostile, certificates: &Desk) -> String {
    let shown = &hostile.fault;
    let desk = Desk(Folder::new());
    fs::create_dir(desk.path("certs")).unwrap();
    for name in ["ca.crt", "ca.key"] {
        fs::copy(certificates.path("certs").join(name), desk.path("certs").join(name)).unwrap();
    }
    hostile.lay_out(&desk.path(""));
    let said = match read_by_compose(&desk, hostile) {
        Ok(None) => String::new(),
        Ok(Some(note)) => Diagnostic::from(&note).to_string(),
        Err(error) => {
            let line = error.to_string();
            assert!(
                !error.fix().is_empty() && !line.contains(char::is_control),
                "{shown}: {error:?}"
            );
            // Compose does not always print a cycle from the same start.
            let line = line.split(":; ").next().unwrap();
            return line.replace(&here(&desk), "HERE");
        }
    };
    let words = &hostile.words;
    let mut outcome = desk.setup_alone(words);
    if outcome.code != 0 {
        // Only Compose can resolve some projects.
        outcome = desk.setup(words);
    }
    if outcome.code != 0 {
        let error = outcome.stderr.split_once("trust-compose: error: ");
        let error = error.unwrap_or_else(|| panic!("{shown}: {outcome}")).1;
        return error.lines().next().unwrap().replace(&here(&desk), "HERE");
    }
    if let Some(line) = said.lines().next() {
        return format!("overlay, and a warning: {}", line.replace(here(&desk).as_str(), "HERE"));
    }
    let overlay = desk.read("docker-compose.ca.yml");
    let (trusted, off) = named(&overlay, words);
    let (before, after) = (desk.model(&compose(words)), desk.model(&next(&outcome)));
    let (before, after) = (as_started(before), as_started(after));
    let found = differences(&before, &after, &trusted, &off);
    assert!(found.is_empty(), "{shown}: {found:#?}\n{overlay}");
    let none = BTreeSet::new();
    assert!(
        trusted.is_empty() || !differences(&before, &after, &none, &none).is_empty(),
        "{shown}"
    );
    "overlay".to_owned()
}

#[test]
fn each_is_refused_or_gets_only_our_keys() {
    let certificates = Desk::new();
    documented("with Compose", |hostile| outcome(hostile, &certificates));
}
