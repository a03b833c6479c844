//! Determines for each trusting service its bundle, pinned variables and JVM, so that it keeps its existing
//! trust and gains the custom CAs.

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
use crate::compose::setup::chromium;
use crate::compose::setup::java::JavaService;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::trust::bundle::Pem;
use crate::trust::settings::{Java, Settings};
use crate::trust::trust_anchors::PublicRoots;
use crate::trust::variables::runtimes::Runtime;
use crate::trust::variables::{self, Pin, PinnedTrust, TrustVariable};

/// The facts about the services of a project.
pub struct ServiceContext<'a> {
    /// The project.
    pub project: &'a Project,
    /// Its images.
    pub images: &'a Images,
    /// The root set of each service.
    pub root_sets: &'a RootSets<'a>,
    /// The root certificates of each set.
    pub public: &'a [PublicRoots<'a>],
    /// The custom CAs that Java can read.
    pub for_java: &'a [Pem<'a>],
}

/// The services that will trust the custom CAs.
#[derive(Default)]
pub struct TrustedServices<'a> {
    /// The services.
    pub services: Vec<TrustedService<'a>>,
    /// Remarks about Java and Chromium, each with its services.
    pub remarks: BTreeMap<String, Vec<&'a str>>,
}

impl<'a> ServiceContext<'a> {
    /// Inspects the variables and the JVM of each of `choices`.
    pub fn trusted_services(
        &self,
        choices: impl Iterator<Item = &'a Choice<'a>>,
        warn: WarningSink<'_>,
    ) -> TrustedServices<'a> {
        let mut all = TrustedServices::default();
        for choice in choices {
            self.add_service(choice, &mut all, warn);
        }
        all
    }

    fn add_service(
        &self,
        choice: &'a Choice<'a>,
        all: &mut TrustedServices<'a>,
        warn: WarningSink<'_>,
    ) {
        let Self { project, images, .. } = *self;
        let Choice { name, service, .. } = choice;
        let Some((bundle, roots_origin)) = self.root_sets.services.get(name) else { return };
        let Some(roots) = self.public.get(*bundle) else { return };
        let environment = images.environment(project, name, service);
        let part = project.part(name);
        let warn = |warning: Diagnostic| {
            let for_part = Diagnostic::statement(format!("{part}: {warning}"));
            warn(Diagnostic { fixes: warning.fixes, ..for_part });
        };
        let settings = Settings::from_variables(&environment.known()).map_err(warn).ok();
        let rows = rows(settings.as_ref(), environment.all());
        let look_up = |_: &str, value: &OsStr| {
            images.pinned_file(project, name, service, value, &roots.anchors)
        };
        let (pins, warnings) =
            variables::find_pins(rows.iter().copied(), environment.all(), look_up);
        for warning in warnings {
            warn(warning);
        }
        for warning in variables::warnings(environment.all()) {
            warn(warning);
        }
        warn_of_settings(environment.all(), &pins, &warn);
        let image = images.image(project, name);
        let container_fs = image.map(|image| ContainerFs { images, image, service });
        let configures_java = settings.as_ref().is_none_or(|settings| settings.java != Java::Off);
        let java = container_fs.as_ref().filter(|_| configures_java).and_then(|container_fs| {
            let (environment, custom) = (&environment, self.for_java);
            let roots = roots.anchors.certificates.as_slice();
            JavaService { service, container_fs, environment, custom, roots, roots_origin }
                .outcome(&warn)
        });
        let mut jvm = None;
        if let Some(outcome) = java {
            all.remarks.entry(outcome.line).or_default().push(name);
            jvm = outcome.jvm;
        }
        let mut policies = Vec::new();
        if choice.has_browser || chromium::is_named_in(environment.all()) {
            let (paths, line) = chromium::policy_paths(service, project.unit);
            all.remarks.entry(line.to_owned()).or_default().push(name);
            policies = paths;
        }
        let mut runtimes = Vec::new();
        for runtime in settings.map(|settings| settings.runtimes).unwrap_or_default() {
            let exists = |path: &Path| {
                container_fs.as_ref().is_some_and(|container_fs| container_fs.exists(path))
            };
            runtimes.extend(configured_runtime(runtime, &environment, exists, &warn));
        }
        let bundle = *bundle;
        all.services.push(TrustedService { name, bundle, rows, pins, jvm, policies, runtimes });
    }
}

/// Returns the rows of the variable table that apply to a service.
fn rows(settings: Option<&Settings>, environment: &Environment) -> Vec<&'static TrustVariable> {
    let grpc_roots = settings.is_some_and(|settings| settings.grpc_roots);
    let leave = settings.map(|settings| settings.leave.as_slice()).unwrap_or_default();
    variables::rows(environment, grpc_roots, leave).collect()
}

/// Warns of variables that an overlay cannot follow.
fn warn_of_settings(environment: &Environment, pins: &[Pin<'_>], warn: WarningSink<'_>) {
    for variable in ["TRUST_INIT_CA", "TRUST_INIT_CA_PEM"] {
        if environment.get(variable).is_some_and(|value| !value.is_empty()) {
            let cause = format!(
                "{variable} names other CAs, and trust-init as the entrypoint trusts only those"
            );
            let fix = format!("unset {variable}, and name its CAs with --extra-ca");
            warn(Diagnostic::statement(cause).advise(fix));
        }
    }
    for pin in pins {
        if matches!(pin.trusts, PinnedTrust::Unknown) && pin.is_reported() {
            warn(unreadable_file(pin.variable));
        }
    }
}

/// Returns the warning that `variable` names a file that trust-compose cannot read.
fn unreadable_file(variable: &str) -> Diagnostic {
    let cause = format!(
        "{variable} names a file that trust-compose cannot read, so trust-compose does not change the \
         variable: programs that read it do not trust the CA"
    );
    let fix = format!(
        "unset {variable}, or make trust-init the entrypoint, which reads the file in the container"
    );
    Diagnostic::statement(cause).advise(fix)
}

/// Returns `runtime` and the user's own part of its variable, if it can be configured.
fn configured_runtime(
    runtime: Runtime,
    environment: &ServiceEnvironment,
    exists: impl Fn(&Path) -> bool,
    warn: WarningSink<'_>,
) -> Option<(Runtime, Option<std::ffi::OsString>)> {
    if environment.is_unknown(runtime.variable()) {
        warn(unreadable_file(runtime.variable()));
        return None;
    }
    let is_ours = |path: &Path| path.starts_with(DIRECTORY);
    let own = runtime.own_value(environment.all(), BUNDLE.as_ref(), is_ours, exists);
    own.map_err(|warning| warn(warning.into())).ok().map(|own| (runtime, own))
}
