//! The certificates that servers sent, kept in a file where that is asked for (`--save-chain`). Nothing reads
//! that file.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::Directory;
use crate::sys::finding::Finding;
use crate::sys::finding::link::Link;
use crate::sys::output;
use crate::sys::quote;

/// Writes what the servers sent to `path`, and never over anything else.
///
/// # Errors
/// When there is something else, or nothing to write, or the disk refuses.
pub fn save(path: &Path, findings: &[Finding]) -> Result<(), Diagnostic> {
    let cannot = || Diagnostic::cannot("write", quote::path(path)).named("from --save-chain");
    let text = text(path, findings).ok_or_else(|| {
        cannot().because("no server sent a certificate").advise("fix the connection first")
    })?;
    let refused = |error: io::Error| {
        cannot().because(output::cause(&error)).advise("name a file that can be written")
    };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = Directory::open(parent.unwrap_or(Path::new("."))).map_err(refused)?;
    let name = path.file_name().and_then(OsStr::to_str);
    let name = name.ok_or_else(|| refused(io::ErrorKind::InvalidInput.into()))?;
    match directory.existing_file(name, &[text.as_bytes()]) {
        Ok(Some(existing)) if existing.is_same => Ok(()),
        Ok(Some(_)) => {
            Err(cannot().because("it exists and holds something else").advise("give another name"))
        }
        Ok(None) => directory.place(name, &[text.as_bytes()]).map_err(refused),
        Err(error) => Err(refused(error)),
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
