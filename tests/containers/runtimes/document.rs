//! Writes docs/compatibility.md and the totals in README from the results, and compares them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use super::table::{Client, clients};
use crate::engine::repository;

const DOCUMENT: &str = "docs/compatibility.md";

/// The means by which a client trusts the CA: the heading of the column, and the name in the totals.
pub const MEANS: [(&str, &str); 6] = [
    ("variables", "the variables"),
    ("`--java`", "`--java`, on by default if a JVM is found"),
    ("`--grpc-roots`", "`--grpc-roots`"),
    ("`--runtime`", "`--runtime php,wget,erlang`"),
    ("`--install-store`", "`--install-store`"),
    ("overlay alone", "the overlay of `trust-compose`, without trust-init in the container"),
];

/// The results of one client in one image.
#[derive(Clone, Debug)]
pub struct Row {
    pub version: String,
    /// For each of [`MEANS`]; `None` if it was not tried because the variables reach the client.
    pub reached: [Option<bool>; 6],
    /// Whether the public server is trusted, without and with the CA.
    pub public: [bool; 2],
}

/// By runtime, name and image.
pub type Rows = BTreeMap<(&'static str, &'static str, &'static str), Row>;

const YES: &str = "yes";

impl Row {
    /// Whether any means of trust-init reaches the client; the overlay does not count.
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

/// Reads the rows of the existing document.
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

/// Returns, from the document, whether each client in `image` trusts the public server without a CA; `None`
/// if the document lacks a client.
pub fn known(image: &'static str, clients: &[Client]) -> Option<Vec<bool>> {
    let rows = written();
    let row = |client: &Client| rows.get(&(client.runtime, client.name, image));
    clients.iter().map(|client| row(client).map(|row| row.public[0])).collect()
}

const HEAD: &str = "\
# Which clients trust the CA, and by which means

Written by the tests (tests/containers/runtimes, `MATRIX=full UPDATE_SNAPSHOT=1`). In a container each client
calls six servers: one of the private CA, one of an intermediate below it, a public one, a stranger's, an
expired one and one with another name. A client that a means reaches accepts the first two; no client accepts
any of the last three. The results are the same for root and hardened (`--user 1000 --read-only --cap-drop ALL
--security-opt no-new-privileges`). Without a CA trust-init changes no result.

- **yes**: the client trusts the private CA by this means; **no**: it does not; empty: the variables suffice.
- **public** is about a CA among the image's own roots, certifi's and Java's. *kept*: trusted before and
  afterwards. *gained*: trusted afterwards only; before, the program used its own roots. *own*: never trusted,
  because the program's public roots are compiled in.
- **in** is the image: a suite of Debian, or another image of tests/containers (bases.sh, runtimes/images).
- **overlay alone** is the overlay of `trust-compose setup --service NAME=trust` for a service with
  TRUST_INIT_GRPC_ROOTS=1 and TRUST_INIT_RUNTIMES=php,wget,erlang, without trust-init in the container.

";

/// Returns the number of clients, of rows reached by each means, and of rows that no means reaches.
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
        "{clients} clients, {} with each version and system:\n\n\
         | reached by | of them |\n|---|---|\n",
        rows.len()
    );
    for (number, ((_, words), count)) in MEANS.iter().zip(reached).enumerate() {
        let besides = if (1..5).contains(&number) { "of the others " } else { "" };
        let _ = writeln!(text, "| {besides}{words} | {count} |");
    }
    let _ = writeln!(text, "| none of these | {lost} |");
    text
}

/// Returns the totals as the sentence of README.
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
                "\n## {runtime}\n\n| client | version | in | {means} | public | reason, and the fix in the client |\n|{}\n",
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

/// Returns the document and README with these rows. Without `takes_version` the versions of the document are
/// kept, so that an update of a package does not fail the test.
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

/// Writes the results into both files.
pub fn write(found: &Rows) {
    let (_, [document, readme]) = texts(found, true);
    fs::write(repository().join(DOCUMENT), document).unwrap();
    fs::write(repository().join("README.md"), readme).unwrap();
}

/// Asserts that both files contain the results, and that the document lacks no client.
#[track_caller]
pub fn is_documented(found: &Rows) {
    let (rows, [document, readme]) = texts(found, false);
    let is = fs::read_to_string(repository().join(DOCUMENT)).unwrap();
    let new: Vec<_> = document.lines().filter(|line| !is.lines().any(|old| old == *line)).collect();
    assert!(new.is_empty(), "found, but not in {DOCUMENT}:\n{}", new.join("\n"));
    let is = [is, fs::read_to_string(repository().join("README.md")).unwrap()];
    assert_eq!([document, readme], is);
    let missing: Vec<_> = clients()
        .iter()
        .flat_map(|client| client.images.iter().map(|image| (client.runtime, client.name, *image)))
        .filter(|key| !rows.contains_key(key))
        .collect();
    assert!(missing.is_empty(), "not in {DOCUMENT}, `MATRIX=full` tries all: {missing:?}");
}
