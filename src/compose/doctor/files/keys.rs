//! The private keys beside the certificates: whether anybody else can read them, or git would.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::compose::certs::key::Key;
use crate::compose::certs::{CA, CA_KEY, SERVER_KEY};
use crate::compose::doctor::files::ca::Seen;
use crate::compose::git::InGit;
use crate::compose::inputs::replace_ca_command;
use crate::sys::file;
use crate::sys::finding::Finding;
use crate::sys::quote;
use crate::trust::certificate::extensions::Details;

/// What is to be said of them; `setup` is the command that hands out a new CA.
pub fn findings(seen: &Seen, setup: &str, findings: &mut Vec<Finding>) {
    let (mut keys, mut has_git) = (Vec::new(), false);
    let before = findings.len();
    for directory in &seen.directories {
        let own = keys_in(directory, seen);
        if own.is_empty() {
            continue;
        }
        findings.extend(replaceable(directory));
        findings.extend(stranger(directory, seen));
        for key in &own {
            let git = crate::compose::git::git(key);
            has_git |= git.is_some();
            findings.extend(open(key));
            findings.extend(git.and_then(|git| in_git(git, key, directory, setup)));
        }
        keys.extend(own);
    }
    if findings.len() == before && !keys.is_empty() {
        let git = if has_git { ", and left out by git" } else { "" };
        let cause = format!("for their owner alone to read{git}");
        let keys: Vec<_> = keys.iter().map(|key| quote::path(key).to_string()).collect();
        findings.push(Finding::ok("keys", &keys.join(", "), cause));
    }
}

/// The keys in a directory.
fn keys_in(directory: &Path, seen: &Seen) -> Vec<PathBuf> {
    let pair = seen.inputs.as_ref().and_then(|inputs| inputs.pair.as_ref());
    let servers = pair.filter(|pair| pair.directory == directory).map(|pair| pair.key.clone());
    let servers = servers.unwrap_or_else(|| directory.join(SERVER_KEY));
    [directory.join(CA_KEY), servers].into_iter().filter(|path| path.is_file()).collect()
}

/// Whoever may write to the directory may put another CA there. In a sticky one nobody can replace what
/// others own.
fn replaceable(directory: &Path) -> Option<Finding> {
    let mode = directory.metadata().ok()?.mode() & 0o7777;
    let cause = format!("everybody may put another CA there (mode {mode:04o})");
    let mend = format!("chmod 0700 {}", quote::shell(directory));
    let is_open = mode & 0o002 != 0 && mode & 0o1000 == 0;
    is_open.then(|| Finding::error("certs-open-to-all", &quote::path(directory), cause, mend))
}

/// A key that others may read. That of a server may be its proxy's group's.
fn open(key: &Path) -> Option<Finding> {
    let mode = key.metadata().ok()?.mode() & 0o777;
    let others = if key.ends_with(CA_KEY) { 0o077 } else { 0o007 };
    let cause = format!("others than its owner may use the key (mode {mode:04o})");
    let mend = format!("chmod 0600 {}", quote::shell(key));
    (mode & others != 0).then(|| Finding::error("key-open", &quote::path(key), cause, mend))
}

/// A CA whose key is another's: nothing can be made below it any more.
fn stranger(directory: &Path, seen: &Seen) -> Option<Finding> {
    let (ca, path) = (directory.join(CA), directory.join(CA_KEY));
    let mut custom = seen.inputs.iter().flat_map(|inputs| &inputs.custom);
    let certificate = custom.find(|found| found.label.path() == Some(&ca))?;
    let key = Key::read(&file::read(&path, &mut file::FILE_LIMIT.clone()).ok()?).ok()?;
    let cause = format!("it is not the key of {}, so `certs` cannot sign", quote::path(&ca));
    let mend = "put back the two files that belong together";
    let fits = key.fits(&Details::of(certificate));
    (!fits).then(|| Finding::warning("ca-key-mismatch", &quote::path(&path), cause, mend))
}

/// A key that git has, or would take.
fn in_git(git: InGit, key: &Path, directory: &Path, setup: &str) -> Option<Finding> {
    let thing = quote::path(key);
    match git {
        InGit::Ignored => None,
        InGit::Kept => {
            let untrack = format!("git rm --cached {}", quote::shell(key));
            let mend = if key.ends_with(CA_KEY) {
                format!("{untrack}\n{}\n{setup}", replace_ca_command(directory))
            } else {
                untrack
            };
            let cause = "git keeps it, so whoever has the repository has the key";
            Some(Finding::error("key-in-git", &thing, cause, mend))
        }
        InGit::Offered => {
            let ignore = quote::shell(&directory.join(".gitignore"));
            let cause = "no .gitignore leaves it out, so `git add` would take the key";
            let mend = format!("echo '*' >>{ignore}");
            Some(Finding::warning("key-not-ignored", &thing, cause, mend))
        }
    }
}
