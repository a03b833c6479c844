//! The error for an option that names an unknown service, with a suggestion.

use crate::compose::project::Project;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// Number of service names that the error lists.
const LISTED: usize = 20;

/// Returns the error that `project` does not have the service `name` of `option`.
pub(crate) fn no_service(project: &Project, name: &str, option: &'static str) -> Diagnostic {
    let services: Vec<_> = project.services.keys().map(String::as_str).collect();
    let fix = match nearest(name, &services) {
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

/// Returns the service with the most similar name: at most a third of the letters differ.
fn nearest<'a>(name: &str, services: &[&'a str]) -> Option<&'a str> {
    let near = services.iter().map(|service| (distance(name, service), service));
    let most = name.chars().count().div_ceil(3);
    near.filter(|(distance, _)| *distance <= most).min().map(|(_, service)| *service)
}

/// Returns the number of letters to add, remove or replace (Levenshtein distance).
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut left = index + 1;
        let mut next = vec![left];
        for (other, pair) in to.chars().zip(row.windows(2)) {
            let [corner, above] = pair else { continue };
            left = (corner + usize::from(letter != other)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
