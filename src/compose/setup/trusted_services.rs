//! What each trusting service trusts already, so that it trusts the same afterwards, and the custom CAs.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

use crate::compose::images::jvm::ContainerFs;
use crate::compose::images::{Images, RootSets, ServiceEnvironment};
use crate::compose::injection::TrustedService;
use crate::compose::layout::{BUNDLE, DIRECTORY};
use crate::compose::output::WarningSink;
use crate::compose::project::Project;
use crate::compose::select::Choice;
use crate::compose::setup::java::JavaService;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::trust::bundle::Pem;
use crate::trust::settings::{Java, Settings};
use crate::trust::trust_anchors::PublicRoots;
use crate::trust::variables::runtimes::Runtime;
use crate::trust::variables::{self, Pin, PinnedTrust, TrustVariable};

/// What is known of the services.
pub struct Known<'a> {
    /// The project.
    pub project: &'a Project,
    /// Its images.
    pub images: &'a Images,
    /// Which roots each service has.
    pub grounds: &'a RootSets<'a>,
    /// Those roots.
    pub public: &'a [PublicRoots<'a>],
    /// The custom CAs that Java can read.
    pub for_java: &'a [Pem<'a>],
}

/// The services that will trust the custom CAs.
#[derive(Default)]
pub struct Services<'a> {
    /// Each of them.
    pub services: Vec<TrustedService<'a>>,
    /// What is reported about Java, and for which services.
    pub java: BTreeMap<String, Vec<&'a str>>,
}

impl<'a> Known<'a> {
    /// Looks at the variables and at the JVM of each of `choices`.
    pub fn services(
        &self,
        choices: impl Iterator<Item = &'a Choice<'a>>,
        warn: WarningSink<'_>,
    ) -> Services<'a> {
        let mut all = Services::default();
        for choice in choices {
            self.add(choice, &mut all, warn);
        }
        all
    }

    fn add(&self, choice: &'a Choice<'a>, all: &mut Services<'a>, warn: WarningSink<'_>) {
        let Self { project, images, .. } = *self;
        let Choice { name, service, .. } = choice;
        let Some((bundle, basis)) = self.grounds.services.get(name) else { return };
        let Some(roots) = self.public.get(*bundle) else { return };
        let environment = images.environment(project, name, service);
        let part = project.part(name);
        let warn = |warning: Diagnostic| {
            let of_part = Diagnostic::statement(format!("{part}: {warning}"));
            warn(Diagnostic { fixes: warning.fixes, ..of_part });
        };
        let settings = Settings::from_variables(&environment.known()).map_err(warn).ok();
        let rows = rows(settings.as_ref(), environment.all());
        let look =
            |value: &OsStr| images.pinned_file(project, name, service, value, &roots.anchors);
        let (pins, warnings) = variables::find_pins(rows.iter().copied(), environment.all(), look);
        for warning in warnings {
            warn(warning);
        }
        for warning in variables::warnings(environment.all()) {
            warn(warning);
        }
        warn_of_settings(environment.all(), &pins, &warn);
        let image = images.image(project, name);
        let inward = image.map(|image| ContainerFs { images, image, service });
        let is_java = settings.as_ref().is_none_or(|settings| settings.java != Java::Off);
        let java = inward.as_ref().filter(|_| is_java).and_then(|inward| {
            let (environment, custom) = (&environment, self.for_java);
            let roots = roots.anchors.certificates.as_slice();
            JavaService { choice, inward, environment, custom, roots, basis }.outcome(&warn)
        });
        let mut jvm = None;
        if let Some(outcome) = java {
            all.java.entry(outcome.line).or_default().push(name);
            jvm = outcome.jvm;
        }
        let mut runtimes = Vec::new();
        for runtime in settings.map(|settings| settings.runtimes).unwrap_or_default() {
            let has = |path: &Path| inward.as_ref().is_some_and(|inward| inward.exists(path));
            runtimes.extend(opened(runtime, &environment, has, &warn));
        }
        all.services.push(TrustedService { name, bundle: *bundle, rows, pins, jvm, runtimes });
    }
}

/// The rows of the variable table that apply to a service.
fn rows(settings: Option<&Settings>, environment: &Environment) -> Vec<&'static TrustVariable> {
    let grpc_roots = settings.is_some_and(|settings| settings.grpc_roots);
    let leave = settings.map(|settings| settings.leave.as_slice()).unwrap_or_default();
    variables::rows(environment, grpc_roots, leave).collect()
}

/// Warns of variables that an overlay cannot serve.
fn warn_of_settings(environment: &Environment, pins: &[Pin<'_>], warn: WarningSink<'_>) {
    for variable in ["TRUST_INIT_CA", "TRUST_INIT_CA_PEM"] {
        if environment.get(variable).is_some_and(|value| !value.is_empty()) {
            let cause = format!(
                "{variable} names other CAs, and trust-init as its entrypoint trusts only those"
            );
            let fix = format!("unset {variable}, and name its CAs with --extra-ca");
            warn(Diagnostic::statement(cause).advise(fix));
        }
    }
    for pin in pins {
        if matches!(pin.trusts, PinnedTrust::Unknown) && pin.row.name == pin.variable {
            warn(unseen(pin.variable));
        }
    }
}

/// A variable names a file that cannot be read from here.
fn unseen(variable: &str) -> Diagnostic {
    let cause = format!(
        "{variable} names a file that cannot be read from here, so trust-compose does not change it: its \
         readers do not see the CA"
    );
    let fix = format!(
        "unset {variable}, or make trust-init the entrypoint, which reads the file in the container"
    );
    Diagnostic::statement(cause).advise(fix)
}

/// `runtime`, and what its variable contains besides, if it can be configured.
fn opened(
    runtime: Runtime,
    environment: &ServiceEnvironment,
    has: impl Fn(&Path) -> bool,
    warn: WarningSink<'_>,
) -> Option<(Runtime, Option<std::ffi::OsString>)> {
    if environment.is_unknown(runtime.variable()) {
        warn(unseen(runtime.variable()));
        return None;
    }
    let is_ours = |path: &Path| path.starts_with(DIRECTORY);
    let before = runtime.own_value(environment.all(), BUNDLE.as_ref(), is_ours, has);
    before.map_err(|warning| warn(warning.into())).ok().map(|before| (runtime, before))
}
