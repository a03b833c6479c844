//! Hostile or damaged Compose projects: each has a fault, the files with that fault, and the arguments of
//! `setup`. tests/it runs them without docker, tests/containers with Compose; both write
//! tests/snapshots/inputs/compose.md.

mod files;
mod large;
mod names;
mod values;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::thread;

/// The arguments of `setup` unless a project has its own.
pub const CA: [&str; 2] = ["--custom-ca", "certs/ca.crt"];

/// The number of projects that run in parallel.
const AT_ONCE: usize = 4;

/// A hostile project.
#[derive(Clone)]
pub struct Hostile {
    /// The fault of the project: its name in the document.
    pub fault: String,
    /// Its files, the Compose file first.
    pub files: Vec<(String, Vec<u8>)>,
    /// The arguments of `setup`.
    pub words: Vec<String>,
}

impl Hostile {
    fn new(fault: impl Into<String>, text: impl Into<Vec<u8>>) -> Self {
        let files = vec![("docker-compose.yml".to_owned(), text.into())];
        let words = CA.map(str::to_owned).into();
        Self { fault: fault.into(), files, words }
    }

    fn and(mut self, name: &str, text: impl Into<Vec<u8>>) -> Self {
        self.files.push((name.to_owned(), text.into()));
        self
    }

    fn with(mut self, words: &[&str]) -> Self {
        self.words = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Writes the project into a directory that contains certs/.
    pub fn lay_out(&self, directory: &Path) {
        for (name, bytes) in &self.files {
            let path = directory.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
}

/// Returns every project, by the headings of the document.
pub fn all() -> Vec<(&'static str, Vec<Hostile>)> {
    let all = vec![
        ("Aliases, cycles and depth", files::cycles()),
        ("Tags and keys", files::tags()),
        ("Bytes and documents", files::bytes()),
        ("Size", large::large()),
        ("Old YAML", values::old()),
        ("Forms", values::forms()),
        ("Names", names::names()),
        ("Dollar signs", names::dollars()),
        ("Paths", names::paths()),
    ];
    let faults: BTreeMap<_, _> =
        all.iter().flat_map(|(_, part)| part).map(|one| (&one.fault, one)).collect();
    assert_eq!(
        faults.len(),
        all.iter().map(|(_, part)| part.len()).sum::<usize>(),
        "two projects have the same name"
    );
    all
}

/// The columns of the document after the name.
const COLUMNS: [&str; 2] = ["without docker", "with Compose"];

/// Compares a column of the document's tables with the outcome of each project; UPDATE_SNAPSHOT=1 writes
/// it.
#[track_caller]
pub fn documented(column: &str, outcome: impl Fn(&Hostile) -> String + Sync) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/inputs/compose.md");
    let old = fs::read_to_string(&path).unwrap();
    let mut known: BTreeMap<String, [String; 2]> = BTreeMap::new();
    for line in old.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")) {
        if let [fault, alone, compose] = line.split(" | ").collect::<Vec<_>>()[..] {
            known.insert(fault.to_owned(), [alone, compose].map(str::to_owned));
        }
    }
    let column = COLUMNS.iter().position(|name| *name == column).unwrap();
    let all = all();
    let seen = seen(all.iter().flat_map(|(_, part)| part).collect(), &outcome);
    let mut text = old.split_once("\n## Projects\n").unwrap().0.to_owned() + "\n## Projects\n";
    for (heading, part) in &all {
        let _ = write!(
            text,
            "\n### {heading}\n\n| project | {} |\n|---|---|---|\n",
            COLUMNS.join(" | ")
        );
        for fault in part.iter().map(|hostile| &hostile.fault) {
            let outcomes = known.entry(cell(fault)).or_default();
            if let Some(outcome) = seen.get(fault) {
                outcomes[column] = cell(outcome);
            }
            let _ = writeln!(text, "| {} | {} | {} |", cell(fault), outcomes[0], outcomes[1]);
        }
    }
    if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let count = all.iter().map(|(_, part)| part.len()).sum::<usize>();
    assert_eq!(seen.len(), count, "the outcome of the other projects is wrong");
    let old = fs::read_to_string(&path).unwrap();
    for (old, new) in old.lines().zip(text.lines()) {
        assert_eq!(new, old, "{}", path.display());
    }
    assert_eq!(text, old);
}

/// Returns the outcome of each project, several in parallel. A project whose assertions fail prints the
/// failure and is left out.
fn seen(
    all: Vec<&Hostile>,
    outcome: &(impl Fn(&Hostile) -> String + Sync),
) -> BTreeMap<String, String> {
    let (waiting, seen) = (Mutex::new(all.into_iter()), Mutex::new(BTreeMap::new()));
    let work = || loop {
        let next = waiting.lock().unwrap().next();
        let Some(hostile) = next else { break };
        if let Ok(outcome) = catch_unwind(AssertUnwindSafe(|| outcome(hostile))) {
            seen.lock().unwrap().insert(hostile.fault.clone(), outcome);
        }
    };
    thread::scope(|scope| (0..AT_ONCE).for_each(|_| _ = scope.spawn(work)));
    seen.into_inner().unwrap()
}

/// Escapes text for a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
