//! A shell script in which the clients of one image call all servers in one container, and the classification
//! of their output: served, refused, or an error.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::table::Client;
use crate::site::{PRIVATE, PUBLIC, STRANGER};

/// The servers, by the fault of their certificate or none, with host and port.
pub const CASES: [Case; 6] = [
    Case { name: "private", host: "private.local", port: PRIVATE.port },
    Case { name: "intermediate", host: "intermediate.private.local", port: 8451 },
    Case { name: "public", host: "public.local", port: PUBLIC.port },
    Case { name: "stranger", host: "stranger.local", port: STRANGER.port },
    Case { name: "expired", host: "expired.private.local", port: 8452 },
    Case { name: "wrong-name", host: "wrong-name.local", port: PRIVATE.port },
];

pub struct Case {
    pub name: &'static str,
    pub host: &'static str,
    pub port: u16,
}

/// Which servers are called.
#[derive(Clone, Copy, PartialEq)]
pub enum Which {
    /// Only the private and the public server.
    WithoutCa,
    /// All, and the client's version is printed.
    All,
    /// All, if the first one was served.
    AllIfServed,
}

/// Whether a client trusted each server.
pub type Verdicts = BTreeMap<&'static str, bool>;

/// `/dev/shm` is the only directory that is writable in every container, hardened or not.
const ASK: &str = r#"
export HOME=/dev/shm/home TMPDIR=/dev/shm/home
mkdir -p "$HOME"
ask() {
    export HOST=$3 PORT=$4 URL=https://$3:$4/
    printf '\n@@ %s %s\n' "$1" "$2"
    cd "$HOME"
    # Through a pipe: a program that opens /dev/stdout would truncate a file.
    { timeout --kill-after=5 30 sh -c "$5" </dev/null; [ $? -ne 124 ] || echo '@timeout@'; } 2>&1 |
        cat >"$HOME/answer"
    tail -c 9000 "$HOME/answer"
}
"#;

/// Returns a shell script in which each client, by its number, calls the servers of `which`.
pub fn script(clients: &[Client], which: Which) -> String {
    let mut script = ASK.to_owned();
    for (number, client) in clients.iter().enumerate() {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
        if which == Which::All {
            let _ = writeln!(script, "ask {number} version - - {}", quoted(client.version));
        }
        for (place, case) in CASES.iter().enumerate() {
            let Case { name, host, port } = case;
            if which == Which::WithoutCa && !["private", "public"].contains(name) {
                continue;
            }
            if which == Which::AllIfServed && place > 0 {
                let _ = write!(script, "! grep -qF {} \"$HOME/first\" || ", quoted(client.served));
            }
            let _ = writeln!(script, "ask {number} {name} {host} {port} {}", quoted(client.asks));
            if place == 0 {
                let _ = writeln!(script, "cp \"$HOME/answer\" \"$HOME/first\"");
            }
        }
    }
    script + "echo; echo @@ end\n"
}

/// The output of each client, by its number and the server, or `version`.
pub type Answers = BTreeMap<(usize, String), String>;

/// Returns the answers in the output of such a script; `None` unless it ran to its end.
pub fn answers(output: &str) -> Option<Answers> {
    let (output, _) = output.split_once("\n@@ end\n")?;
    let blocks = output.split("\n@@ ").skip(1);
    let answers = blocks.filter_map(|block| {
        let (head, text) = block.split_once('\n')?;
        let (number, asked) = head.split_once(' ')?;
        Some(((number.parse().ok()?, asked.to_owned()), text.to_owned()))
    });
    Some(answers.collect())
}

/// Words in the messages of clients that do not trust a server, in lower case.
const REFUSALS: [&str; 8] =
    ["certificate", "issuer", "self-signed", "ssl", "tls", "pkix", "verif", "untrusted"];

/// Returns the verdicts of the client of that number; an answer that is neither served nor refused is passed
/// to `unclear`. A failure is a refusal only if the message is about certificates, or if another server
/// served the client in the same container: other failures say nothing about trust.
pub fn verdicts(
    client: &Client,
    number: usize,
    answers: &Answers,
    mut unclear: impl FnMut(String),
) -> Verdicts {
    let of = |case: &Case| answers.get(&(number, case.name.to_owned()));
    let found: Vec<_> = CASES.iter().filter_map(|case| Some((case.name, of(case)?))).collect();
    let is_served = |text: &str| text.contains(client.served);
    let anything = found.iter().any(|(_, text)| is_served(text));
    let mut verdicts = Verdicts::new();
    for (case, text) in found {
        let words = text.to_lowercase();
        let refuses = anything || REFUSALS.iter().any(|word| words.contains(word));
        if text.contains("@timeout@") || !is_served(text) && !refuses {
            unclear(format!("{case} is neither served nor refused: {text}"));
        }
        verdicts.insert(case, is_served(text));
    }
    verdicts
}

/// Returns the first word that looks like a version, without a packager's suffix.
pub fn version(text: &str) -> Option<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    let words = words.map(|word| word.trim_start_matches(|c: char| !c.is_ascii_digit()));
    words.map(|word| word.trim_end_matches('.')).find(|word| word.contains('.'))
}
