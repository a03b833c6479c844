//! A private CA and the server certificates below it, in one directory.
//!
//! The story of a run: what people typed becomes names (`name`); what stands in the directory is
//! read and proved to belong together (`standing`); from both follows what has to be made (`plan`),
//! or words that say why nothing is (`refusal`); it is made in memory (`issue`), written all at once
//! (`crate::sys::dir::transaction`), and told (`words`).

pub mod issue;
pub mod key;
pub mod host_stores;
pub mod server_name;
pub mod plan;
pub mod error;
pub mod existing;
pub mod report;

use std::path::PathBuf;

pub use crate::compose::certs::error::Refusal;
use crate::compose::certs::existing::Standing;
use crate::compose::certs::key::KeyType;
use crate::compose::certs::server_name::Name;
use crate::sys::dir::Directory;
use crate::sys::output::Report;
use crate::trust::source::Named;
use crate::trust::time::Time;

/// The CA's certificate, which everybody may have.
pub const CA: &str = "ca.crt";
/// The CA's key, which nobody else may have.
pub const CA_KEY: &str = "ca.key";
/// The server's certificate.
pub const SERVER: &str = "server.pem";
/// The server's key.
pub const SERVER_KEY: &str = "server-key.pem";
/// Keeps all of them out of version control.
pub const IGNORE: &str = ".gitignore";
/// All of them, keys before what they belong to: the order in which they are put in place.
pub const FILES: [&str; 5] = [IGNORE, CA_KEY, CA, SERVER_KEY, SERVER];

/// Days that a server's certificate is valid, if nothing else is asked for.
pub const DAYS: u32 = 365;
/// The most days that Apple's systems accept (<https://support.apple.com/103769>).
pub const MOST_DAYS: u32 = 825;

/// What one run was asked to make.
#[derive(Debug)]
pub struct Order {
    pub words: Vec<String>,
    pub out: Named,
    pub ca: Option<Named>,
    pub ca_name: Option<String>,
    pub key_type: Option<KeyType>,
    pub days: u32,
    pub ca_only: bool,
    pub constrain: bool,
    pub force: bool,
    pub renew: bool,
    pub dry_run: bool,
}

impl Order {
    /// Where a file of this name is, or will be.
    fn path(&self, file: &str) -> PathBuf {
        self.out.path.join(file)
    }

    /// The names that were typed, and those that always belong to them; none if none were.
    fn names(&self) -> Result<Vec<Name>, Refusal> {
        match self.words.as_slice() {
            [] => Ok(Vec::new()),
            words => Ok(server_name::names(words)?),
        }
    }
}

/// Makes what is asked for and not there yet, and returns what there is to tell.
///
/// # Errors
/// When something stands in the way. Then nothing has been written.
pub fn run(order: &Order, now: Time, report: Report) -> Result<String, Refusal> {
    let names = order.names()?;
    plan::check(order, &names)?;
    let directory = existing::open(&order.out)?;
    let _lock = directory.as_ref().and_then(Directory::lock);
    if let Some(directory) = &directory {
        if order.dry_run && directory.is_unfinished() {
            return Ok(report::unfinished(order));
        }
        let finished = directory.finish(&FILES);
        if finished.map_err(|error| Refusal::write(order, error))? {
            report.info(&report::finished(order));
        }
    }
    let standing = Standing::read(order, directory.is_some())?;
    let plan = plan::plan(order, names, &standing, now)?;
    for warning in plan::warnings(order, &plan, &standing, now) {
        report.warning_text(&warning);
    }
    if plan.is_nothing() {
        return Ok(report::nothing(order, &plan, &standing));
    }
    if order.dry_run {
        return Ok(report::intended(order, &plan, &standing));
    }
    let set = issue::issue(order, plan, standing, now)?;
    write(order, directory, &set, report)?;
    Ok(report::made(order, &set))
}

/// Puts what was made into its directory, which is made first if it is not there.
fn write(
    order: &Order,
    directory: Option<Directory>,
    set: &issue::Set,
    report: Report,
) -> Result<(), Refusal> {
    let failed = |error| Refusal::write(order, error);
    let (directory, is_ours) = match directory {
        Some(directory) => {
            let is_ours = existing::is_empty(&order.out.path);
            (directory, is_ours)
        }
        None => (existing::make(&order.out)?, true),
    };
    let mut parts = set.parts();
    if is_ours {
        directory.close_to_others().map_err(failed)?;
        parts.insert(0, issue::ignore());
    } else if set.authority_is_new && !order.path(IGNORE).exists() {
        report.warning_text(&report::NotIgnored(order.path(CA_KEY)));
    }
    directory.place_together(&parts, &FILES).map_err(failed)
}
