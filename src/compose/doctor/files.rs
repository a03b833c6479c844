//! What the project's files say: the CA and what it signed (`authority`, `server`), their keys (`keys`),
//! the overlay and whether it is in force (`overlay`, `force`), and this machine's own store
//! (`store`).

pub mod ca;
pub mod activation;
pub mod keys;
pub mod overlay;
pub mod refused;
pub mod server;
pub mod host_store;

use std::path::{Path, PathBuf};

use crate::compose::certs::{CA, CA_KEY, SERVER};
use crate::compose::cli::Shape;
use crate::compose::project::files::{self, ProjectFiles, plain};
use crate::compose::setup::next_steps::setup;
use crate::compose::setup::write;
use crate::sys::environment::Environment;
use crate::sys::finding::{Finding, Sign};
use crate::sys::quote;
use crate::trust::time::Time;

/// The directory that `trust-compose certs` writes.
pub const CERTS: &str = "certs";

/// What is looked at.
#[derive(Debug)]
pub struct Look<'a> {
    /// The project.
    pub place: &'a ProjectFiles,
    /// This moment.
    pub now: Time,
    /// How many days a certificate should still be valid.
    pub days: i64,
    /// Certificates that are at hand.
    pub ca: &'a [PathBuf],
    /// The shell's variables.
    pub shell: &'a Environment,
}

/// All that is to be said of the files.
pub fn look(look: &Look<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let found = write::standing(&look.place.base);
    let standing = match &found {
        Ok(standing) => standing.as_ref(),
        Err(error) => {
            findings.push(refused::finding("overlay-unreadable", Sign::Error, error));
            None
        }
    };
    let of_overlay = standing.and_then(|standing| {
        let shape = Shape::of_words(&standing.words, &look.place.base);
        let shape = shape.filter(|shape| *shape != Shape::default());
        if shape.is_none() {
            findings.push(overlay::without_words(look.place));
        }
        shape
    });
    let is_foreign = found.is_ok() && standing.is_none() && overlay::is_foreign(look.place);
    let Some(shape) = of_overlay.clone().or_else(|| certs(&look.place.base)) else {
        if is_foreign {
            findings.push(overlay::foreign(look.place));
        } else if findings.is_empty() {
            findings.push(nothing(look));
        }
        findings.extend(activation::dangling(look.place, standing, None));
        return findings;
    };
    let setup = setup(look.place, &shape);
    let seen = ca::see(look, &shape);
    ca::findings(look, &seen, &setup, &mut findings);
    server::findings(look, &seen, &mut findings);
    if shape.caddy.is_some() || !shape.tls.is_empty() {
        // The overlay says which certificate the proxy was made with.
        let of_server = findings.iter_mut().filter(|finding| finding.id.starts_with("server-"));
        for fix in of_server.filter_map(|finding| finding.fix.as_mut()) {
            if fix.starts_with("trust-compose certs") {
                *fix = format!("{fix}\n{setup}");
            }
        }
    }
    keys::findings(&seen, &setup, &mut findings);
    let dangling = activation::dangling(look.place, standing, Some(&setup));
    match standing {
        // What does not even start need not be compared.
        _ if dangling.is_some() => findings.extend(dangling),
        Some(standing) if of_overlay.is_some() => {
            overlay::findings(look, standing, &shape, &seen, &setup, &mut findings);
        }
        _ if is_foreign => findings.push(overlay::foreign(look.place)),
        None if found.is_ok() => findings.push(overlay::none(look.place, &setup)),
        _ => {}
    }
    findings.extend(activation::force(look.place, standing, &setup));
    host_store::findings(look, &seen, &mut findings);
    findings
}

/// What would be asked of `setup` where certificates lie ready for it.
fn certs(base: &Path) -> Option<Shape> {
    let directory = plain(base, CERTS);
    let is_there = |name: &&str| directory.join(name).symlink_metadata().is_ok();
    let has_any = [CA, CA_KEY, SERVER].iter().any(is_there);
    has_any.then(|| Shape { custom_ca: Some(directory), ..Shape::default() })
}

/// There is no CA, nor anything else of ours.
fn nothing(look: &Look<'_>) -> Finding {
    let given = look.ca.first().map(|ca| {
        let shape = Shape { custom_ca: Some(ca.clone()), ..Shape::default() };
        setup(look.place, &shape)
    });
    let commands = given.unwrap_or_else(|| {
        let directory = plain(&look.place.base, CERTS);
        let out = match directory.as_path() {
            path if path == Path::new(CERTS) => String::new(),
            path => format!(" --out {}", quote::shell(path)),
        };
        let shape = Shape { custom_ca: Some(directory), ..Shape::default() };
        format!("trust-compose certs NAME-OF-A-SERVER{out}\n{}", setup(look.place, &shape))
    });
    let base = files::absolute(&look.place.base);
    let cause = "no CA is set up, and every service trusts what its image does";
    Finding::ok("nothing-set-up", &quote::path(&base), cause).with_fix(commands)
}
