//! The error for an option that names an unknown service, with a suggestion.

use crate::compose::project::Project;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;
use crate::sys::suggestion::nearest;

/// Number of service names that the error lists.
const LISTED: usize = 20;

/// Returns the error that `project` does not have the service `name` of `option`.
pub(crate) fn no_service(project: &Project, name: &str, option: &'static str) -> Diagnostic {
    let services: Vec<_> = project.services.keys().map(String::as_str).collect();
    let fix = match nearest(name, services.iter().copied()) {
        Some(service) => format!("write {}", quote::word(service)),
        None if services.is_empty() => format!("drop {option}"),
        None => "name one of them".to_owned(),
    };
    let subject = format!("the service {}", quote::word(name));
    let error = Diagnostic::cannot("find", subject).named(format_args!("from {option}"));
    error.because(format_args!("the project has {}", list_services(&services))).advise(fix)
}

fn list_services(services: &[&str]) -> String {
    let more = services.len().saturating_sub(LISTED);
    let names = services.iter().take(LISTED).map(|name| quote::word(*name).to_string());
    let mut words: Vec<_> = names.collect();
    if more > 0 {
        words.push(format!("{more} more"));
    }
    match words.as_slice() {
        [] => "no services".to_owned(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
