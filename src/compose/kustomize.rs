//! `kustomize`, the story: what was given (`inputs`), the manifests (`read`, `manifest`, `pod`), who is to trust
//! (`choice`, and `select` as for Compose), what their images hold (`images`), the component (`component`, with
//! the rules of the overlay), what kustomize makes of it (`rendered`), and only then the disk (`write`).
//!
//! Nothing runs in the cluster for it: what is written is for programs that are there.

pub mod options;
pub mod trust_manager;
pub mod select;
pub mod component;
pub mod error;
pub mod manifest;
pub mod kustomization;
pub mod mount_conflicts;
pub mod patch;
pub mod pod;
pub mod kyverno;
pub mod read;
pub mod verify;
pub mod trial_build;
pub mod report;
pub mod write;
pub mod render;

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::sys::quote;

use crate::compose::cli::{Kustomize, Shape, Source};
use crate::compose::error::Refusal;
use crate::compose::images::{Images, RootsChoice};
use crate::compose::inputs::{self, Inputs, Note};
use crate::compose::kustomize::component::{CUSTOM, Chosen, Component, Order, Supply};
pub use crate::compose::kustomize::error::Error;
use crate::compose::kustomize::error::Stage;
use crate::compose::kustomize::kustomization::Naming;
use crate::compose::kustomize::read::Read;
use crate::compose::kustomize::report::Done;
use crate::compose::kustomize::write::Standing;
use crate::compose::passwords;
use crate::compose::select::{Choice, Outcome};
use crate::compose::setup::overlay::Given;
use crate::compose::setup::trusted_services::{bundles, trusted};
use crate::compose::setup::{self, drift};
use crate::compose::setup::{Told, choose};
use crate::sys::output::{self, Report};
use crate::trust::time::Time;
use crate::trust::variables;

/// What mends what `--check` finds.
const AGAIN: &str = "run this again without --check";

/// Does what was asked.
///
/// # Errors
/// When something stands in the way: then nothing has been written. Or when what was written, and is listed already,
/// comes to something else than was meant.
pub fn run(asked: &Kustomize, report: Report) -> Result<Told, Refusal> {
    if asked.remove {
        let standing = write::standing(&asked.out)?;
        let changes = write::remove(&asked.out, asked.dry_run)?;
        return Ok(Told { text: report::removed(&changes, &standing, &asked.out), code: 0 });
    }
    options::check(asked)?;
    let inputs = inputs::read(&options::files(asked), Time::now(), &passwords::terminal)?;
    inputs.warnings.iter().for_each(|warning| report.warning_text(warning));
    let notes = inputs.notes.iter().filter(|note| !matches!(note, Note::NotServed { .. }));
    notes.for_each(|note| report.info(note));
    let standing = write::standing(&asked.out)?;
    if asked.source == Source::Kyverno {
        return policed(asked, &inputs, &standing, report);
    }
    let read = read::read(asked, &standing)?;
    for other in &read.manifests.others {
        report.warning_text(&report::Other(other));
    }
    let warn = |warning: &dyn Display| report.warning_text(warning);
    decide(asked, &read, &inputs, &warn, |decided| {
        finish(asked, &read, &inputs, &standing, &decided, report)
    })
}

/// What a run comes to, before anything is written.
struct Decided<'a> {
    choices: &'a [Choice<'a>],
    order: Order<'a>,
    /// How many roots each container's bundle has, in words.
    grounds: BTreeMap<String, Vec<&'a str>>,
    java: &'a BTreeMap<String, Vec<&'a str>>,
}

fn decide<T>(
    asked: &Kustomize,
    read: &Read,
    inputs: &Inputs,
    warn: setup::Warn<'_>,
    then: impl FnOnce(Decided<'_>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let workloads = &read.manifests.workloads;
    let (project, places) = select::project(workloads, &read.from)?;
    let wishes = asked.workload.iter().map(|(name, role)| (name.clone(), (*role).into()));
    let shape = Shape { unknown: asked.unknown, ..Shape::default() };
    let images = Images::of(&project);
    let asked_for = select::wishes(&project, wishes)?;
    let choices = choose(&project, &images, &shape, asked_for, &[])?;
    let trusting = || choices.iter().filter(|choice| choice.outcome == Outcome::Trust);
    if trusting().next().is_none() {
        let left = choices.iter().map(|choice| (choice.name, report::reason(&choice.reason)));
        let left = left.map(|(name, reason)| format!("{}: {reason}", quote::word(name)));
        return Err(Error::Nobody(left.collect()).into());
    }
    let unread = trusting().filter(|choice| choice.service.has_unread_environment);
    let unread: Vec<_> = unread.map(|choice| choice.name).collect();
    if !unread.is_empty() {
        warn(&report::Unread(&unread));
    }
    for choice in trusting() {
        let place = places.get(choice.name).and_then(|(at, index)| {
            let workload = workloads.get(*at)?;
            Some((workload, workload.containers.get(*index)?))
        });
        if let Some((workload, container)) = place {
            mount_conflicts::check(choice.name, workload, container)?;
        }
    }
    let custom: Vec<_> = inputs.custom.iter().map(|found| found.pem.borrow()).collect();
    let supply = match asked.source {
        Source::TrustManager => Supply::TrustManager,
        Source::Configmap | Source::Kyverno => Supply::ConfigMaps,
    };
    // trust-manager brings its own roots, whatever an image has.
    let roots = match (supply, asked.roots) {
        (Supply::TrustManager, _) => RootsChoice::Mozilla,
        (Supply::ConfigMaps, roots) => roots.map(RootsChoice::from).unwrap_or_default(),
    };
    let grounds = images.root_sets(&project, trusting().map(|choice| choice.name), roots)?;
    let public: Vec<_> = grounds.sources.iter().map(crate::trust::trust_anchors::roots).collect();
    let grounded = (custom.as_slice(), public.as_slice());
    let trusted = trusted(trusting(), &project, &images, &grounds, grounded, warn);
    let bundles = bundles(&custom, &public);
    let mut chosen: BTreeMap<usize, Vec<Chosen>> = BTreeMap::new();
    for trusted in &trusted.services {
        let place = (places.get(trusted.name), bundles.get(trusted.bundle));
        let (Some((at, index)), Some(bundle)) = place else { continue };
        let mut given = Given::of(trusted, &custom, bundle, CUSTOM);
        if supply == Supply::TrustManager {
            mount_conflicts::only_shared(&mut given, trusted.name, warn);
        }
        let chosen = chosen.entry(*at).or_default();
        chosen.push(Chosen { index: *index, bundle: trusted.bundle, given });
    }
    let workloads = chosen.into_iter().filter_map(|(at, mut chosen)| {
        chosen.sort_by_key(|chosen| chosen.index);
        Some((workloads.get(at)?, chosen))
    });
    let workloads: Vec<_> = workloads.collect();
    let mut based: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (part, (set, basis)) in &grounds.services {
        let count = public.get(*set).map_or(0, |roots| roots.anchors.certificates.len());
        let line = match supply {
            Supply::ConfigMaps => format!("with {} {basis}", output::count(count, "root")),
            Supply::TrustManager => "with the public roots of trust-manager".to_owned(),
        };
        based.entry(line).or_default().push(part);
    }
    then(Decided {
        choices: &choices,
        order: Order {
            header: report::header(asked, &Read::before(&workloads)),
            custom: &custom,
            bundles: &bundles,
            workloads,
            supply,
        },
        grounds: based,
        java: &trusted.java,
    })
}

fn finish(
    asked: &Kustomize,
    read: &Read,
    inputs: &Inputs,
    standing: &Standing,
    decided: &Decided<'_>,
    report: Report,
) -> Result<Told, Refusal> {
    let Decided { order, .. } = decided;
    let kustomization = read.kustomization.as_ref();
    let naming = kustomization.map(|it| it.naming.clone()).unwrap_or_default();
    let unpatched = kustomization.map(trial_build::unpatched).unwrap_or_default();
    let component = component::component(order, &naming, &unpatched)?;
    if let Some((name, size)) =
        component.largest.clone().filter(|(_, size)| *size > component::MOST)
    {
        return Err(Error::TooLarge { name, size }.into());
    }
    let texts = texts(asked, order, &component)?;
    let before = &read.manifests.workloads;
    let listed = kustomization.filter(|it| it.has_component);
    if asked.check {
        let behind = report::behind(&asked.out, standing, &texts, &component);
        let (Some(listed), true) = (listed, behind.is_empty()) else {
            return Ok(drift::verdict(&behind, AGAIN));
        };
        let troubles = verify::troubles(before, &read::render(&listed.directory)?, order);
        return Ok(drift::verdict(&troubles, &Stage::listed(listed).to_string()));
    }
    let plain = component::component(order, &Naming::default(), &[])?;
    match trial_build::trial(&read.manifests.objects, &plain)? {
        Some(after) => {
            let troubles = verify::troubles(before, &after, order);
            if !troubles.is_empty() {
                let out = asked.out.clone();
                return Err(Error::Rendered { out, troubles, stage: Stage::Tried }.into());
            }
        }
        None => report.warning_text(&report::Untried),
    }
    let changes = write::write(&asked.out, &texts, &component.files, asked.dry_run)?;
    if let (Some(listed), false) = (listed, asked.dry_run) {
        let troubles = verify::troubles(before, &read::render(&listed.directory)?, order);
        if !troubles.is_empty() {
            let (out, stage) = (asked.out.clone(), Stage::listed(listed));
            return Err(Error::Rendered { out, troubles, stage }.into());
        }
    }
    let done = Done {
        asked,
        inputs,
        choices: decided.choices,
        grounds: &decided.grounds,
        java: decided.java,
        changes: &changes,
        component: &component,
        kustomization,
        namespaces: before.iter().filter_map(|it| it.namespace.clone()).collect(),
    };
    Ok(Told { text: report::told(&done), code: 0 })
}

/// The texts of the directory.
fn texts(
    asked: &Kustomize,
    order: &Order<'_>,
    component: &Component,
) -> Result<BTreeMap<&'static str, String>, Refusal> {
    let mut texts = BTreeMap::from([(write::KUSTOMIZATION, component.text.clone())]);
    if order.supply == Supply::TrustManager {
        let bundles = trust_manager::bundles(
            &report::header(asked, &BTreeMap::new()),
            order.custom,
            asked.ca_from.as_ref(),
            &options::label(asked),
        )?;
        texts.insert(trust_manager::FILE, bundles);
    }
    Ok(texts)
}

/// `--source kyverno`: no manifests are read, as the policy is for whatever comes.
fn policed(
    asked: &Kustomize,
    inputs: &Inputs,
    standing: &Standing,
    report: Report,
) -> Result<Told, Refusal> {
    let custom: Vec<_> = inputs.custom.iter().map(|found| found.pem.borrow()).collect();
    let source = crate::trust::root_stores::roots(crate::trust::source::Roots::Mozilla)?;
    let public = [crate::trust::trust_anchors::roots(&source)];
    let bundles = bundles(&custom, &public);
    let bundle = bundles.first().map_or(&[][..], Vec::as_slice);
    let none = crate::sys::environment::Environment::default();
    let trusted = crate::compose::setup::overlay::Trusted {
        name: "",
        bundle: 0,
        rows: variables::rows(&none, false, &[]).collect(),
        pins: Vec::new(),
        jvm: None,
        runtimes: Vec::new(),
    };
    let given = Given::of(&trusted, &custom, bundle, CUSTOM);
    let size =
        [custom.as_slice(), bundle].map(|part| crate::compose::setup::overlay::text(part).len());
    let size = size.iter().sum();
    if size > component::MOST {
        return Err(Error::TooLarge { name: component::NAME.to_owned(), size }.into());
    }
    let header = report::header(asked, &BTreeMap::new());
    let text = kyverno::policies(&header, &custom, bundle, &given, &options::label(asked))?;
    let texts = BTreeMap::from([(kyverno::FILE, text)]);
    let component = Component::default();
    if asked.check {
        let behind = report::behind(&asked.out, standing, &texts, &component);
        return Ok(drift::verdict(&behind, AGAIN));
    }
    report.info(&report::AllContainers);
    let changes = write::write(&asked.out, &texts, &component.files, asked.dry_run)?;
    Ok(Told { text: report::policed(asked, inputs, &changes, &options::label(asked)), code: 0 })
}
