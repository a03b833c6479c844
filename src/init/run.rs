//! One run of trust-init, from the invocation to the service.

pub(crate) mod failures;
pub(crate) mod java;
pub(crate) mod inputs;
pub(crate) mod dangling;
pub(crate) mod runtimes;
pub(crate) mod summary;
pub(crate) mod system_store;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::init::ca_event::ca_event;
use crate::init::cli::{Invocation, Task};
use crate::init::configured;
use crate::init::discover;
use crate::init::exec::{self, HeldSignals};
use crate::init::pins;
use crate::init::publish::{self, PublishOptions};
use crate::init::run::dangling::dangling;
use crate::init::run::failures::Failures;
use crate::init::run::inputs::PublishInputs;
use crate::init::run::system_store::SystemStore;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir;
use crate::sys::environment::Environment;
use crate::sys::exit_code;
use crate::sys::log_record::Event;
use crate::sys::output::{self, Log, Report};
use crate::sys::program;
use crate::sys::quote;
use crate::trust::bundle::{self, Pem};
use crate::trust::certificate::Certificate;
use crate::trust::inspection::{self, Inspection};
use crate::trust::root_stores;
use crate::trust::source::{Named, Roots};
use crate::trust::time::Time;
use crate::trust::trust_anchors;
use crate::trust::variables::java::{JAVA_TOOL_OPTIONS, add_trust_store};
use crate::trust::variables::{self, Pin, TrustFile, TrustVariable, VariablePlan};

/// The state of a run.
struct InitRun<'a> {
    invocation: &'a Invocation,
    found: &'a Environment,
    report: Report,
    failures: Failures,
}

/// The results of preparing trust.
struct PreparedTrust {
    /// The variables to set.
    variables: Vec<(&'static str, OsString)>,
    bundle: Option<PathBuf>,
    /// What was done, for the log.
    events: Vec<Event>,
}

/// Performs the task and returns the exit code. [`Task::Run`] returns only if the service was not started.
pub fn run(invocation: &Invocation, found: &Environment, report: Report) -> u8 {
    let Invocation { settings, task } = invocation;
    // First, so that no stop signal is lost.
    let held = matches!(task, Task::Run(_)).then(HeldSignals::hold);
    if held.is_none() {
        dir::block_file_size_signal();
    }
    let mut run = InitRun { invocation, found, report, failures: Failures::new(settings.on_error) };
    let trust = run.prepare().unwrap_or_else(|failure| {
        run.failures.push(failure);
        None
    });
    let set = trust.as_ref().map_or(&[][..], |trust| &trust.variables);
    let mut changed = trust.as_ref().map(|_| found.clone());
    if let Some(changed) = &mut changed {
        for (name, value) in set {
            changed.set(name, value);
        }
    }
    for dangling in dangling(found, set) {
        dangling.unset(changed.get_or_insert_with(|| found.clone()));
        run.failures.push(dangling.diagnostic());
    }
    let events = trust.as_ref().map_or(&[][..], |trust| &trust.events);
    run.record(events);
    let prevents_start = run.failures.prevent_start();
    run.failures.print(report);
    if prevents_start {
        return held.and_then(HeldSignals::release).unwrap_or(exit_code::FAILED);
    }
    report.events(events);
    match task {
        Task::Run(program) => {
            if let Some(stopped) = held.and_then(HeldSignals::release) {
                return stopped;
            }
            let (failure, code) = exec::exec(program, found, changed.as_ref());
            report.error(&failure);
            code
        }
        Task::PrintEnv => answer(report, &exports(set)),
        Task::DryRun(_) => {
            if trust.is_none() {
                let message = "found no custom CA, so nothing would be changed";
                report.events(&[Event::new("nothing-to-do", message)]);
            }
            for (name, value) in set {
                let message = format!("would set {name}={}", quote::word(value));
                report.events(&[Event::new("dry-run", message)]);
            }
            0
        }
        _ => 0,
    }
}

/// Prints the requested text and returns the exit code.
pub fn answer(report: Report, text: &str) -> u8 {
    match report.answer(text) {
        Ok(()) => 0,
        Err(_) => exit_code::FAILED,
    }
}

/// Returns `export` lines for a shell (POSIX; quoted as in its section 2.2.2).
fn exports(variables: &[(&'static str, OsString)]) -> String {
    let quoted = |value: &OsStr| value.to_string_lossy().replace('\'', "'\\''");
    let mut text = String::new();
    for (name, value) in variables {
        let _ = writeln!(text, "export {name}='{}'", quoted(value));
    }
    text
}

impl InitRun<'_> {
    /// Prepares trust: all steps before the service. `None` if there is no custom CA, or an error prevents
    /// the start.
    fn prepare(&mut self) -> Result<Option<PreparedTrust>, Diagnostic> {
        let settings = &self.invocation.settings;
        let mut inspection = self.discover();
        let has_custom_cas = !inspection.certificates.is_empty();
        let store = SystemStore::open(self.invocation, self.report, has_custom_cas)?;
        if !has_custom_cas {
            self.keep(inspection);
            store.clear(&mut self.failures);
            return Ok(None);
        }

        let source = root_stores::find_roots(settings.roots)?;
        let mut public = trust_anchors::roots(&source);
        store.leave_out_ours(&mut public.anchors.certificates);
        let roots = &public.anchors.certificates;
        if settings.roots == Roots::System {
            inspection.remove_known(roots);
        }
        inspection.refuse_unlisted(&settings.ca_sha256);
        inspection::apply_lints(&mut inspection, Time::now(), roots);
        let kept = self.keep(inspection);
        if kept.is_empty() || self.failures.prevent_start() {
            store.clear(&mut self.failures);
            return Ok(None);
        }
        self.warn(public.warnings);

        let custom: Vec<_> = kept.iter().map(|certificate| certificate.pem.borrow()).collect();
        let for_java: Vec<_> = inspection::for_java(&kept).collect();
        let bundle = bundle::merge(&[&custom, roots]);
        let jvm = java::find_jvm(self.invocation, self.found, &for_java, roots, &store.record);
        let jvm = jvm.unwrap_or_else(|warning| {
            self.report.warning(&warning);
            None
        });
        // Before any file is read that may be part of the store.
        let installed = store.install(&custom, jvm.as_ref(), &mut self.failures);
        if self.failures.prevent_start() {
            return Ok(None);
        }

        let anchors = &public.anchors;
        let inputs =
            PublishInputs { source: &source, anchors, custom: &custom, bundle, jvm, installed };
        let mut events = Vec::new();
        if !self.report.is_quiet() || settings.audit.is_some() {
            let is_detailed = settings.log == Log::Json || settings.audit.is_some();
            events.extend(kept.iter().map(|ca| ca_event(ca, is_detailed)));
        }
        let mut trust = self.publish(&inputs, events)?;
        trust.events.extend(store.event(&inputs.installed));
        trust.events.push(summary::total(&inputs, trust.bundle.as_deref(), &self.invocation.task));
        Ok(Some(trust))
    }

    /// Finds and parses the custom CAs.
    fn discover(&mut self) -> Inspection {
        let discovery = discover::custom_cas(&self.invocation.settings);
        discovery.errors.iter().for_each(|error| self.failures.push(error));
        self.warn(discovery.warnings);
        let mut inspection = inspection::inspect(&discovery.sources);
        inspection.require_ca(discovery.directories);
        inspection
    }

    /// Prints the warnings about the custom CAs, adds their errors, and returns the kept ones without
    /// duplicates.
    fn keep(&mut self, inspection: Inspection) -> Vec<Certificate> {
        self.warn(inspection.warnings);
        inspection.errors.iter().for_each(|error| self.failures.push(error));
        let mut seen = BTreeSet::new();
        let certificates = inspection.certificates.iter();
        let mut is_first: Vec<_> = certificates.map(|it| seen.insert(it.pem.text())).collect();
        let mut is_first = is_first.drain(..);
        let mut kept = inspection.certificates;
        kept.retain(|_| is_first.next() == Some(true));
        kept
    }

    /// Plans which file each variable names.
    fn plan<'a>(
        &self,
        inputs: &'a PublishInputs<'a>,
        pins: &'a [Pin<'a>],
        leave: &[&'static str],
    ) -> VariablePlan<'a> {
        let settings = &self.invocation.settings;
        let rows = variables::rows(self.found, settings.grpc_roots, leave);
        let bundle = &inputs.bundle.certificates;
        let mut plan = variables::plan(rows, pins, inputs.custom, bundle);
        plan.files.extend(
            inputs
                .named_jvm()
                .map(|jvm| (TrustFile::TrustStore(jvm.store.format), jvm.store.certificates())),
        );
        // If every variable is pinned, only the runtimes need the bundle.
        let has_bundle = plan.files.iter().any(|(file, _)| *file == TrustFile::Bundle);
        if !settings.runtimes.is_empty() && !has_bundle {
            plan.files.push((TrustFile::Bundle, bundle.iter().map(Pem::borrow).collect()));
        }
        plan
    }

    /// Publishes the files and collects the variables that name them.
    fn publish(
        &self,
        inputs: &PublishInputs<'_>,
        mut events: Vec<Event>,
    ) -> Result<PreparedTrust, Diagnostic> {
        let Invocation { settings, task } = self.invocation;
        let (mut leave, warnings) = configured::find(self.found, &settings.leave);
        self.warn(warnings);
        leave.extend(&settings.leave);
        let rows = variables::rows(self.found, settings.grpc_roots, &leave);
        let (pins, warnings) = pins::read_pins(rows, self.found, inputs.source, inputs.anchors);
        self.warn(warnings);
        self.warn(variables::warnings(self.found));
        let secure =
            task.program().and_then(|program| program::secure_execution(program, self.found));
        self.warn(secure);
        let plan = self.plan(inputs, &pins, &leave);
        let options = PublishOptions {
            directory: settings.directory.as_ref(),
            roots: settings.roots,
            is_first: std::process::id() == 1,
            prepares: *task == Task::Prepare,
            is_listed: !settings.ca_sha256.is_empty(),
            dry: task.is_dry(),
        };
        let mut published = publish::publish(&plan.files, &options)?;
        self.warn(std::mem::take(&mut published.warnings));
        events.append(&mut published.events);

        let named = |(row, file): &(&TrustVariable, TrustFile)| {
            Some((row.name, published.path(file)?.into()))
        };
        let mut variables: Vec<_> = plan.variables.iter().filter_map(named).collect();
        let store = inputs.installed.java.as_deref();
        if let Some(jvm) = &inputs.jvm {
            let format = jvm.store.format;
            let named = published.path(&TrustFile::TrustStore(format));
            if let (None, Some(path)) = (store, named) {
                variables.push((JAVA_TOOL_OPTIONS, add_trust_store(&jvm.options, path, format)));
            }
            events.extend(store.or(named).map(|path| jvm.event(path)));
        }
        let bundle = published.path(&TrustFile::Bundle);
        if let Some(bundle) = bundle {
            let runtimes = &settings.runtimes;
            for runtime in runtimes::configure(runtimes, self.found, bundle, &options, self.report)?
            {
                events.push(runtime.event());
                variables.push((runtime.runtime.variable(), runtime.value));
            }
        }
        Ok(PreparedTrust { variables, bundle: bundle.map(Path::to_path_buf), events })
    }

    /// Adds `events` and the errors to the file of `--audit`.
    fn record(&mut self, events: &[Event]) {
        let Invocation { settings, task } = self.invocation;
        let Some(Named { path, origin }) = settings.audit.as_ref().filter(|_| !task.is_dry())
        else {
            return;
        };
        let text = self.report.audit(events, self.failures.all());
        if let Err(error) = dir::append(path, text.as_bytes()) {
            let failed = Diagnostic::cannot("write", quote::path(path)).named(origin);
            self.failures.push(
                failed
                    .because(output::cause(&error))
                    .advise("name a file that this uid can append to, or unset TRUST_INIT_AUDIT"),
            );
        }
    }

    fn warn(&self, warnings: impl IntoIterator<Item = impl Into<Diagnostic>>) {
        warnings.into_iter().for_each(|warning| self.report.warning(&warning.into()));
    }
}
