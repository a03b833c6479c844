//! What the project's files say: the CA and the certificates that it signed (`ca`, `server`), their keys (`keys`),
//! the overlay and whether it is active (`overlay`, `activation`), and this machine's own store (`host_store`).

pub(crate) mod ca;
pub(crate) mod activation;
pub(crate) mod keys;
pub(crate) mod overlay;
pub(crate) mod server;
pub(crate) mod host_store;
pub(crate) mod context;

use std::path::Path;

use crate::compose::certs::{CA, CA_KEY, SERVER};
use crate::compose::cli::Shape;
use crate::compose::doctor::files::context::CheckContext;
use crate::compose::doctor::files::overlay::Installed;
use crate::compose::project::files::{self, plain};
use crate::compose::setup::installed;
use crate::compose::setup::next_steps::setup;
use crate::sys::finding::Finding;
use crate::sys::quote;

/// The directory that `trust-compose certs` writes.
pub(crate) const CERTS: &str = "certs";

/// All findings about the files.
pub(crate) fn check(context: &CheckContext<'_>) -> Vec<Finding> {
    let place = context.place;
    let mut findings = Vec::new();
    let found = installed::standing(&place.base);
    let standing = match &found {
        Ok(standing) => standing.as_ref(),
        Err(error) => {
            findings.push(Finding::failed("overlay-unreadable", error, "setup"));
            None
        }
    };
    let of_overlay = standing.and_then(|standing| {
        let shape = Shape::of_words(&standing.words, &place.base);
        let shape = shape.filter(|shape| *shape != Shape::default());
        if shape.is_none() && standing.overlay.is_some() {
            findings.push(overlay::without_options(place));
        }
        shape
    });
    let is_foreign = found.is_ok() && standing.is_none() && overlay::is_foreign(place);
    let Some(shape) = of_overlay.clone().or_else(|| shape_of_certs(&place.base)) else {
        if is_foreign {
            findings.push(overlay::foreign(place));
        } else if findings.is_empty() {
            findings.push(nothing(context));
        }
        findings.extend(activation::dangling(place, standing, None));
        return findings;
    };
    let setup = setup(place, &shape);
    let is_served = shape.caddy.is_some() || !shape.tls.is_empty();
    let setup_of_server = is_served.then_some(setup.as_str());
    let ca_files = ca::read(context, &shape);
    findings.extend(ca_files.error.as_ref().map(|error| ca::unusable(error, setup_of_server)));
    ca::findings(context, &ca_files, &setup, &mut findings);
    server::findings(context, &ca_files, setup_of_server, &mut findings);
    keys::findings(&ca_files, &setup, &mut findings);
    let dangling = activation::dangling(place, standing, Some(&setup));
    match standing {
        // A project that does not start is not compared.
        _ if dangling.is_some() => findings.extend(dangling),
        Some(standing) if of_overlay.is_some() => {
            let installed = Installed { standing, shape: &shape, setup: &setup };
            installed.findings(context, &ca_files, &mut findings);
        }
        _ if is_foreign => findings.push(overlay::foreign(place)),
        None if found.is_ok() => findings.push(overlay::none(place, &setup)),
        _ => {}
    }
    findings.extend(activation::activation(place, standing, &setup));
    host_store::findings(context, &ca_files, &mut findings);
    findings
}

/// The options of a setup with the certificates in `certs/`, if there are any.
fn shape_of_certs(base: &Path) -> Option<Shape> {
    let directory = plain(base, CERTS);
    let is_there = |name: &&str| directory.join(name).symlink_metadata().is_ok();
    let has_any = [CA, CA_KEY, SERVER].iter().any(is_there);
    has_any.then(|| Shape { custom_ca: Some(directory), ..Shape::default() })
}

/// A project without a CA or any other file of trust-compose.
fn nothing(context: &CheckContext<'_>) -> Finding {
    let CheckContext { place, ca, .. } = context;
    let setup_with =
        |custom_ca| setup(place, &Shape { custom_ca: Some(custom_ca), ..Shape::default() });
    let with_new_ca = || {
        let directory = plain(&place.base, CERTS);
        let out = match directory.as_path() {
            path if path == Path::new(CERTS) => String::new(),
            path => format!(" --out {}", quote::shell(path)),
        };
        format!("trust-compose certs NAME-OF-A-SERVER{out}\n{}", setup_with(directory))
    };
    let commands = ca.first().map_or_else(with_new_ca, |ca| setup_with(ca.clone()));
    let base = files::absolute(&place.base);
    let cause = "no CA is set up: every service trusts only what its image trusts";
    Finding::info("nothing-set-up", &quote::path(&base), cause).with_fix(commands)
}
