//! What each service that is to trust trusts already, so that it trusts the same afterwards, and the
//! custom CAs.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Display;
use std::path::Path;

use crate::compose::images::jvm::ContainerFs;
use crate::compose::images::{Images, RootSets};
use crate::compose::project::Project;
use crate::compose::select::Choice;
use crate::compose::setup::overlay::{BUNDLE, DIRECTORY, Trusted};
use crate::compose::setup::report::{OfService, Others, Unseen};
use crate::compose::setup::{Warn, java};
use crate::trust::bundle::{self, Pem};
use crate::trust::settings::{Java, Settings};
use crate::trust::trust_anchors::PublicRoots;
use crate::trust::variables;
use crate::trust::variables::Trusts;

/// The custom CAs with each set of roots.
pub fn bundles<'a>(custom: &'a [Pem<'_>], public: &'a [PublicRoots<'_>]) -> Vec<Vec<Pem<'a>>> {
    let with = |roots: &'a PublicRoots<'_>| bundle::bundle(&[custom, &roots.anchors.certificates]);
    public.iter().map(|roots| with(roots).certificates).collect()
}

/// What the services that are to trust get.
pub struct Services<'a> {
    /// Each of them.
    pub services: Vec<Trusted<'a>>,
    /// What is told of Java, and of which services.
    pub java: BTreeMap<String, Vec<&'a str>>,
}

/// Looks at the variables and at the JVM of each of `choices`. `for_java` are the custom CAs that Java can
/// read.
pub fn trusted<'a>(
    choices: impl Iterator<Item = &'a Choice<'a>>,
    project: &Project,
    images: &Images,
    grounds: &RootSets<'_>,
    (for_java, public): (&[Pem<'_>], &'a [PublicRoots<'a>]),
    warn: Warn<'_>,
) -> Services<'a> {
    let mut all = Services { services: Vec::new(), java: BTreeMap::new() };
    for choice in choices {
        let Choice { name, service, .. } = choice;
        let Some((bundle, basis)) = grounds.services.get(name) else { continue };
        let Some(roots) = public.get(*bundle) else { continue };
        let environment = images.environment(project, name, service);
        let found = environment.all();
        let part = project.part(name);
        let warn = |warning: &dyn Display| warn(&OfService { part, warning });
        let asked = Settings::from_variables(&environment.known());
        let asked = asked.map_err(|it| warn(&format!("{it}\nfix: {}", it.fix()))).ok();
        let grpc_roots = asked.as_ref().is_some_and(|asked| asked.grpc_roots);
        let leave = asked.as_ref().map(|asked| asked.leave.as_slice()).unwrap_or_default();
        let rows: Vec<_> = variables::rows(found, grpc_roots, leave).collect();
        let look = |value: &OsStr| images.named(project, name, service, value, &roots.anchors);
        let (pins, surprises) = variables::pins(rows.iter().copied(), found, look);
        for warning in surprises.into_iter().chain(variables::warnings(found)) {
            warn(&format!("{warning}\nfix: {}", warning.fix()));
        }
        for variable in ["TRUST_INIT_CA", "TRUST_INIT_CA_PEM"] {
            if found.get(variable).is_some_and(|value| !value.is_empty()) {
                warn(&Others(variable));
            }
        }
        for pin in &pins {
            if matches!(pin.trusts, Trusts::Unknown) && pin.row.name == pin.variable {
                warn(&Unseen(pin.variable));
            }
        }
        let image = images.image(project, name);
        let inward = image.map(|image| ContainerFs { images, image, service });
        let of_java = inward.as_ref();
        let of_java =
            of_java.filter(|_| asked.as_ref().is_none_or(|asked| asked.java != Java::Off));
        let outcome = of_java.and_then(|inward| {
            let roots = (roots.anchors.certificates.as_slice(), basis);
            java::java(choice, inward, &environment, for_java, roots, &warn)
        });
        let mut jvm = None;
        if let Some(outcome) = outcome {
            all.java.entry(outcome.line).or_default().push(name);
            jvm = outcome.jvm;
        }
        let mut runtimes = Vec::new();
        for runtime in asked.map(|asked| asked.runtimes).unwrap_or_default() {
            if environment.is_unknown(runtime.variable()) {
                warn(&Unseen(runtime.variable()));
                continue;
            }
            let is_ours = |path: &Path| path.starts_with(DIRECTORY);
            let has = |path: &Path| inward.as_ref().is_some_and(|inward| inward.has(path));
            match runtime.open(found, BUNDLE.as_ref(), is_ours, has) {
                Ok(before) => runtimes.push((runtime, before)),
                Err(warning) => warn(&warning),
            }
        }
        all.services.push(Trusted { name, bundle: *bundle, rows, pins, jvm, runtimes });
    }
    all
}
