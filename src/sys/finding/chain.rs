//! The certificates that a finding about a server is about: told with it, and kept in a file where that
//! is asked for, which nothing reads.

use std::ffi::OsStr;
use std::fmt::{self, Display, Write as _};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::sys::dir::Directory;
use crate::sys::finding::{Finding, Sign};
use crate::sys::output;
use crate::sys::quote;

/// A certificate of a chain.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Link {
    /// Its name: `CN=Lab CA, O=Lab`.
    pub subject: String,
    /// The name of who signed it.
    pub issuer: String,
    /// Since when it is valid, as in RFC 3339, in UTC.
    pub not_before: String,
    /// Until when.
    pub not_after: String,
    /// Its key, as people call it.
    pub key: String,
    /// Its subject alternative names.
    pub names: Vec<String>,
    /// By what certificates below it know its key.
    pub key_identifier: Option<String>,
    /// By what it knows the key that signed it.
    pub issuer_key_identifier: Option<String>,
    /// Its fingerprint.
    pub sha256: String,
    /// Whether the server sent it.
    pub sent: bool,
    /// The file of trust anchors that it is in, where the chain ends in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The certificate.
    pub pem: String,
}

/// The chain for people, where it says more than the finding: what is wrong may be anywhere in it, and
/// what is in the middle of a good one is said nowhere else.
pub fn line(Finding { sign, chain, .. }: &Finding) -> Option<String> {
    let sent = chain.iter().filter(|link| link.sent).count();
    if chain.is_empty() || (*sign == Sign::Ok && sent < 2) {
        return None;
    }
    let links = chain.iter().map(|Link { subject, not_after, .. }| {
        let day = not_after.split('T').next().unwrap_or_default();
        format!("{} until {day}", quote::word(subject))
    });
    let mut text = links.collect::<Vec<_>>().join(" <- ");
    if let Some(last) =
        chain.last().filter(|last| last.file.is_none() && last.issuer != last.subject)
    {
        let _ = write!(text, " <- {}", quote::word(&last.issuer));
        if let Some(key) = &last.issuer_key_identifier {
            let _ = write!(text, " (key {key})");
        }
    }
    Some(text)
}

/// Why a chain was not kept.
#[derive(Debug)]
pub struct NotSaved {
    path: PathBuf,
    why: Why,
}

#[derive(Debug)]
enum Why {
    Nothing,
    Another,
    Disk(io::Error),
}

impl Display for NotSaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot write {} (from --save-chain): ", quote::path(&self.path))?;
        match &self.why {
            Why::Nothing => {
                f.write_str("no server sent a certificate\nfix: mend the connection first")
            }
            Why::Another => f.write_str("something else is there\nfix: give another name"),
            Why::Disk(error) => {
                write!(f, "{}\nfix: name a file that can be written", output::cause(error))
            }
        }
    }
}

impl std::error::Error for NotSaved {}

/// Writes what the servers sent to `path`, and never over anything else.
///
/// # Errors
/// When there is something else, or nothing to write, or the disk refuses.
pub fn save(path: &Path, findings: &[Finding]) -> Result<(), NotSaved> {
    let not = |why| NotSaved { path: path.to_path_buf(), why };
    let text = text(path, findings).ok_or_else(|| not(Why::Nothing))?;
    let disk = |error| not(Why::Disk(error));
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = Directory::open(parent.unwrap_or(Path::new("."))).map_err(disk)?;
    let name = path.file_name().and_then(OsStr::to_str);
    let name = name.ok_or_else(|| disk(io::ErrorKind::InvalidInput.into()))?;
    match directory.standing(name, &[text.as_bytes()]) {
        Ok(Some(standing)) if standing.is_same => Ok(()),
        Ok(Some(_)) => Err(not(Why::Another)),
        Ok(None) => directory.place(name, &[text.as_bytes()]).map_err(disk),
        Err(error) => Err(disk(error)),
    }
}

/// What is kept: each server once, for whichever service it was called.
fn text(path: &Path, findings: &[Finding]) -> Option<String> {
    let mut text = format!(
        "# What servers sent when they were called by `doctor --save-chain`.\n\
         # It proves nothing, and nothing trusts this file. To look at it: trust-compose inspect {}\n",
        quote::shell(path)
    );
    let head = text.len();
    for Finding { thing, chain, .. } in findings {
        let sent: Vec<_> = chain.iter().filter(|link| link.sent).collect();
        let mut section = format!("\n# {}\n", quote::visible(thing));
        for Link { subject, issuer, not_after, pem, .. } in &sent {
            let (subject, issuer) = (quote::word(subject), quote::word(issuer));
            let not_after = quote::visible(not_after);
            let pem = quote::visible_lines(pem);
            let _ = write!(section, "# {subject}, by {issuer}, until {not_after}\n{pem}");
        }
        if !sent.is_empty() && !text.contains(&section) {
            text.push_str(&section);
        }
    }
    (text.len() > head).then_some(text)
}
