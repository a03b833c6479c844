//! `kustomize`: reads manifests (`read`, `manifest`, `pod`), selects containers (`select`, with the table for
//! Compose), builds a component for them (`component`, with the variables of the overlay), test-builds it
//! (`trial_build`, `verify`) and writes it (`write`).
//!
//! It makes no request to a cluster.

pub(crate) mod component;
pub(crate) mod kustomization;
pub(crate) mod manifest;
pub(crate) mod mount_conflicts;
pub(crate) mod names;
pub(crate) mod patch;
pub(crate) mod placeholder;
pub(crate) mod pod;
pub(crate) mod read;
pub(crate) mod render;
pub(crate) mod report;
pub(crate) mod select;
pub(crate) mod trial_build;
pub(crate) mod trust_manager;
pub(crate) mod verify;
pub(crate) mod write;

use std::collections::BTreeMap;
use std::path::Path;

use crate::compose::cli::{Kustomize, Shape, Source};
use crate::compose::decide::{bundles, choose};
use crate::compose::images::{Images, RootSets, RootsChoice};
use crate::compose::injection::{Injection, TrustedService};
use crate::compose::inputs::{self, Inputs};
use crate::compose::kustomize::component::{Component, ComponentSpec, SelectedContainer};
use crate::compose::kustomize::kustomization::{Kustomization, Naming};
use crate::compose::kustomize::manifest::Workload;
use crate::compose::kustomize::names::{BUNDLES, CUSTOM, KUSTOMIZATION};
use crate::compose::kustomize::placeholder::with_placeholder;
use crate::compose::kustomize::read::ManifestInput;
use crate::compose::kustomize::report::CompletedRun;
use crate::compose::kustomize::select::Positions;
use crate::compose::kustomize::write::ExistingComponent;
use crate::compose::output::{CommandOutput, check_result};
use crate::compose::passwords;
use crate::compose::project::Project;
use crate::compose::replaceable;
use crate::compose::select::{Choice, Outcome};
use crate::compose::setup::trusted_services::ServiceContext;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::owners::Owners;
use crate::sys::environment::Environment;
use crate::sys::output::{self, Report};
use crate::sys::quote;
use crate::trust::bundle::Pem;
use crate::trust::time::Time;
use crate::trust::trust_anchors::{self, PublicRoots};

/// Writes, checks or removes a component.
///
/// # Errors
/// When the inputs are invalid or a file cannot be written: nothing has changed then. Also when a listed
/// component does not render as intended.
pub(crate) fn run(
    args: &Kustomize,
    shell: &Environment,
    report: Report,
) -> Result<CommandOutput, Diagnostic> {
    if args.remove {
        let existing = write::read_existing(&args.out)?;
        let changes = write::remove_component(&args.out, args.dry_run)?;
        return Ok(report::removed(&changes, &existing, &args.out).into());
    }
    args.check_options()?;
    let options = inputs::InputOptions {
        custom_ca: args.custom_ca.clone(),
        extra: args.extra_ca.clone(),
        password_file: args.p12_password_file.clone(),
        ca_sha256: args.ca_sha256.clone(),
        is_trust_only: true,
        ..inputs::InputOptions::default()
    };
    let inputs = inputs::read(&options, Time::now(), &passwords::prompt_at_terminal)?;
    inputs.warnings.iter().for_each(|warning| report.warning(warning));
    let owners = Owners::on_host(shell);
    let replaceable = replaceable::authorities(&inputs, owners)
        .into_iter()
        .chain(replaceable::directory(&args.out, owners));
    replaceable.for_each(|warning| report.warning(&warning));
    inputs.notes.iter().for_each(|note| report.remark(note));
    let existing = write::read_existing(&args.out)?;
    let plan_component = |read: &ManifestInput| {
        for name in &read.manifests.others {
            report.warning(&report::unknown_kind(name));
        }
        KustomizeRun {
            args,
            inputs: &inputs,
            existing: &existing,
            read,
            temporary: &shell.temporary_directory(),
            report,
        }
        .plan_component()
    };
    let is_absent = args.kustomization.is_some() && !existing.texts.contains_key(KUSTOMIZATION);
    match read::read(args, &existing) {
        Err(_) if is_absent && args.check => Ok(report::no_component(&args.out)),
        // The kustomization may list the component that this run writes.
        Err(_) if is_absent && !args.dry_run => with_placeholder(&args.out, || {
            read::read(args, &existing).and_then(|read| plan_component(&read))
        }),
        Err(error) if is_absent => Err(error.advise(
            "if it lists the component that does not exist yet, run this without --dry-run",
        )),
        read => plan_component(&read?),
    }
}

/// The inputs of one run.
struct KustomizeRun<'a> {
    args: &'a Kustomize,
    inputs: &'a Inputs,
    existing: &'a ExistingComponent,
    read: &'a ManifestInput,
    temporary: &'a Path,
    report: Report,
}

/// A planned component.
struct ComponentPlan<'a> {
    choices: &'a [Choice<'a>],
    spec: ComponentSpec<'a>,
    /// The containers, by the origin of their root certificates.
    root_origins: BTreeMap<String, Vec<&'a str>>,
    remarks: &'a BTreeMap<String, Vec<&'a str>>,
}

impl KustomizeRun<'_> {
    /// Plans the component, and executes the plan.
    fn plan_component(&self) -> Result<CommandOutput, Diagnostic> {
        let (project, positions) =
            select::to_project(&self.read.manifests.workloads, &self.read.from)?;
        let images = Images::inspect(&project);
        let choices = self.choose_containers(&project, &images)?;
        let trusting = || choices.iter().filter(|choice| choice.outcome == Outcome::Trust);
        for choice in trusting() {
            let Some(position) = positions.get(choice.name) else { continue };
            if let Some(workload) = self.read.manifests.workloads.get(position.workload)
                && let Some(container) = workload.containers.get(position.container)
            {
                mount_conflicts::check_mounts(choice.name, workload, container)?;
            }
        }
        let roots = match self.args.source {
            // trust-manager adds root certificates of its own.
            Source::TrustManager => RootsChoice::Mozilla,
            Source::Configmap => self.args.roots.map(RootsChoice::from).unwrap_or_default(),
        };
        let root_sets = images.root_sets(&project, trusting().map(|choice| choice.name), roots)?;
        let public: Vec<_> = root_sets.sources.iter().map(trust_anchors::roots).collect();
        let custom: Vec<_> = self.inputs.custom.iter().map(|found| found.pem.borrow()).collect();
        let warn = |warning: Diagnostic| self.report.warning(&warning);
        let (project, images, root_sets) = (&project, &images, &root_sets);
        let context =
            ServiceContext { project, images, root_sets, public: &public, for_java: &custom };
        let trusted = context.trusted_services(trusting(), &warn);
        let bundles = bundles(&custom, &public);
        let workloads = self.selected_workloads(&trusted.services, &positions, &custom, &bundles);
        self.execute(&ComponentPlan {
            choices: &choices,
            spec: ComponentSpec {
                header: report::header(self.args, &ManifestInput::previous_values(&workloads)),
                custom: &custom,
                bundles: &bundles,
                workloads,
                source: self.args.source,
            },
            root_origins: self.root_origins(root_sets, &public),
            remarks: &trusted.remarks,
        })
    }

    fn choose_containers<'a>(
        &self,
        project: &'a Project,
        images: &Images,
    ) -> Result<Vec<Choice<'a>>, Diagnostic> {
        let args = self.args;
        let requested = args.workload.iter().map(|(name, role)| (name.clone(), (*role).into()));
        let requested = select::requested_outcomes(project, requested)?;
        let shape = Shape { unknown: args.unknown, ..Shape::default() };
        let choices = choose(project, images, &shape, requested, &[])?;
        let trusting = || choices.iter().filter(|choice| choice.outcome == Outcome::Trust);
        if trusting().next().is_none() {
            let left = choices.iter().map(|choice| {
                format!("{}: {}", quote::word(choice.name), report::reason(&choice.reason))
            });
            let left = left.collect::<Vec<_>>().join("; ");
            return Err(Diagnostic::cannot("write", "a component")
                .because(format_args!("no container was selected to trust the CA ({left})"))
                .advise("select those that make connections: `--workload NAME=trust`"));
        }
        let unread = trusting().filter(|choice| choice.service.has_unread_environment);
        let unread: Vec<_> = unread.map(|choice| choice.name).collect();
        if !unread.is_empty() {
            self.report.warning(&report::unread_environment(&unread));
        }
        Ok(choices)
    }

    /// Returns the workloads that will trust the CA, with the selected containers.
    fn selected_workloads(
        &self,
        trusted: &[TrustedService<'_>],
        positions: &Positions,
        custom: &[Pem<'_>],
        bundles: &[Vec<Pem<'_>>],
    ) -> Vec<(&Workload, Vec<SelectedContainer>)> {
        let mut all: BTreeMap<usize, Vec<SelectedContainer>> = BTreeMap::new();
        for trusted in trusted {
            let found = (positions.get(trusted.name), bundles.get(trusted.bundle));
            let (Some(position), Some(bundle)) = found else { continue };
            let mut given = Injection::new(trusted, custom, bundle, CUSTOM);
            if self.args.source == Source::TrustManager {
                let warn = |warning: Diagnostic| self.report.warning(&warning);
                mount_conflicts::remove_private_files(&mut given, trusted.name, &warn);
            }
            let chosen =
                SelectedContainer { index: position.container, bundle: trusted.bundle, given };
            all.entry(position.workload).or_default().push(chosen);
        }
        let all = all.into_iter().filter_map(|(at, mut chosen)| {
            chosen.sort_by_key(|chosen| chosen.index);
            Some((self.read.manifests.workloads.get(at)?, chosen))
        });
        all.collect()
    }

    fn root_origins<'b>(
        &self,
        root_sets: &RootSets<'b>,
        public: &[PublicRoots<'_>],
    ) -> BTreeMap<String, Vec<&'b str>> {
        let mut origins: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (part, (set, origin)) in &root_sets.services {
            let count = public.get(*set).map_or(0, |roots| roots.anchors.certificates.len());
            let line = match self.args.source {
                Source::Configmap => format!("{} {origin}", output::count(count, "public root")),
                Source::TrustManager => "public roots of trust-manager".to_owned(),
            };
            origins.entry(line).or_default().push(part);
        }
        origins
    }

    /// Checks the component, or test-builds and writes it.
    fn execute(&self, plan: &ComponentPlan<'_>) -> Result<CommandOutput, Diagnostic> {
        let (args, spec) = (self.args, &plan.spec);
        let kustomization = self.read.kustomization.as_ref();
        let naming = kustomization.map(|it| it.naming.clone()).unwrap_or_default();
        let unpatched = kustomization.map(|it| trial_build::unpatched(it, self.temporary));
        let component = component::build_component(spec, &naming, &unpatched.unwrap_or_default())?;
        let texts = self.generated_texts(spec, &component)?;
        let listed = kustomization.filter(|it| it.has_component);
        if args.check {
            let drift = report::drift(&args.out, self.existing, &texts, &component);
            let (Some(listed), true) = (listed, drift.is_empty()) else {
                return Ok(check_result(&drift, "run this again without --check"));
            };
            let differences = self.listed_differences(listed, spec)?;
            return Ok(check_result(&differences, &listed.listing_advice()));
        }
        self.test_build(spec)?;
        let changes = write::write_component(&args.out, &texts, &component.files, args.dry_run)?;
        if let (Some(listed), false) = (listed, args.dry_run) {
            let differences = self.listed_differences(listed, spec)?;
            if !differences.is_empty() {
                let does_not = self.component_error("it does not", &differences);
                return Err(does_not.advise(listed.listing_advice()));
            }
        }
        let namespaces = self.read.manifests.workloads.iter().filter_map(|it| it.namespace.clone());
        let summary = report::summary(&CompletedRun {
            args,
            inputs: self.inputs,
            choices: plan.choices,
            root_origins: &plan.root_origins,
            remarks: plan.remarks,
            changes: &changes,
            component: &component,
            kustomization,
            namespaces: namespaces.collect(),
        });
        Ok(summary.into())
    }

    /// Test-builds the workloads with the component, if kustomize is installed.
    fn test_build(&self, spec: &ComponentSpec<'_>) -> Result<(), Diagnostic> {
        let manifests = &self.read.manifests;
        let plain = component::build_component(spec, &Naming::default(), &[])?;
        let Some(after) = trial_build::build_trial(&manifests.objects, &plain, self.temporary)?
        else {
            self.report.warning(&report::not_test_built());
            return Ok(());
        };
        let differences = verify::differences(&manifests.workloads, &after, spec);
        if differences.is_empty() {
            return Ok(());
        }
        let would_not = self.component_error("it would not", &differences);
        Err(would_not.advise("pass manifests in which every object has a name of its own"))
    }

    fn listed_differences(
        &self,
        listed: &Kustomization,
        spec: &ComponentSpec<'_>,
    ) -> Result<Vec<String>, Diagnostic> {
        let after = read::render(&listed.directory)?;
        Ok(verify::differences(&self.read.manifests.workloads, &after, spec))
    }

    fn component_error(&self, it_does_not: &str, differences: &[String]) -> Diagnostic {
        let component = format!("the component in {}", quote::path(&self.args.out));
        let differences = differences.join("; ");
        Diagnostic::cannot("use", component)
            .because(format_args!("{it_does_not} render as intended: {differences}"))
    }

    /// Returns the YAML files of the component, by name.
    fn generated_texts(
        &self,
        spec: &ComponentSpec<'_>,
        component: &Component,
    ) -> Result<BTreeMap<&'static str, String>, Diagnostic> {
        let mut texts = BTreeMap::from([(KUSTOMIZATION, component.text.clone())]);
        if spec.source == Source::TrustManager {
            let header = report::header(self.args, &BTreeMap::new());
            let ca_from = self.args.ca_from.as_ref();
            texts.insert(BUNDLES, trust_manager::bundles(&header, spec.custom, ca_from)?);
        }
        Ok(texts)
    }
}
