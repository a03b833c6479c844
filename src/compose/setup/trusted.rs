//! What each service that is to trust trusts already, so that it trusts the same afterwards, and the
//! custom CAs.

use std::ffi::OsStr;

use super::words::{OfService, Others, Unseen};
use crate::compose::images::{Grounds, Images};
use crate::compose::overlay::Trusted;
use crate::compose::project::Project;
use crate::compose::select::Choice;
use crate::environment;
use crate::inspect::PublicRoots;
use crate::merge::{self, Pem};
use crate::report::Report;

/// The custom CAs with each set of roots.
pub fn bundles<'a>(custom: &'a [Pem<'_>], public: &'a [PublicRoots<'_>]) -> Vec<Vec<Pem<'a>>> {
    let with = |roots: &'a PublicRoots<'_>| merge::bundle(&[custom, &roots.anchors.certificates]);
    public.iter().map(|roots| with(roots).certificates).collect()
}

/// Looks at the variables of each of `choices`.
pub fn trusted<'a>(
    choices: impl Iterator<Item = &'a Choice<'a>>,
    project: &Project,
    images: &Images,
    grounds: &Grounds<'_>,
    public: &'a [PublicRoots<'a>],
    report: Report,
) -> Vec<Trusted<'a>> {
    let mut all = Vec::new();
    for Choice { name, service, .. } in choices {
        let Some((bundle, _)) = grounds.services.get(name) else { continue };
        let Some(roots) = public.get(*bundle) else { continue };
        let found = images.environment(project, name, service);
        let look = |value: &OsStr| images.named(project, name, service, value, &roots.anchors);
        let rows: Vec<_> = environment::rows(&found, false).collect();
        let (pins, surprises) = environment::pins(rows.iter().copied(), &found, look);
        for warning in surprises.into_iter().chain(environment::warnings(&found)) {
            report.warning(&OfService { service: name, warning });
        }
        for variable in ["TRUST_INIT_CA", "TRUST_INIT_CA_PEM"] {
            if found.get(variable).is_some_and(|value| !value.is_empty()) {
                report.warning(&Others { service: name, variable });
            }
        }
        for pin in &pins {
            if pin.anchors.is_none() && pin.row.name == pin.variable {
                report.warning(&Unseen { service: name, variable: pin.variable });
            }
        }
        all.push(Trusted { name, bundle: *bundle, rows, pins });
    }
    all
}
