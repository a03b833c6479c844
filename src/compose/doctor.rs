//! `doctor`, the story: what the project's files say (`files`), what its containers were made with
//! (`containers`), and what they trust and whether their servers pass, which trust-doctor finds out from
//! beside each of them (`beside`). All of it is told in one form (`crate::sys::finding`).

pub mod probe;
pub mod unavailable;
pub mod containers;
pub mod files;
pub mod stale_servers;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::compose::certs::{CA, SERVER};
use crate::compose::cli::{Doctor, Shape};
use crate::compose::docker::{self, ProjectContainer};
use crate::compose::doctor::containers::{Overlay, digests};
use crate::compose::doctor::files::CERTS;
use crate::compose::doctor::probe::{AtHand, UNSEEN};
use crate::compose::doctor::unavailable::Blind;
use crate::compose::error::Refusal;
use crate::compose::images::Images;
use crate::compose::project::Project;
use crate::compose::project::files::{ProjectFiles, directory_of, plain};
use crate::compose::project::read;
use crate::compose::run::answer;
use crate::compose::select::option::no_service;
use crate::compose::setup::next_steps::Next;
use crate::compose::setup::write;
use crate::compose::setup::{self, Told};
use crate::sys::environment::Environment;
use crate::sys::exit_code;
use crate::sys::finding::{self, Finding};
use crate::sys::output::Report;
use crate::sys::parallel::several;
use crate::trust::time::Time;

/// How many containers are looked into at once: the engine takes most of the time, and little of a CPU.
const AT_ONCE: usize = 4;

/// Does what was asked.
///
/// # Errors
/// When there is no project to look at.
pub fn run(asked: &Doctor, shell: &Environment, report: Report) -> Result<Told, Refusal> {
    let place = setup::find(&asked.project.asked(), shell)?;
    let look =
        files::Look { place: &place, now: Time::now(), days: asked.days, ca: &asked.ca, shell };
    let mut findings = files::look(&look);
    let mut complaints = Vec::new();
    if !asked.files_only {
        // What the files say is told all the same.
        match containers(asked, &place, &mut findings, report) {
            Ok(blind) => complaints.extend(blind.map(|blind| blind.to_string())),
            Err(refusal) => complaints.push(refusal.to_string()),
        }
    }
    let text = if asked.json { finding::json(&findings) } else { finding::text(&findings, shell) };
    answer(report, &text);
    let saved =
        asked.save_chain.as_ref().map(|path| crate::sys::finding::chain::save(path, &findings));
    complaints.extend(saved.and_then(Result::err).map(|it| format!("{it}\nfix: {}", it.fix())));
    for complaint in &complaints {
        report.error_text(complaint, "");
    }
    let is_unseen = findings.iter().any(|finding| finding.id == UNSEEN);
    let code = match finding::code(&findings, asked.strict) {
        0 if !complaints.is_empty() || is_unseen => exit_code::USAGE,
        code => code,
    };
    Ok(Told { text: String::new(), code })
}

/// Looks at the containers, and says what kept it from that.
fn containers(
    asked: &Doctor,
    place: &ProjectFiles,
    findings: &mut Vec<Finding>,
    report: Report,
) -> Result<Option<Blind>, Refusal> {
    let (project, _) = read::read(place)?;
    let missing = |name: &&String| !project.services.contains_key(*name);
    if let Some(name) = asked.services.iter().find(missing) {
        return Err(no_service(&project, name, "SERVICE").into());
    }
    let (overlay, shape) = standing(place)?;
    let made = match docker::project_containers(project.name.as_deref().unwrap_or_default()) {
        Ok(made) => made,
        Err(failure) => return Ok(Some(Blind::Engine(failure))),
    };
    let images = Images::of(&project);
    let choices = setup::choose(&project, &images, &shape, shape.roles(), &[])?;
    let chosen = containers::chosen(&asked.services, &choices, &made);
    let up = up(place, &project, &shape);
    let left: BTreeSet<_> =
        made.iter().map(ProjectContainer::service).filter(|name| !chosen.contains(name)).collect();
    if !left.is_empty() && asked.services.is_empty() {
        let names = left.into_iter().collect::<Vec<_>>().join(", ");
        let cause = "these are left alone; name one to have it looked into";
        findings.push(Finding::ok("left-alone", &names, cause));
    }
    let overlay = overlay.as_deref().map(|text| Overlay { digests: digests(text), up: &up });
    let seen: Vec<_> = made.iter().filter(|one| chosen.contains(one.service())).collect();
    let is_there = |name: &str| seen.iter().any(|one| one.service() == name);
    let absent: Vec<_> = chosen.iter().copied().filter(|name| !is_there(name)).collect();
    findings.extend(containers::absent(&project, &absent, &up));
    let runs = seen.iter().any(|one| one.runs());
    let has_image = || docker::images(&[&asked.image]).is_ok_and(|found| !found.is_empty());
    let is_missing = runs && !asked.pull && !has_image();
    let at_hand = at_hand(asked, place, &shape);
    let blind = is_missing.then(|| Blind::Image(asked.image.clone()));
    let told = (!asked.json).then_some(report);
    let looked = several(&seen, AT_ONCE, told, |one| {
        let can = one.runs() && !is_missing;
        if can { probe::look(asked, one, &at_hand, &up) } else { Vec::new() }
    });
    let server = stale_servers::own(&certs(place, &shape).join(SERVER));
    for (one, looked) in seen.iter().zip(looked) {
        let older = server.as_ref().map(|own| stale_servers::findings(own, &looked));
        findings.extend(containers::look(one, overlay.as_ref()));
        findings.extend(looked);
        findings.extend(older.unwrap_or_default());
    }
    Ok(blind)
}

/// The overlay that stands, and what it was asked to be.
fn standing(place: &ProjectFiles) -> Result<(Option<String>, Shape), Refusal> {
    let Some(standing) = write::standing(&place.base)? else { return Ok(Default::default()) };
    let shape = Shape::of_words(&standing.words, &place.base).unwrap_or_default();
    Ok(match standing.overlay {
        Some(overlay) => (Some(overlay), shape),
        None => Default::default(),
    })
}

/// The command that makes the containers as they should be, in one line.
fn up(place: &ProjectFiles, project: &Project, shape: &Shape) -> String {
    let next = if shape.has_authority() {
        Next::with_overlay(place, project, shape, place.had_ours, None)
    } else {
        Next::without_overlay(place, shape.swarm)
    };
    next.commands().lines().last().unwrap_or_default().to_owned()
}

/// The directory of the CA that `setup` was given, or is about to be.
fn certs(place: &ProjectFiles, shape: &Shape) -> PathBuf {
    match &shape.custom_ca {
        Some(path) if path.is_dir() => path.clone(),
        Some(path) => directory_of(path).to_owned(),
        None => plain(&place.base, CERTS),
    }
}

/// The certificates that may mend something: those that were named, and those of the project.
fn at_hand(asked: &Doctor, place: &ProjectFiles, shape: &Shape) -> Vec<AtHand> {
    let of_shape = shape.custom_ca.iter().chain(&shape.extra_ca).cloned();
    let all = asked.ca.iter().cloned().chain(of_shape).chain([plain(&place.base, CERTS)]);
    let file = |path: PathBuf| if path.is_dir() { path.join(CA) } else { path };
    let files: BTreeSet<_> = all.map(file).collect();
    files.iter().filter_map(|path| AtHand::read(path)).collect()
}
