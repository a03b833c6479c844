//! docs/compatibility.md and the totals in README, as what was measured writes them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use super::table::{Client, clients};
use crate::engine::repository;

const DOCUMENT: &str = "docs/compatibility.md";

/// What reaches a client: the heading of its column, and what README calls it.
pub const MEANS: [(&str, &str); 6] = [
    ("variables", "the variables"),
    ("`--java`", "`--java`, which is on where a JVM is found"),
    ("`--grpc-roots`", "`--grpc-roots`"),
    ("`--runtime`", "`--runtime php,wget,erlang`"),
    ("`--install-store`", "`--install-store`"),
    ("overlay alone", "the overlay of `trust-compose`, with no trust-init in the container"),
];

/// What was found of one client in one image.
#[derive(Clone, Debug)]
pub struct Row {
    pub version: String,
    /// For each of [`MEANS`]; nothing where it was not tried because the variables reach it.
    pub reached: [Option<bool>; 6],
    /// Before and with the CA.
    pub public: [bool; 2],
}

/// By runtime, name and image.
pub type Rows = BTreeMap<(&'static str, &'static str, &'static str), Row>;

const YES: &str = "yes";

impl Row {
    /// Without trust-compose, which is another way to do the same.
    pub fn is_reached(&self) -> bool {
        self.reached[..5].contains(&Some(true))
    }

    fn line(&self, client: &Client, image: &str) -> String {
        let reached = self.reached.map(|reached| match reached {
            Some(true) => YES,
            Some(false) => "no",
            None => "",
        });
        let public = match self.public {
            [true, _] => "kept",
            [false, true] => "gained",
            [false, false] => "own",
        };
        let reason = if self.is_reached() { "" } else { client.reason };
        let first = [client.name, &self.version, image.trim_start_matches("runtimes-")];
        format!("| {} |", [&first[..], &reached, &[public, reason]].concat().join(" | "))
    }

    fn read(cells: &[&str]) -> Option<Self> {
        let [_, version, _, reached @ .., public, _] = cells else { return None };
        let mut row =
            Self { version: (*version).to_owned(), reached: [None; 6], public: [false, false] };
        for (to, cell) in row.reached.iter_mut().zip(reached) {
            *to = (!cell.is_empty()).then_some(*cell == YES);
        }
        row.public = [*public == "kept", *public != "own"];
        Some(row)
    }
}

/// The rows of the document as it is.
fn written() -> Rows {
    let text = fs::read_to_string(repository().join(DOCUMENT)).unwrap_or_default();
    let mut lines = BTreeMap::new();
    let mut runtime = "";
    for line in text.lines() {
        runtime = line.strip_prefix("## ").unwrap_or(runtime);
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        if let [_, cells @ .., _] = &cells[..]
            && let [name, _, image, ..] = cells
            && let Some(row) = Row::read(cells)
        {
            lines.insert((runtime, *name, *image), row);
        }
    }
    let mut rows = Rows::new();
    for client in clients() {
        for image in client.images {
            let key = (client.runtime, client.name, image.trim_start_matches("runtimes-"));
            if let Some(row) = lines.remove(&key) {
                rows.insert((client.runtime, client.name, image), row);
            }
        }
    }
    rows
}

/// Of each of `clients` in `image`, whether it trusts the public server without a CA; `None` if the document
/// does not know all of them.
pub fn known(image: &'static str, clients: &[Client]) -> Option<Vec<bool>> {
    let rows = written();
    let row = |client: &Client| rows.get(&(client.runtime, client.name, image));
    clients.iter().map(|client| row(client).map(|row| row.public[0])).collect()
}

const HEAD: &str = "\
# Who trusts, and by what

Written by the tests (tests/containers/runtimes, `MATRIX=full UPDATE_SNAPSHOT=1`), which ask each client
in a container about six servers: the private CA's, one behind an intermediate of it, a public one, a
stranger's, an expired one and one of another name. Whoever is reached accepts the first two, and nobody
accepts any of the last three, as root and hardened (`--user 1000 --read-only --cap-drop ALL
--security-opt no-new-privileges`). Without a CA everybody finds what they find without trust-init.

- **yes** the private CA is trusted by this means, **no** it is not; empty: not needed, the variables reach it.
- **public** tells of a CA that is among the image's own roots, certifi's and Java's: *kept* trusted before and
  afterwards; *gained* trusted afterwards, for before that only roots in the program counted; *own* trusted
  neither way: its public roots are compiled in, and stay.
- **in** names the image: a suite of Debian, or what else tests/containers makes (bases.sh, runtimes/images).
- **overlay alone** is what `trust-compose setup --service NAME=trust` writes for a service with
  TRUST_INIT_GRPC_ROOTS=1 and TRUST_INIT_RUNTIMES=php,wget,erlang, with no trust-init in the container.

";

/// How many there are of each kind, of how many clients.
fn counts(rows: &Rows) -> (usize, [usize; 6], usize) {
    let clients = rows.keys().map(|(runtime, name, _)| (runtime, name)).collect::<BTreeSet<_>>();
    let mut reached = [0; 6];
    for row in rows.values() {
        for (count, is_reached) in reached.iter_mut().zip(row.reached) {
            *count += usize::from(is_reached == Some(true));
        }
    }
    let lost = rows.values().filter(|row| !row.is_reached()).count();
    (clients.len(), reached, lost)
}

fn totals(rows: &Rows) -> String {
    let (clients, reached, lost) = counts(rows);
    let mut text = format!(
        "{clients} clients, {} with each version and system they were tried in:\n\n\
         | reached by | of them |\n|---|---|\n",
        rows.len()
    );
    for (number, ((_, words), count)) in MEANS.iter().zip(reached).enumerate() {
        let besides = if (1..5).contains(&number) { "of the others " } else { "" };
        let _ = writeln!(text, "| {besides}{words} | {count} |");
    }
    let _ = writeln!(text, "| nothing in the container but their owner | {lost} |");
    text
}

/// The same in a sentence.
fn sentence(rows: &Rows) -> String {
    let (clients, [variables, java, grpc, runtime, store, overlay], lost) = counts(rows);
    format!(
        "{clients} real clients were tried, {} with each version: the variables reach {variables}; of the \
         others\n`--java` reaches {java}, `--grpc-roots` {grpc}, `--runtime` {runtime}, `--install-store` \
         {store}; nothing reaches {lost}.\nThe overlay alone reaches {overlay}.\n",
        rows.len()
    )
}

fn document(rows: &Rows) -> String {
    let mut text = HEAD.to_owned() + &totals(rows);
    let mut runtime = "";
    for client in clients() {
        if client.runtime != runtime {
            runtime = client.runtime;
            let means = MEANS.map(|(heading, _)| heading).join(" | ");
            let _ = write!(
                text,
                "\n## {runtime}\n\n| client | version | in | {means} | public | why not, and what its owner can do |\n|{}\n",
                "---|".repeat(11)
            );
        }
        for image in client.images {
            if let Some(row) = rows.get(&(client.runtime, client.name, *image)) {
                let _ = writeln!(text, "{}", row.line(&client, image));
            }
        }
    }
    text
}

/// The document and README with these rows in them, where `takes_version` with the versions found: one is
/// of no account otherwise, for an update of a package breaks nothing.
fn texts(found: &Rows, takes_version: bool) -> (Rows, [String; 2]) {
    let mut rows = written();
    for (key, row) in found {
        let mut row = row.clone();
        if let (false, Some(old)) = (takes_version, rows.get(key)) {
            row.version.clone_from(&old.version);
        }
        rows.insert(*key, row);
    }
    let [begin, end] = ["begin", "end"].map(|word| format!("<!-- compatibility: {word} -->"));
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let (before, rest) = readme.split_once(&begin).expect("README's block");
    let (_, after) = rest.split_once(&end).expect("its end");
    let readme = format!("{before}{begin}\n{}{end}{after}", sentence(&rows));
    let document = document(&rows);
    (rows, [document, readme])
}

/// Writes what was found into both.
pub fn write(found: &Rows) {
    let (_, [document, readme]) = texts(found, true);
    fs::write(repository().join(DOCUMENT), document).unwrap();
    fs::write(repository().join("README.md"), readme).unwrap();
}

/// Both say what was found, and the document leaves no client out.
#[track_caller]
pub fn is_documented(found: &Rows) {
    let (rows, [document, readme]) = texts(found, false);
    let is = fs::read_to_string(repository().join(DOCUMENT)).unwrap();
    let new: Vec<_> = document.lines().filter(|line| !is.lines().any(|old| old == *line)).collect();
    assert!(new.is_empty(), "not in {DOCUMENT}, but found:\n{}", new.join("\n"));
    let is = [is, fs::read_to_string(repository().join("README.md")).unwrap()];
    assert_eq!([document, readme], is);
    let missing: Vec<_> = clients()
        .iter()
        .flat_map(|client| client.images.iter().map(|image| (client.runtime, client.name, *image)))
        .filter(|key| !rows.contains_key(key))
        .collect();
    assert!(missing.is_empty(), "not in {DOCUMENT}, `MATRIX=full` tries all: {missing:?}");
}
