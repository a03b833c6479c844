//! `--save-chain`: the certificates that servers sent, in a file that no program reads.

use std::ffi::OsStr;
use std::fmt::{Display, Write as _};
use std::io;
use std::path::Path;

use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::Directory;
use crate::sys::finding::Finding;
use crate::sys::finding::chain::Link;
use crate::sys::output;
use crate::sys::quote;

/// Writes the certificates that the servers of `findings` sent to `path`. An existing file is kept.
///
/// # Errors
/// When the file exists with other contents, no server sent a certificate, or the disk refuses.
pub(crate) fn save(path: &Path, findings: &[Finding]) -> Result<(), Diagnostic> {
    let cannot = |cause: &dyn Display, fix: &str| {
        let named = Diagnostic::cannot("write", quote::path(path)).named("from --save-chain");
        named.because(cause).advise(fix)
    };
    let disk = |error: io::Error| cannot(&output::cause(&error), "name a file that can be written");
    let text = text(path, findings)
        .ok_or_else(|| cannot(&"no server sent a certificate", "fix the connection first"))?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = Directory::open(parent.unwrap_or(Path::new("."))).map_err(disk)?;
    let name = path.file_name().and_then(OsStr::to_str);
    let name = name.ok_or_else(|| disk(io::ErrorKind::InvalidInput.into()))?;
    match directory.existing_file(name, &[text.as_bytes()]).map_err(disk)? {
        Some(existing) if existing.is_same => Ok(()),
        Some(_) => Err(cannot(&"it exists, with different contents", "name another file")),
        None => directory.replace(name, &[text.as_bytes()]).map_err(disk),
    }
}

/// The file's text: each server once, although several services may have called it.
fn text(path: &Path, findings: &[Finding]) -> Option<String> {
    let mut text = format!(
        "# The certificates that servers sent to `doctor --save-chain`. They are not verified, and no program\n\
         # trusts this file. To inspect it: trust-compose inspect {}\n",
        quote::shell(path)
    );
    let head = text.len();
    for Finding { subject, chain, .. } in findings {
        let sent: Vec<_> = chain.iter().filter(|link| link.sent).collect();
        let mut section = format!("\n# {}\n", quote::visible(subject));
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
