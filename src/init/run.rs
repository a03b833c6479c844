//! One run of trust-init, from settings to the service.

pub mod dangling;
pub mod java;
pub mod runtimes;
pub mod system_store;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::sys::quote;

use crate::init::cli::{Invocation, Task};
use crate::init::discover;
use crate::init::exec::{self, Held};
use crate::init::mounts;
use crate::init::publish::{self, Order};
use crate::init::run::dangling::dangling;
use crate::init::run::system_store::Keeper;
use crate::sys::dir;
use crate::sys::environment::Environment;
use crate::sys::exit_code;
use crate::sys::output::{self, Report};
use crate::sys::program;
use crate::trust::bundle::{self, Pem};
use crate::trust::certificate::Certificate;
use crate::trust::inspection::{self, Inspection};
use crate::trust::root_stores::RootSource;
use crate::trust::settings::OnError;
use crate::trust::source::Label;
use crate::trust::source::{Named, Origin, Roots};
use crate::trust::time::Time;
use crate::trust::variables;
use crate::trust::variables::java::{JAVA_TOOL_OPTIONS, with};
use crate::trust::variables::{File, split};

/// What ends the `fix:` of every failure before the service is started.
const WAY_OUT: &str = "; to start the service without it, set TRUST_INIT_ON_ERROR=warn";

/// Trust that stands, and the environment that names it.
struct Trust {
    environment: Environment,
    variables: Vec<(&'static str, OsString)>,
    summary: Summary,
}

/// Does what was asked, and returns the exit code: after [`Task::Run`] only if the service could
/// not be started.
pub fn run(invocation: &Invocation, found: &Environment, report: Report) -> u8 {
    let Invocation { settings, task } = invocation;
    // First of all, so that no stop is lost while we work.
    let held = matches!(task, Task::Run(_)).then(Held::stops);
    if held.is_none() {
        dir::outlive_limit();
    }
    let mut failures = Vec::new();
    let trust = prepare(invocation, found, report, &mut failures).unwrap_or_else(|failure| {
        failures.push(failure);
        None
    });
    let mut changed = trust.as_ref().map(|trust| trust.environment.clone());
    let set = trust.as_ref().map_or(&[][..], |trust| &trust.variables);
    for dangling in dangling(found, set) {
        let changed = changed.get_or_insert_with(|| found.clone());
        for name in &dangling.names {
            match found.get(name).and_then(split) {
                Some((rest, _)) if !rest.is_empty() => changed.set(name, rest),
                _ => changed.remove(name),
            }
        }
        failures.push(dangling.into());
    }
    for failure in &failures {
        match settings.on_error {
            OnError::Fail => report.error_text(failure, WAY_OUT),
            OnError::Warn => report.warning_text(failure),
        }
    }
    if settings.on_error == OnError::Fail && !failures.is_empty() {
        return held.and_then(Held::release).unwrap_or(exit_code::FAILED);
    }
    if let Some(trust) = &trust {
        report.infos(&trust.summary.lines(task));
    }
    match task {
        Task::Run(program) => {
            if let Some(stopped) = held.and_then(Held::release) {
                return stopped;
            }
            let error = exec::exec(program, found, changed.as_ref());
            report.error_text(&error, "");
            error.code()
        }
        Task::PrintEnv => answer(report, &trust.map(|trust| shell(&trust)).unwrap_or_default()),
        Task::DryRun(_) => {
            for (name, value) in trust.iter().flat_map(|trust| &trust.variables) {
                report.info(&format!("would set {name}={}", quote::word(value)));
            }
            0
        }
        _ => 0,
    }
}

/// Prints what was asked for.
pub fn answer(report: Report, text: &str) -> u8 {
    match report.answer(text) {
        Ok(()) => 0,
        Err(_) => exit_code::FAILED,
    }
}

/// Everything between `discover` and `environment`. `None`: no custom CA is in force, and the
/// service is to start exactly as it would have. What is found wrong but leaves something to work
/// with goes into `failures`.
fn prepare(
    invocation: &Invocation,
    found: &Environment,
    report: Report,
    failures: &mut Vec<anyhow::Error>,
) -> anyhow::Result<Option<Trust>> {
    let Invocation { settings, task } = invocation;
    let discovery = discover::custom(settings);
    failures.extend(discovery.errors.into_iter().map(anyhow::Error::from));
    discovery.warnings.iter().for_each(|warning| report.warning_text(warning));

    let mut inspection = inspection::inspect(&discovery.sources);
    inspection.require_authority(discovery.directories);
    let store = Keeper::new(invocation, report, !inspection.certificates.is_empty())?;
    if inspection.certificates.is_empty() {
        settle(inspection, report, failures);
        store.clear(failures)?;
        return Ok(None);
    }

    let source = crate::trust::root_stores::roots(settings.roots)?;
    let mut public = crate::trust::trust_anchors::roots(&source);
    store.leave_out_ours(&mut public.anchors.certificates);
    let roots = &public.anchors.certificates;
    if settings.roots == Roots::System {
        inspection.leave_out_known(roots);
    }
    inspection::judge(&mut inspection, Time::now(), roots);
    let kept = settle(inspection, report, failures);
    if kept.is_empty() || (settings.on_error == OnError::Fail && !failures.is_empty()) {
        store.clear(failures)?;
        return Ok(None);
    }

    public.warnings.iter().for_each(|warning| report.warning_text(warning));

    let custom: Vec<_> = kept.iter().map(|certificate| certificate.pem.borrow()).collect();
    let for_java: Vec<_> = inspection::for_java(&kept).collect();
    let merged = bundle::bundle(&[&custom, roots]);

    let jvm =
        java::find(invocation, found, &for_java, roots, &store.record).unwrap_or_else(|warning| {
            report.warning_text(&warning);
            None
        });
    // Before anything is read that may lie in the store.
    let installed = store.install(&custom, jvm.as_ref(), failures)?;

    let rows = || variables::rows(found, settings.grpc_roots, &settings.leave);
    let (pins, surprises) = crate::init::pins::pins(rows(), found, &source, &public.anchors);
    let surprises = surprises.into_iter().chain(variables::warnings(found));
    surprises.for_each(|warning| report.warning_text(&warning));
    let secure = task.program().and_then(|program| program::secure(program, found));
    if let Some(secure) = secure {
        report.warning_text(&secure);
    }
    let mut plan = crate::trust::variables::plan(rows(), &pins, &custom, &merged.certificates);

    let named = jvm.as_ref().filter(|_| installed.java.is_none());
    plan.files.extend(named.map(|jvm| (File::TrustStore, jvm.certificates())));
    // Where every variable is pinned, nothing else needs the bundle.
    if !settings.runtimes.is_empty() && !plan.files.iter().any(|(file, _)| *file == File::Bundle) {
        plan.files.push((File::Bundle, merged.certificates.iter().map(Pem::borrow).collect()));
    }

    let order = Order {
        directory: settings.directory.as_ref(),
        roots: settings.roots,
        is_first: std::process::id() == 1,
        prepares: *task == Task::Prepare,
        dry: task.is_dry(),
    };
    let published = publish::publish(&plan.files, &order)?;
    published.warnings.iter().for_each(|warning| report.warning_text(warning));

    let mut environment = found.clone();
    let mut variables = Vec::new();
    for (row, file) in &plan.variables {
        if let Some(path) = published.path(file) {
            variables.push((row.name, path.into()));
        }
    }
    let bundle = published.path(&File::Bundle);
    let mut summary = Summary::new(&kept, (&source, roots), merged.doubles, bundle);
    if !report.is_quiet() {
        summary.authorities.extend(kept.iter().map(authority));
    }
    let by = installed.java.as_deref().or_else(|| published.path(&File::TrustStore));
    if let (Some(jvm), Some(path)) = (&jvm, by) {
        if installed.java.is_none() {
            variables.push((JAVA_TOOL_OPTIONS, with(&jvm.options, path)));
        }
        summary.authorities.push(jvm.line(path));
    }
    if let Some(bundle) = bundle {
        for told in runtimes::tell(&settings.runtimes, found, bundle, &order, report)? {
            summary.authorities.push(told.line());
            variables.push((told.runtime.variable(), told.value));
        }
    }
    summary.authorities.extend(store.line(&installed));
    for (name, value) in &variables {
        environment.set(name, value);
    }
    Ok(Some(Trust { environment, variables, summary }))
}

/// Says what inspection found, and returns what is kept, each certificate once.
fn settle(
    inspection: Inspection,
    report: Report,
    failures: &mut Vec<anyhow::Error>,
) -> Vec<Certificate> {
    inspection.warnings.iter().for_each(|warning| report.warning_text(warning));
    failures.extend(inspection.errors.into_iter().map(anyhow::Error::from));
    let mut seen = BTreeSet::new();
    let certificates = inspection.certificates.iter();
    let mut is_first: Vec<_> = certificates.map(|it| seen.insert(it.pem.text())).collect();
    let mut is_first = is_first.drain(..);
    let mut kept = inspection.certificates;
    kept.retain(|_| is_first.next() == Some(true));
    kept
}

/// `export` lines for a shell (POSIX, quoting as in its section 2.2.2).
fn shell(trust: &Trust) -> String {
    let quoted = |value: &OsStr| value.to_string_lossy().replace('\'', "'\\''");
    let mut text = String::new();
    for (name, value) in &trust.variables {
        let _ = writeln!(text, "export {name}='{}'", quoted(value));
    }
    text
}

/// What the success lines tell.
struct Summary {
    authorities: Vec<String>,
    custom: usize,
    roots: String,
    doubles: usize,
    bundle: Option<PathBuf>,
}

impl Summary {
    fn new(
        kept: &[Certificate],
        roots: (&RootSource, &[Pem<'_>]),
        doubles: usize,
        bundle: Option<&Path>,
    ) -> Self {
        let count = output::count(roots.1.len(), "root");
        let roots = match roots.0 {
            RootSource::File { path, .. } | RootSource::Directory { path, .. } => {
                format!("{count} of {}", quote::path(path))
            }
            RootSource::Mozilla(_) => format!("{count} of Mozilla's"),
            RootSource::Unwanted | RootSource::Nowhere => "no roots".to_owned(),
        };
        Self {
            authorities: Vec::new(),
            custom: kept.len(),
            roots,
            doubles,
            bundle: bundle.map(Path::to_path_buf),
        }
    }

    fn lines(&self, task: &Task) -> Vec<String> {
        let bundle = match &self.bundle {
            Some(path) => format!("in {}", quote::path(path)),
            None => "in a file of its own for each variable that was set".to_owned(),
        };
        let next = match task {
            Task::Run(program) | Task::DryRun(program) => match program.first() {
                Some(program) => {
                    let program = quote::word(program);
                    let verb =
                        if matches!(task, Task::Run(_)) { "starting" } else { "would start" };
                    format!("; {verb} {program} as pid {}", std::process::id())
                }
                None => String::new(),
            },
            _ => String::new(),
        };
        let custom = output::count(self.custom, "custom CA");
        let doubles = match self.doubles {
            0 => String::new(),
            doubles => format!(" ({} left out)", output::count(doubles, "double")),
        };
        let summary = format!("{custom} and {}{doubles} {bundle}{next}", self.roots);
        self.authorities.iter().cloned().chain(std::iter::once(summary)).collect()
    }
}

/// The line on one custom CA. What nobody mounted and nobody named was baked into the image, where
/// its owner may not expect it to be found.
fn authority(certificate: &Certificate) -> String {
    let place = match &certificate.label {
        Label::Path(Named { path, origin: Origin::Default }) if !mounts::is_mounted(path) => {
            format!("{}, from the image", quote::path(path))
        }
        Label::Path(Named { path, origin: Origin::Default }) => quote::path(path).to_string(),
        label => label.to_string(),
    };
    format!(
        "trusting {} until {} (SHA-256 {}) in {place}",
        quote::word(&certificate.subject),
        certificate.not_after,
        certificate.fingerprint(),
    )
}
