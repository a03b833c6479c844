//! How the clients of one image are asked about all servers in one container, and what becomes of
//! their answers: served or refused, and an error where it is neither.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::table::Client;
use crate::site::{PRIVATE, PUBLIC, STRANGER};

/// Servers, each with what is wrong with it or not, and their hosts and ports.
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

/// Which of them are asked.
#[derive(Clone, Copy, PartialEq)]
pub enum Which {
    /// Those that tell a CA from none.
    WithoutCa,
    /// All, and the version.
    All,
    /// All where the first is served.
    AllIfServed,
}

/// What a client's answers say: of each server, whether it was trusted.
pub type Verdicts = BTreeMap<&'static str, bool>;

/// The only place that is writable for everybody, hardened or not, is `/dev/shm`.
const ASK: &str = r#"
export HOME=/dev/shm/home TMPDIR=/dev/shm/home
mkdir -p "$HOME"
ask() {
    export HOST=$3 PORT=$4 URL=https://$3:$4/
    printf '\n@@ %s %s\n' "$1" "$2"
    cd "$HOME"
    # Through a pipe: in a file, what is written to /dev/stdout would be overwritten.
    { timeout --kill-after=5 30 sh -c "$5" </dev/null; [ $? -ne 124 ] || echo '@timeout@'; } 2>&1 |
        cat >"$HOME/answer"
    tail -c 9000 "$HOME/answer"
}
"#;

/// A shell script that asks for each client, by its number, what `which` says.
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

/// What each client said, by its number and what it was asked.
pub type Answers = BTreeMap<(usize, String), String>;

/// The answers in the output of such a script; nothing of it unless it ran to its end.
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

/// Words of those who do not trust a server, in small letters.
const REFUSALS: [&str; 8] =
    ["certificate", "issuer", "self-signed", "ssl", "tls", "pkix", "verif", "untrusted"];

/// What the client of that number thinks of each server; what is neither served nor refused is told
/// to `unclear`. To fail for another reason than trust is no refusal: whoever refuses either has been
/// served by another server in the same container, or speaks of certificates.
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

/// The first word that looks like a version, without what packagers add.
pub fn version(text: &str) -> Option<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    let words = words.map(|word| word.trim_start_matches(|c: char| !c.is_ascii_digit()));
    words.map(|word| word.trim_end_matches('.')).find(|word| word.contains('.'))
}
