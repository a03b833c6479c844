//! Services that are switched off because something outside takes their place.

use std::collections::BTreeSet;
use std::fmt::{self, Display};

use crate::compose::project::Project;
use crate::compose::select::option::no_service;
use crate::compose::setup::overlay::Without;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::output;
use crate::sys::quote;

/// Why a service cannot be switched off.
pub enum Error {
    /// There is no such service.
    NoService(Diagnostic),
    /// Another one cannot be without it.
    Tied { name: String, by: String, key: &'static str },
}

output::error_of_words!(Error);

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoService(error) => write!(f, "{error}\nfix: {}", error.fix()),
            Self::Tied { name, by, key } => write!(
                f,
                "cannot switch off {} (from --without): {} names it in `{key}`, which no overlay \
                 can take away\n\
                 fix: take it out of `{key}` there, or switch that one off too: `--without {}`",
                quote::word(name),
                quote::word(by),
                quote::shell(by)
            ),
        }
    }
}

/// What becomes of `names`, and of who depends on them.
///
/// # Errors
/// When one is not there, or another cannot be without it.
pub fn without<'a>(project: &'a Project, names: &[String]) -> Result<Vec<Without<'a>>, Error> {
    let is_off = |name: &str| names.iter().any(|off| off == name);
    let mut all = Vec::new();
    for wanted in names {
        let Some((name, service)) = project.services.get_key_value(wanted) else {
            let error = no_service(project, wanted, "--without");
            return Err(Error::NoService(error));
        };
        let others = || project.services.iter().filter(|(other, _)| !is_off(other));
        for (other, service) in others() {
            if let Some(tie) = service.ties.iter().find(|tie| tie.service == *name) {
                return Err(Error::Tied { name: name.clone(), by: other.clone(), key: tie.key });
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
