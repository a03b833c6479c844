//! The services of `--without`, which the overlay disables: external ones replace them.

use std::collections::BTreeSet;

use crate::compose::project::Project;
use crate::compose::select::option::no_service;
use crate::compose::setup::overlay::DisabledService;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// Returns the services `names`, each with the services that depend on it.
///
/// # Errors
/// When one does not exist, or another service cannot start without it.
pub fn resolve<'a>(
    project: &'a Project,
    names: &[String],
) -> Result<Vec<DisabledService<'a>>, Diagnostic> {
    let is_off = |name: &str| names.iter().any(|off| off == name);
    let mut all = Vec::new();
    for wanted in names {
        let Some((name, service)) = project.services.get_key_value(wanted) else {
            return Err(no_service(project, wanted, "--without"));
        };
        let others = || project.services.iter().filter(|(other, _)| !is_off(other));
        for (other, service) in others() {
            if let Some(tie) = service.ties.iter().find(|tie| tie.service == *name) {
                return Err(tied(name, other, tie.key));
            }
        }
        let dependants: BTreeSet<_> = others()
            .filter(|(_, other)| other.depends_on.contains(name))
            .map(|(other, _)| other.as_str())
            .collect();
        all.push(DisabledService { name, has_profiles: !service.profiles.is_empty(), dependants });
    }
    Ok(all)
}

/// Returns the error that the service `by` refers to `name` in `key`, which no overlay can remove.
fn tied(name: &str, by: &str, key: &str) -> Diagnostic {
    let cause = format!("{} refers to it in `{key}`, which no overlay can remove", quote::word(by));
    let fix = format!(
        "remove it from `{key}`, or switch off that service too: `--without {}`",
        quote::shell(by)
    );
    let off = Diagnostic::cannot("switch off", quote::word(name)).named("from --without");
    off.because(cause).advise(fix)
}
