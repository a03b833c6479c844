//! Services that are switched off because something outside takes their place.

use std::collections::BTreeSet;

use crate::compose::project::Project;
use crate::compose::select::option::no_service;
use crate::compose::setup::overlay::Without;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// The services `names`, each with the services that depend on it.
///
/// # Errors
/// When one does not exist, or another cannot start without it.
pub fn without<'a>(project: &'a Project, names: &[String]) -> Result<Vec<Without<'a>>, Diagnostic> {
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
        all.push(Without { name, has_profiles: !service.profiles.is_empty(), dependants });
    }
    Ok(all)
}

/// The service `by` names `name` in `key`, which no overlay can remove.
fn tied(name: &str, by: &str, key: &str) -> Diagnostic {
    let cause = format!("{} names it in `{key}`, which no overlay can remove", quote::word(by));
    let fix = format!(
        "remove it from `{key}` there, or switch that service off too: `--without {}`",
        quote::shell(by)
    );
    let off = Diagnostic::cannot("switch off", quote::word(name)).named("from --without");
    off.because(cause).advise(fix)
}
