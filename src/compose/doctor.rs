//! `doctor`: what the project's files say (`files`), what its containers were made with (`containers`), and
//! what trust-doctor finds in each of them, from a probe container (`probe`). The result is a list of findings
//! (`crate::sys::finding`).

pub(crate) mod probe;
pub(crate) mod containers;
pub(crate) mod files;
pub(crate) mod stale_servers;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::compose::certs::{CA, SERVER};
use crate::compose::cli::{Doctor, Shape};
use crate::compose::decide;
use crate::compose::docker::{self, CommandError, ProjectContainer};
use crate::compose::doctor::containers::{ExistingOverlay, digests};
use crate::compose::doctor::files::CERTS;
use crate::compose::doctor::files::context::CheckContext;
use crate::compose::doctor::probe::{Candidate, Probe, UNSEEN};
use crate::compose::images::Images;
use crate::compose::output::CommandOutput;
use crate::compose::project::Project;
use crate::compose::project::files::{ProjectFiles, directory_of, plain};
use crate::compose::project::read;
use crate::compose::select::option::no_service;
use crate::compose::setup::installed;
use crate::compose::setup::next_steps::{self, Next};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::exit_code;
use crate::sys::finding::save_chain;
use crate::sys::finding::{self, Finding};
use crate::sys::output::Report;
use crate::sys::parallel::parallel_map;
use crate::sys::quote;
use crate::trust::time::Time;

/// How many containers are inspected at the same time: mostly the engine works then, with little of a CPU.
const PROBES: usize = 4;

/// Inspects the project and its containers, and prints the findings.
///
/// # Errors
/// When there is no project.
pub(crate) fn run(
    asked: &Doctor,
    shell: &Environment,
    report: Report,
) -> Result<CommandOutput, Diagnostic> {
    let place = decide::find(&asked.project.asked(), shell)?;
    let context = CheckContext { place: &place, now: Time::now(), days: asked.days, ca: &asked.ca };
    let mut findings = files::check(&context);
    let mut errors = Vec::new();
    if !asked.files_only {
        // The findings about the files are printed even if the containers cannot be inspected.
        match inspect_containers(asked, &place, &mut findings) {
            Ok(error) => errors.extend(error),
            Err(refusal) => errors.push(refusal),
        }
    }
    // A report that cannot be printed is an error, which is printed.
    let is_printed = finding::report::print(report, &findings, asked.json).is_ok();
    let saved = asked.save_chain.as_ref().map(|path| save_chain::save(path, &findings));
    errors.extend(saved.and_then(Result::err));
    for error in &errors {
        report.error(error);
    }
    let is_unseen = findings.iter().any(|finding| finding.id == UNSEEN);
    let code = match finding::code(&findings, asked.strict) {
        0 if !errors.is_empty() || is_unseen || !is_printed => exit_code::USAGE,
        code => code,
    };
    Ok(CommandOutput::code(code))
}

/// Inspects the containers; returns why they could not be probed, where that is so.
fn inspect_containers(
    asked: &Doctor,
    place: &ProjectFiles,
    findings: &mut Vec<Finding>,
) -> Result<Option<Diagnostic>, Diagnostic> {
    let (project, _) = read::read(place)?;
    let missing = |name: &&String| !project.services.contains_key(*name);
    if let Some(name) = asked.services.iter().find(missing) {
        return Err(no_service(&project, name, "SERVICE"));
    }
    let (overlay, shape) = existing_overlay(place)?;
    let made = match docker::project_containers(project.name.as_deref().unwrap_or_default()) {
        Ok(made) => made,
        Err(failure) => return Ok(Some(no_engine(&failure))),
    };
    let images = Images::inspect(&project);
    let choices = decide::choose(&project, &images, &shape, shape.roles(), &[])?;
    let chosen = containers::choose(&asked.services, &choices, &made);
    findings.extend(not_chosen(asked, &made, &chosen));
    let next = next_step(place, &project, &shape);
    let up = next.up();
    let present: Vec<_> = made.iter().filter(|one| chosen.contains(one.service())).collect();
    let is_absent = |name: &&str| present.iter().all(|one| one.service() != *name);
    let absent: Vec<_> = chosen.iter().copied().filter(is_absent).collect();
    findings.extend(containers::absent(&project, &absent, &up));

    let error = no_image(asked, &present);
    let candidates = candidates(asked, place, &shape);
    let trust = |file: &str| trust_as_well(place, &project, &shape, file);
    let probe = Probe { asked, candidates: &candidates, compose: &next.compose(), trust: &trust };
    let probed = parallel_map(&present, PROBES, !asked.json, |one| {
        if one.is_running() && error.is_none() { probe.run(one) } else { Vec::new() }
    });
    let overlay =
        overlay.as_deref().map(|text| ExistingOverlay { digests: digests(text), up: &up });
    let server = stale_servers::first_certificate(&certs(place, &shape).join(SERVER));
    for (one, mut probed) in present.iter().zip(probed) {
        if let Some(own) = &server {
            stale_servers::report(own, &mut probed);
        }
        let own = containers::findings(one, overlay.as_ref());
        containers::without_results_of_stale(&own, &mut probed);
        findings.extend(own);
        findings.extend(probed);
    }
    Ok(error)
}

fn no_engine(failure: &CommandError) -> Diagnostic {
    Diagnostic::cannot("inspect", "the containers")
        .because(failure)
        .advise("start the engine, and give this user access to it (docker version)")
}

/// The image that contains trust-doctor is missing, and is needed.
fn no_image(asked: &Doctor, present: &[&ProjectContainer]) -> Option<Diagnostic> {
    let is_needed = present.iter().any(|one| one.is_running()) && !asked.pull;
    let has_image = || docker::images(&[&asked.image]).is_ok_and(|found| !found.is_empty());
    (is_needed && !has_image()).then(|| {
        let image = quote::word(&asked.image);
        Diagnostic::cannot("inspect", "the containers")
            .because(format_args!("the image {image} (from --image) is not on this machine"))
            .advise(
                "build it (docker build -f docker/Dockerfile -t trust-init . in trust-init's sources), name \
                 another with --image, or add --pull",
            )
    })
}

/// The services that have a container and are not inspected, as the user named none.
fn not_chosen(
    asked: &Doctor,
    made: &[ProjectContainer],
    chosen: &BTreeSet<&str>,
) -> Option<Finding> {
    let others: BTreeSet<_> =
        made.iter().map(ProjectContainer::service).filter(|name| !chosen.contains(name)).collect();
    (!others.is_empty() && asked.services.is_empty()).then(|| {
        let names = others.into_iter().collect::<Vec<_>>().join(", ");
        Finding::info("left-alone", &names, "not inspected; name a service to have it inspected")
    })
}

/// The existing overlay, and the options that it was made with.
fn existing_overlay(place: &ProjectFiles) -> Result<(Option<String>, Shape), Diagnostic> {
    let Some(standing) = installed::standing(&place.base)? else { return Ok(Default::default()) };
    let shape = Shape::of_words(&standing.words, &place.base).unwrap_or_default();
    Ok(match standing.overlay {
        Some(overlay) => (Some(overlay), shape),
        None => Default::default(),
    })
}

/// The commands that make the project trust the CA in `file` besides those that it trusts.
fn trust_as_well(place: &ProjectFiles, project: &Project, shape: &Shape, file: &str) -> String {
    let (file, mut shape) = (PathBuf::from(file), shape.clone());
    let mut known = shape.custom_ca.iter().chain(&shape.extra_ca);
    if !known.any(|path| *path == file || path.join(CA) == file) {
        match shape.custom_ca {
            None => shape.custom_ca = Some(file),
            Some(_) => shape.extra_ca.push(file),
        }
    }
    let next = Next::with_overlay(place, project, &shape, place.had_ours, None);
    format!("{}\n{}", next_steps::setup(place, &shape), next.up())
}

/// The commands that bring the containers in step.
fn next_step(place: &ProjectFiles, project: &Project, shape: &Shape) -> Next {
    if shape.has_authority() {
        Next::with_overlay(place, project, shape, place.had_ours, None)
    } else {
        Next::without_overlay(place, shape.swarm)
    }
}

/// The directory of the CA that `setup` was given, or would be given.
fn certs(place: &ProjectFiles, shape: &Shape) -> PathBuf {
    match &shape.custom_ca {
        Some(path) if path.is_dir() => path.clone(),
        Some(path) => directory_of(path).to_owned(),
        None => plain(&place.base, CERTS),
    }
}

/// The CA certificates to try: those of `--ca`, and those of the project.
fn candidates(asked: &Doctor, place: &ProjectFiles, shape: &Shape) -> Vec<Candidate> {
    let of_shape = shape.custom_ca.iter().chain(&shape.extra_ca).cloned();
    let all = asked.ca.iter().cloned().chain(of_shape).chain([plain(&place.base, CERTS)]);
    let file = |path: PathBuf| if path.is_dir() { path.join(CA) } else { path };
    let files: BTreeSet<_> = all.map(file).collect();
    files.iter().filter_map(|path| Candidate::read(path)).collect()
}
