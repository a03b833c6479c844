//! `doctor`: checks the project's files (`files`), the configuration of its containers (`containers`), and
//! each container with trust-doctor in a probe container (`probe`). The result is a list of findings
//! (`crate::sys::finding`).

pub(crate) mod probe;
pub(crate) mod containers;
pub(crate) mod files;
pub(crate) mod stale_servers;
pub(crate) mod verdict;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::compose::certs::{CA, SERVER};
use crate::compose::cli::doctor::DEFAULT_IMAGE;
use crate::compose::cli::{Doctor, Shape};
use crate::compose::decide;
use crate::compose::docker::{self, CommandError, ProjectContainer};
use crate::compose::doctor::containers::ExistingOverlay;
use crate::compose::doctor::files::CERTS;
use crate::compose::doctor::files::context::CheckContext;
use crate::compose::doctor::probe::{Candidate, Probe, UNSEEN};
use crate::compose::images::Images;
use crate::compose::inputs::files::first_certificate;
use crate::compose::output::CommandOutput;
use crate::compose::project::Project;
use crate::compose::project::files::{ProjectFiles, directory_of, plain};
use crate::compose::project::read;
use crate::compose::select::option::no_service;
use crate::compose::setup::installed;
use crate::compose::setup::next_steps::{self, NextCommands};
use crate::compose::setup::overlay::Overlay;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::exit_code;
use crate::sys::finding::save_chain;
use crate::sys::finding::{self, Finding};
use crate::sys::output::Report;
use crate::sys::parallel::parallel_map;
use crate::sys::quote;
use crate::trust::time::Time;

/// The number of containers that are inspected at the same time. Most of that time is spent in the engine.
const PROBES: usize = 4;

/// Inspects the project and its containers, and prints the findings.
///
/// # Errors
/// When no project is found.
pub(crate) fn run(
    options: &Doctor,
    shell: &Environment,
    report: Report,
) -> Result<CommandOutput, Diagnostic> {
    options.connect.iter().try_for_each(|url| check_url(url))?;
    let project_files =
        decide::find(&options.project.options(), shell).map_err(Diagnostic::usage)?;
    let context = CheckContext {
        project_files: &project_files,
        now: Time::now(),
        days: options.days,
        ca: &options.ca,
    };
    let mut findings = files::check(&context);
    let mut errors = Vec::new();
    if !options.files_only {
        // The findings about the files are printed even if the containers cannot be inspected.
        match inspect_containers(options, &project_files, &mut findings) {
            Ok(error) => errors.extend(error),
            Err(error) => errors.push(error),
        }
    }
    // `print` reports its own error; the exit code must not be 0 then.
    let is_printed = finding::report::print(report, &findings, options.json).is_ok();
    let saved = options.save_chain.as_ref().map(|path| save_chain::save(path, &findings));
    errors.extend(saved.and_then(Result::err));
    for error in &errors {
        report.error(error);
    }
    let is_named = !options.services.is_empty();
    let is_unseen = findings
        .iter()
        .any(|finding| finding.id == UNSEEN || is_named && finding.id == containers::MISSING);
    let code = match finding::code(&findings, options.strict) {
        0 if !errors.is_empty() || is_unseen || !is_printed => exit_code::USAGE,
        code => code,
    };
    Ok(CommandOutput::code(code))
}

/// Checks the form of a URL, which trust-doctor parses in the containers. Any part of it may be a secret.
fn check_url(url: &str) -> Result<(), Diagnostic> {
    let address = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    if address
        .is_some_and(|address| !address.is_empty() && !address.starts_with(['/', ':', '?', '#']))
    {
        return Ok(());
    }
    let failed = Diagnostic::cannot("call", "a server").named("from --connect");
    Err(failed.because("its URL has no host").advise("write it as https://HOST[:PORT]").usage())
}

/// Inspects the containers, and returns the error that prevented probes.
fn inspect_containers(
    options: &Doctor,
    project_files: &ProjectFiles,
    findings: &mut Vec<Finding>,
) -> Result<Option<Diagnostic>, Diagnostic> {
    let (project, _) = read::read(project_files)?;
    let missing = |name: &&String| !project.services.contains_key(*name);
    if let Some(name) = options.services.iter().find(missing) {
        return Err(no_service(&project, name, "SERVICE"));
    }
    let (overlay, shape) = existing_overlay(project_files)?;
    let containers = match docker::project_containers(project.name.as_deref().unwrap_or_default()) {
        Ok(containers) => containers,
        Err(failure) => return Ok(Some(no_engine(&failure))),
    };
    let images = Images::inspect(&project);
    let choices = decide::choose(&project, &images, &shape, shape.roles(), &[])?;
    let chosen = containers::choose(&options.services, &choices, &containers);
    findings.extend(not_inspected(options, &containers, &chosen));
    let next = next_commands(project_files, &project, &shape);
    let up = next.up();
    let present: Vec<_> =
        containers.iter().filter(|container| chosen.contains(container.service())).collect();
    let is_absent = |name: &&str| present.iter().all(|container| container.service() != *name);
    let absent: Vec<_> = chosen.iter().copied().filter(is_absent).collect();
    findings.extend(containers::absent(&project, &absent, &up));

    let error = no_image(options, &present);
    let candidates = candidates(options, project_files, &shape)?;
    let trust = |file: &str| commands_to_trust(project_files, &project, &shape, file);
    let (compose, doctor) = (&next.compose(), &doctor_command(options, project_files));
    let probe = Probe { options, candidates: &candidates, compose, doctor, trust: &trust };
    let probed = parallel_map(&present, PROBES, !options.json, |container| {
        if container.is_running() && error.is_none() { probe.run(container) } else { Vec::new() }
    });
    let overlay = overlay
        .as_deref()
        .map(|text| ExistingOverlay { digests: Overlay::digests_in(text), up: &up });
    let server = first_certificate(&certs_directory(project_files, &shape).join(SERVER));
    for (container, mut probed) in present.iter().zip(probed) {
        if let Some(own) = &server {
            stale_servers::report(own, &mut probed);
        }
        let own = containers::findings(container, overlay.as_ref());
        // A server that the user names is always answered for.
        if options.connect.is_empty() {
            let cured = next_steps::setup_command(project_files, &shape);
            containers::remove_results_of_stale_overlay(&own, &mut probed, &cured);
        }
        findings.extend(own);
        findings.extend(probed);
    }
    Ok(error)
}

/// Returns the error that the engine did not answer.
fn no_engine(failure: &CommandError) -> Diagnostic {
    Diagnostic::cannot("inspect", "the containers")
        .because(failure)
        .advise("start the engine, and give this user access to it (docker version)")
}

/// Returns the error that the image with trust-doctor is needed and missing.
fn no_image(options: &Doctor, present: &[&ProjectContainer]) -> Option<Diagnostic> {
    let is_needed = present.iter().any(|container| container.is_running()) && !options.pull;
    let has_image = || docker::images(&[&options.image]).is_ok_and(|found| !found.is_empty());
    (is_needed && !has_image()).then(|| {
        let image = quote::word(&options.image);
        Diagnostic::cannot("inspect", "the containers")
            .because(format_args!("the image {image} (from --image) is not on this machine"))
            .advise(
                "pull it with --pull, name another with --image, or build it in trust-init's sources: \
                 `docker build -f docker/Dockerfile -t NAME .`",
            )
    })
}

/// Reports the services that have a container and are not inspected, unless the user named services.
fn not_inspected(
    options: &Doctor,
    containers: &[ProjectContainer],
    chosen: &BTreeSet<&str>,
) -> Option<Finding> {
    let others: BTreeSet<_> = containers
        .iter()
        .map(ProjectContainer::service)
        .filter(|name| !chosen.contains(name))
        .collect();
    (!others.is_empty() && options.services.is_empty()).then(|| {
        let names = others.into_iter().collect::<Vec<_>>().join(", ");
        Finding::info("left-alone", &names, "not inspected; name a service to inspect it")
    })
}

/// Reads the existing overlay, and the options that generated it.
fn existing_overlay(project_files: &ProjectFiles) -> Result<(Option<String>, Shape), Diagnostic> {
    let Some(installed) = installed::read(&project_files.base)? else {
        return Ok(Default::default());
    };
    let shape = Shape::from_options(&installed.options, &project_files.base).unwrap_or_default();
    Ok(match installed.overlay {
        Some(overlay) => (Some(overlay), shape),
        None => Default::default(),
    })
}

/// Returns `trust-compose doctor` with the options that name the project and the image.
fn doctor_command(options: &Doctor, project_files: &ProjectFiles) -> String {
    let mut words = next_steps::project_options(project_files, Path::new("."));
    if options.image != DEFAULT_IMAGE {
        words.extend(["--image".to_owned(), options.image.clone()]);
    }
    format!("trust-compose doctor{}", quote::shell_arguments(&words))
}

/// Returns the commands that add the CA in `file` to those that the project trusts.
fn commands_to_trust(
    project_files: &ProjectFiles,
    project: &Project,
    shape: &Shape,
    file: &str,
) -> String {
    let (file, mut shape) = (PathBuf::from(file), shape.clone());
    let mut known = shape.custom_ca.iter().chain(&shape.extra_ca);
    if !known.any(|path| *path == file || path.join(CA) == file) {
        match shape.custom_ca {
            None => shape.custom_ca = Some(file),
            Some(_) => shape.extra_ca.push(file),
        }
    }
    let next =
        NextCommands::with_overlay(project_files, project, &shape, project_files.had_ours, None);
    format!("{}\n{}", next_steps::setup_command(project_files, &shape), next.up())
}

/// Returns the commands that recreate the containers with or without the overlay.
fn next_commands(project_files: &ProjectFiles, project: &Project, shape: &Shape) -> NextCommands {
    if shape.has_ca() {
        NextCommands::with_overlay(project_files, project, shape, project_files.had_ours, None)
    } else {
        NextCommands::without_overlay(project_files, shape.swarm)
    }
}

/// Returns the directory of the installed CA, or the default one.
fn certs_directory(project_files: &ProjectFiles, shape: &Shape) -> PathBuf {
    match &shape.custom_ca {
        Some(path) if path.is_dir() => path.clone(),
        Some(path) => directory_of(path).to_owned(),
        None => plain(&project_files.base, CERTS),
    }
}

/// Reads the CA certificates to try: those of `--ca`, and those of the project.
///
/// # Errors
/// When a file of `--ca` cannot be read or contains no certificate.
fn candidates(
    options: &Doctor,
    project_files: &ProjectFiles,
    shape: &Shape,
) -> Result<Vec<Candidate>, Diagnostic> {
    let file = |path: &PathBuf| if path.is_dir() { path.join(CA) } else { path.clone() };
    let named: BTreeSet<_> = options.ca.iter().map(file).collect();
    let of_shape = shape.custom_ca.iter().chain(&shape.extra_ca);
    let others = of_shape.chain([&plain(&project_files.base, CERTS)]).map(file).collect();
    let mut candidates = Vec::new();
    for path in named.union(&others) {
        let read = Candidate::read(path);
        if named.contains(path) {
            let failed = || Diagnostic::cannot("use", quote::path(path)).named("from --ca");
            match &read {
                Ok(found) if found.is_empty() => {
                    let failed = failed().because("it contains no certificate");
                    return Err(failed.advise("name a file with the CA's certificate"));
                }
                Ok(_) => {}
                Err(problem) => return Err(failed().because(problem).advise("correct the name")),
            }
        }
        candidates.extend(read.unwrap_or_default());
    }
    Ok(candidates)
}
