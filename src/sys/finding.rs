//! What a doctor found, and how it is told: a sign, the thing, the cause, and what mends it.

pub mod chain;
pub mod link;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::IsTerminal as _;

use serde::{Deserialize, Serialize};

use crate::sys::environment::Environment;
use crate::sys::exit_code;
use crate::sys::finding::link::Link;
use crate::sys::output;
use crate::sys::quote;

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sign {
    /// As it should be.
    Ok,
    /// It works, and somebody will be surprised one day.
    Warning,
    /// It does not work.
    Error,
}

/// One line of the answer, and under it the mend.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// What kind of finding it is, one of docs/doctor.md: for programs, and to be searched for.
    pub id: Cow<'static, str>,
    /// How much it matters.
    pub sign: Sign,
    /// The service that it is about; none for the project's files, and where only one process is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// What it is about.
    pub thing: String,
    /// What is the case, and why.
    pub cause: String,
    /// What mends it: a command, or one imperative sentence.
    #[serde(default)]
    pub fix: Option<String>,
    /// Of a server: what it sent, its own certificate first, and the anchor that this ends in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<Link>,
}

impl Finding {
    /// Something that is as it should be.
    pub fn ok(
        id: &'static str,
        thing: &(impl ToString + ?Sized),
        cause: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            sign: Sign::Ok,
            service: None,
            thing: thing.to_string(),
            cause: cause.into(),
            fix: None,
            chain: Vec::new(),
        }
    }

    /// Something that will surprise.
    pub fn warning(
        id: &'static str,
        thing: &(impl ToString + ?Sized),
        cause: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { sign: Sign::Warning, ..Self::ok(id, thing, cause) }.with_fix(fix)
    }

    /// Something that does not work.
    pub fn error(
        id: &'static str,
        thing: &(impl ToString + ?Sized),
        cause: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { sign: Sign::Error, ..Self::ok(id, thing, cause) }.with_fix(fix)
    }

    /// The same, with what mends it, or with what can be done besides.
    #[must_use]
    pub fn with_fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }

    /// The same, with the certificates that it is about.
    #[must_use]
    pub fn with_chain(self, chain: Vec<Link>) -> Self {
        Self { chain, ..self }
    }
}

/// What `--json` prints. Fields are added, never renamed or removed.
#[derive(Debug, Serialize, Deserialize)]
pub struct Answer<'a> {
    /// The shape's number: 1.
    pub format: u8,
    /// All of it, in order.
    pub findings: Cow<'a, [Finding]>,
}

/// All of it for programs, with a line end.
pub fn json(findings: &[Finding]) -> String {
    let answer = Answer { format: 1, findings: findings.into() };
    output::json(&answer)
}

/// All of it for people: the signs below each other, each mend below its finding, each service below
/// its name.
pub fn text(findings: &[Finding], shell: &Environment) -> String {
    let is_plain = shell.get("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_coloured = !is_plain && std::io::stdout().is_terminal();
    let mut text = String::new();
    let mut about = None;
    for finding in findings {
        let Finding { sign, service, thing, cause, fix, .. } = finding;
        // All of it may be what a container answered or what an image is labelled with.
        let (thing, cause) = (quote::visible(thing), quote::visible(cause));
        if about != service.as_ref() {
            about = service.as_ref();
            let _ = writeln!(text, "\n{}", quote::visible(about.map_or("", String::as_str)));
        }
        // The colours of every terminal (ECMA-48, 8.3.117): green, yellow, red.
        let (word, colour) = match sign {
            Sign::Ok => ("ok", 32),
            Sign::Warning => ("warning", 33),
            Sign::Error => ("error", 31),
        };
        let _ = if is_coloured {
            writeln!(text, "\x1b[{colour}m{word:<8}\x1b[0m{thing}: {cause}")
        } else {
            writeln!(text, "{word:<8}{thing}: {cause}")
        };
        if let Some(chain) = link::line(&finding.chain, *sign == Sign::Ok) {
            let _ = writeln!(text, "        chain: {}", quote::visible(&chain));
        }
        // Where nothing is wrong, nothing is to be mended.
        let label = if *sign == Sign::Ok { "hint" } else { "fix" };
        for line in fix.iter().flat_map(|fix| fix.lines()) {
            let _ = writeln!(text, "        {label}: {}", quote::visible(line));
        }
    }
    text
}

/// The exit code that they make; `is_strict`: warnings count as errors.
pub fn code(findings: &[Finding], is_strict: bool) -> u8 {
    let limit = if is_strict { Sign::Warning } else { Sign::Error };
    let worst = findings.iter().map(|finding| finding.sign).max();
    if worst >= Some(limit) { exit_code::TROUBLE } else { 0 }
}
