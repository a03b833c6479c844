//! Lines for stdout that name further steps for the user: SELinux labels, COMPOSE_FILE in the shell, DNS.

use crate::compose::docker;
use crate::compose::layout::{OVERLAY, TRUST};
use crate::compose::project::files::{FilesOrigin, ProjectFiles, plain};
use crate::compose::setup::engine_check;
use crate::compose::setup::proxy::ServedCertificate;
use crate::sys::quote;

/// Returns every line that applies.
pub(crate) fn advice(
    project_files: &ProjectFiles,
    domain: Option<&str>,
    served: Option<&ServedCertificate<'_>>,
    is_active: bool,
) -> Vec<String> {
    let mut all = Vec::new();
    if engine_check::enforces_selinux() {
        let served = served.into_iter().flat_map(|served| [&served.certificate, &served.key]);
        let paths = std::iter::once(plain(&project_files.base, TRUST)).chain(served.cloned());
        let paths: Vec<_> = paths.map(|path| quote::shell(&path)).collect();
        all.push(format!(
            "this machine enforces SELinux: first let containers read the files: `sudo chcon -R -t \
             container_file_t {}`",
            paths.join(" ")
        ));
    }
    if is_active && project_files.origin == FilesOrigin::Shell && !project_files.had_ours {
        all.extend(project_files.variables.in_shell("COMPOSE_FILE").map(|value| {
            let value = quote::word(&value);
            format!(
                "COMPOSE_FILE={value} in the shell overrides the one in .env: unset it there, or add \
                 {OVERLAY} to it"
            )
        }));
    }
    if let Some(domain) = domain.filter(|domain| docker::resolves(domain) == Some(false)) {
        let address = served.and_then(|served| served.address);
        let address = address.map_or("ADDRESS-OF-THIS-MACHINE".to_owned(), |ip| ip.to_string());
        all.push(format!(
            "{} does not resolve here: for this machine add `127.0.0.1 {domain}` to /etc/hosts; for \
             others `{address} {domain}`",
            quote::word(domain)
        ));
    }
    all
}
