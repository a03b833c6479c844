//! Checks the project's files: the CA and the server certificate (`ca`, `server`), their keys (`keys`), the
//! overlay and whether it is active (`overlay`, `activation`), and this machine's own store (`host_store`).

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
use crate::compose::doctor::files::overlay::InstalledOverlay;
use crate::compose::project::files::{self, plain};
use crate::compose::setup::installed;
use crate::compose::setup::next_steps::setup_command;
use crate::sys::dir::owners::Owners;
use crate::sys::finding::Finding;
use crate::sys::quote;

/// The default directory of `trust-compose certs`.
pub(crate) const CERTS: &str = "certs";

/// Returns all findings about the files.
pub(crate) fn check(context: &CheckContext<'_>) -> Vec<Finding> {
    let project_files = context.project_files;
    let mut findings = Vec::new();
    let found = installed::read(&project_files.base);
    let installed = match &found {
        Ok(installed) => installed.as_ref(),
        Err(error) => {
            findings.push(Finding::failed("overlay-unreadable", error, "setup"));
            None
        }
    };
    let installed_shape = installed.and_then(|installed| {
        let shape = Shape::from_options(&installed.options, &project_files.base);
        let shape = shape.filter(|shape| *shape != Shape::default());
        if shape.is_none() && installed.overlay.is_some() {
            findings.push(overlay::without_options(project_files));
        }
        shape
    });
    let is_foreign = found.is_ok() && installed.is_none() && overlay::is_foreign(project_files);
    let Some(shape) = installed_shape.clone().or_else(|| shape_of_certs(&project_files.base))
    else {
        if is_foreign {
            findings.push(overlay::foreign(project_files));
        } else if findings.is_empty() {
            findings.push(nothing_set_up(context));
        }
        findings.extend(activation::dangling(project_files, installed, None));
        return findings;
    };
    let setup = setup_command(project_files, &shape);
    let is_served = shape.caddy.is_some() || !shape.tls.is_empty();
    let setup_for_server = is_served.then_some(setup.as_str());
    let ca_files = ca::read(context, &shape);
    findings.extend(ca_files.error.as_ref().map(|error| ca::unusable(error, setup_for_server)));
    ca::findings(context, &ca_files, &setup, &mut findings);
    server::findings(context, &ca_files, setup_for_server, &mut findings);
    let owners = Owners::of_process().of_project(&project_files.base);
    keys::findings(&ca_files, owners, &setup, &mut findings);
    let dangling = activation::dangling(project_files, installed, Some(&setup));
    match installed {
        // A project that Compose cannot start is not compared.
        _ if dangling.is_some() => findings.extend(dangling),
        Some(installed) if installed_shape.is_some() => {
            let overlay = InstalledOverlay { installed, shape: &shape, setup: &setup };
            overlay.findings(context, &ca_files, &mut findings);
        }
        _ if is_foreign => findings.push(overlay::foreign(project_files)),
        None if found.is_ok() => findings.push(overlay::missing(project_files, &setup)),
        _ => {}
    }
    findings.extend(activation::activation(project_files, installed, &setup));
    host_store::findings(context, &ca_files, &mut findings);
    findings
}

/// Returns the options of a setup with the certificates in `certs/`, if it contains any.
fn shape_of_certs(base: &Path) -> Option<Shape> {
    let directory = plain(base, CERTS);
    let exists = |name: &&str| directory.join(name).symlink_metadata().is_ok();
    let has_any = [CA, CA_KEY, SERVER].iter().any(exists);
    has_any.then(|| Shape { custom_ca: Some(directory), ..Shape::default() })
}

/// Reports that the project has no CA and no other file of trust-compose.
fn nothing_set_up(context: &CheckContext<'_>) -> Finding {
    let CheckContext { project_files, ca, .. } = context;
    let setup_with = |custom_ca| {
        setup_command(project_files, &Shape { custom_ca: Some(custom_ca), ..Shape::default() })
    };
    let with_new_ca = || {
        let directory = plain(&project_files.base, CERTS);
        let out = match directory.as_path() {
            path if path == Path::new(CERTS) => String::new(),
            path => format!(" --out {}", quote::shell(path)),
        };
        format!("trust-compose certs NAME-OF-A-SERVER{out}\n{}", setup_with(directory))
    };
    let commands = ca.first().map_or_else(with_new_ca, |ca| setup_with(ca.clone()));
    let base = files::absolute(&project_files.base);
    let cause = "no CA is set up: every service trusts only what its image trusts";
    Finding::info("nothing-set-up", &quote::path(&base), cause).with_fix(commands)
}
