//! Why no choice is made, and what mends it.

use std::fmt::{self, Display};

use crate::compose::project::Project;
use crate::sys::output;
use crate::sys::quote;

/// Names of services that are listed; a project with more has a file to look them up in.
const LISTED: usize = 20;

/// Why no choice is made: an option that does not fit the project.
pub enum Error {
    /// An option names a service that is not there.
    NoService {
        /// What it names.
        name: String,
        /// The option.
        option: &'static str,
        /// The services that are there.
        services: Vec<String>,
    },
    /// A service that is to be trusted and to be taken out.
    Both(String),
}

output::error_of_words!(Error);

impl Error {
    /// That what `option` names is not in `project`.
    pub fn missing(project: &Project, name: &str, option: &'static str) -> Self {
        let services = project.services.keys().cloned().collect();
        Self::NoService { name: name.to_owned(), option, services }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoService { name, option, services } => {
                let quoted = quote::word(name);
                let listed = list(services);
                let fix = match nearest(name, services) {
                    Some(service) => format!("write {}", quote::word(service)),
                    None if services.is_empty() => format!("drop {option}"),
                    None => "name one of them".to_owned(),
                };
                write!(
                    f,
                    "cannot find the service {quoted} (from {option}): the project has {listed}\n\
                     fix: {fix}"
                )
            }
            Self::Both(name) => write!(
                f,
                "cannot trust the service {} (from --service): --without takes it out of the \
                 project\nfix: give one of the two options",
                quote::word(name)
            ),
        }
    }
}

fn list(services: &[String]) -> String {
    let more = services.len().saturating_sub(LISTED);
    let names = services.iter().take(LISTED).map(|name| quote::word(name).to_string());
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

/// The service that was probably meant: at most a third of the name has to change.
fn nearest<'a>(name: &str, services: &'a [String]) -> Option<&'a String> {
    let near = services.iter().map(|service| (distance(name, service), service));
    let most = name.chars().count().div_ceil(3);
    near.filter(|(distance, _)| *distance <= most).min().map(|(_, service)| service)
}

/// How many letters have to be added, dropped or replaced (Levenshtein).
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
