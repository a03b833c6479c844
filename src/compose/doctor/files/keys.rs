//! Checks the private keys beside the certificates: whether other users can read them, and whether git
//! ignores them.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::compose::certs::key::PrivateKey;
use crate::compose::certs::{CA, CA_KEY, SERVER_KEY};
use crate::compose::doctor::files::ca::CaFiles;
use crate::compose::git::GitStatus;
use crate::compose::inputs::is_signing_key;
use crate::compose::inputs::replace_ca_command;
use crate::sys::dir::Directory;
use crate::sys::dir::owners::{Owners, Replaceable};
use crate::sys::file;
use crate::sys::finding::Finding;
use crate::sys::quote;

/// Reports on the keys; `setup` is the command that distributes a new CA.
pub(crate) fn findings(
    ca_files: &CaFiles,
    owners: Owners,
    setup: &str,
    findings: &mut Vec<Finding>,
) {
    let (mut keys, mut has_git) = (Vec::new(), false);
    let before = findings.len();
    for directory in &ca_files.directories {
        let own = keys_in(directory, ca_files);
        if own.is_empty() {
            continue;
        }
        findings.extend(open_directory(directory, owners));
        findings.extend(mismatched_key(directory, ca_files));
        for key in &own {
            let git = crate::compose::git::git_status(key);
            has_git |= git.is_some();
            findings.extend(open_key(key));
            findings.extend(git.and_then(|git| git_finding(git, key, directory, setup)));
        }
        keys.extend(own);
    }
    if findings.len() == before && !keys.is_empty() {
        let git = if has_git { ", and ignored by git" } else { "" };
        let cause = format!("readable only for their owner{git}");
        let keys: Vec<_> = keys.iter().map(|key| quote::path(key).to_string()).collect();
        findings.push(Finding::ok("keys", &keys.join(", "), cause));
    }
}

/// Returns the keys in a directory.
fn keys_in(directory: &Path, ca_files: &CaFiles) -> Vec<PathBuf> {
    let pair = ca_files.inputs.as_ref().and_then(|inputs| inputs.pair.as_ref());
    let servers = pair.filter(|pair| pair.directory == directory).map(|pair| pair.key.clone());
    let servers = servers.unwrap_or_else(|| directory.join(SERVER_KEY));
    [directory.join(CA_KEY), servers].into_iter().filter(|path| path.is_file()).collect()
}

/// Reports a directory in which another user can replace the CA.
fn open_directory(directory: &Path, owners: Owners) -> Option<Finding> {
    let real = directory.canonicalize().and_then(|path| Directory::open(&path)).ok()?;
    let why = owners.check(&real).ok().flatten()?;
    let cause = format!("another user can replace the CA: {why}");
    let fix = match why {
        Replaceable::Foreign { .. } => {
            "find out why that user owns it, and take it over with chown".to_owned()
        }
        _ => format!("chmod 0700 {}", quote::shell(directory)),
    };
    Some(Finding::error("certs-open-to-all", &quote::path(directory), cause, fix))
}

/// Reports a key that other users can read. A server's key may be readable for its proxy's group.
fn open_key(key: &Path) -> Option<Finding> {
    let mode = key.metadata().ok()?.mode() & 0o777;
    let others = if key.ends_with(CA_KEY) { 0o077 } else { 0o007 };
    let cause = format!("users other than its owner can read the key (mode {mode:04o})");
    let fix = format!("chmod 0600 {}", quote::shell(key));
    (mode & others != 0).then(|| Finding::error("key-open", &quote::path(key), cause, fix))
}

/// Reports a CA whose key is another CA's, so it cannot sign.
fn mismatched_key(directory: &Path, ca_files: &CaFiles) -> Option<Finding> {
    let (ca, path) = (directory.join(CA), directory.join(CA_KEY));
    let mut custom = ca_files.inputs.iter().flat_map(|inputs| &inputs.custom);
    let certificate = custom.find(|found| found.label.path() == Some(&ca))?;
    let key = PrivateKey::read(&file::read(&path, &mut file::FILE_LIMIT.clone()).ok()?).ok()?;
    let cause = format!("it is not the key of {}, so `certs` cannot sign", quote::path(&ca));
    let fix = "put back the two files that belong together";
    let fits = is_signing_key(&key, certificate, directory);
    (!fits).then(|| Finding::warning("ca-key-mismatch", &quote::path(&path), cause, fix))
}

/// Reports a key that git tracks, or would add.
fn git_finding(git: GitStatus, key: &Path, directory: &Path, setup: &str) -> Option<Finding> {
    let subject = quote::path(key);
    match git {
        GitStatus::Ignored => None,
        GitStatus::Tracked => {
            let untrack = format!("git rm --cached {}", quote::shell(key));
            let fix = if key.ends_with(CA_KEY) {
                format!("{untrack}\n{}\n{setup}", replace_ca_command(directory))
            } else {
                untrack
            };
            let cause = "git tracks it, so everyone with access to the repository has the key";
            Some(Finding::error("key-in-git", &subject, cause, fix))
        }
        GitStatus::Untracked => {
            let ignore = quote::shell(&directory.join(".gitignore"));
            let cause = "no .gitignore names it, so `git add` would add the key";
            let fix = format!("echo '*' >>{ignore}");
            Some(Finding::warning("key-not-ignored", &subject, cause, fix))
        }
    }
}
