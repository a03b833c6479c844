//! `setup`, the story: what was given (`inputs`), the project (`place`, `read`), who is to trust
//! (`select`), what their images hold (`images`), what stands in the way (`obstacles`, `proxy`,
//! `without`), the overlay (`overlay`), and only then the disk (`write`).

pub mod mount_conflicts;
pub mod proxy;
pub mod disabled_services;
pub mod overlay;
pub mod write;
pub mod away;
pub mod remove;
pub mod drift;
pub mod missing_names;
pub mod advice;
pub mod engine_check;
pub mod java;
pub mod next_steps;
pub mod served;
pub mod swarm;
pub mod trusted_services;
pub mod report;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::panic::resume_unwind;
use std::thread;

use crate::compose::cli::{Setup, Shape};
use crate::compose::docker::Failure;
use crate::compose::error::Refusal;
use crate::compose::images::{Images, RootSets, RootsChoice};
use crate::compose::inputs::{self, InputOptions, Inputs};
pub use crate::compose::output::CommandOutput as Told;
use crate::compose::output::answer;
use crate::compose::passwords;
use crate::compose::project::files::{self, ProjectFiles};
use crate::compose::project::read;
use crate::compose::project::{Build, Project};
use crate::compose::select::{self, Choice, Evidence, Outcome, Wishes, dockerfile};
use crate::compose::setup::missing_names::Lacking;
use crate::compose::setup::next_steps::Next;
use crate::compose::setup::overlay::{Means, Order, Overlay};
use crate::compose::setup::proxy::Proxy;
use crate::compose::setup::report::Done;
use crate::compose::setup::served::{Served, serving};
use crate::compose::setup::trusted_services::{bundles, trusted};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::file;
use crate::sys::output::Report;
use crate::sys::quote;
use crate::trust::inspection;
use crate::trust::time::Time;
use crate::trust::trust_anchors::PublicRoots;

/// Does what was asked.
///
/// # Errors
/// When something stands in the way. Then nothing has been written.
pub fn run(asked: &Setup, shell: &Environment, report: Report) -> Result<Told, Refusal> {
    let place = find(&asked.project.asked(), shell)?;
    let shape = match shape(asked, &place)? {
        Some(shape) => shape,
        None if asked.check => return Ok(drift::nothing(&place)),
        None => return away::away(&place, asked.dry_run, asked.up, report),
    };
    let mut written = shape.paths().chain([&place.base]).map(|path| files::absolute(path));
    if let Some(path) = written.find(|path| path.to_str().is_none()) {
        return Err(files::no_text(&path).into());
    }
    let inputs = inputs::read(&given(&shape), Time::now(), &passwords::terminal)?;
    inputs.warnings.iter().for_each(|warning| report.warning(warning));
    inputs.notes.iter().for_each(|note| report.info(note));
    // A swarm brings the files to its machines; mounts are looked up where the engine is.
    let (project, note) = if shape.swarm { read::read(&place)? } else { read(&place)? };
    if let Some(note) = note {
        report.warning(&Diagnostic::from(&note));
    }
    let warn = |warning: &dyn Display| report.warning_text(warning);
    let finish =
        |decided: Decided<'_>| finish(asked, (&place, &project), &shape, &inputs, decided, report);
    decide(&project, &place, &shape, &inputs, &warn, finish)
}

/// Reads the project, on the ground that it is to run on.
///
/// # Errors
/// When it cannot be read, or would run on another machine.
pub fn read(place: &ProjectFiles) -> Result<(Project, Option<read::Note>), Refusal> {
    let (read, ground) = both(|| read::read(place), engine_check::check);
    let read = read.map_err(Refusal::Read)?;
    ground?;
    Ok(read)
}

/// Who is told of what will surprise somebody.
pub type Warn<'a> = &'a dyn Fn(&dyn Display);

/// What a setup comes to, before anything is written.
pub struct Decided<'a> {
    /// Why nothing is known of its images.
    pub trouble: Option<&'a Failure>,
    /// What becomes of each service.
    pub choices: &'a [Choice<'a>],
    /// The overlay.
    pub overlay: Overlay,
    grounds: &'a RootSets<'a>,
    public: &'a [PublicRoots<'a>],
    java: BTreeMap<String, Vec<&'a str>>,
    to_serve: Option<&'a Served<'a>>,
}

/// Decides what is to be written, for `then` to do with it what was asked.
///
/// # Errors
/// When something stands in the way, and what `then` says.
pub fn decide<T>(
    project: &Project,
    place: &ProjectFiles,
    shape: &Shape,
    inputs: &Inputs,
    warn: Warn<'_>,
    then: impl FnOnce(Decided<'_>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let (images, users) = both(|| Images::of(project), engine_check::users);
    let caddy = shape.caddy.as_ref().map(Option::as_deref);
    let proxies = proxy::proxies(project, caddy, &shape.tls)?;
    let without = disabled_services::without(project, &shape.without)?;
    let choices = choose(project, &images, shape, shape.roles(), &proxies)?;

    let custom: Vec<_> = inputs.custom.iter().map(|found| found.pem.borrow()).collect();
    let trusting = || {
        let trusting = choices.iter().filter(|choice| choice.outcome == Outcome::Trust);
        trusting.filter(|_| shape.has_authority())
    };
    if shape.has_authority() && trusting().next().is_none() {
        warn(&report::Nobody);
    }
    let unread = trusting().filter(|choice| choice.service.has_unread_environment);
    let unread: Vec<_> = unread.map(|choice| choice.name).collect();
    if !unread.is_empty() {
        warn(&report::Unread(&unread));
    }
    if let Some(lacking) = inputs.pair.as_ref().and_then(|pair| Lacking::of(pair, trusting())) {
        warn(&lacking);
    }
    for choice in trusting() {
        let image = images.image(project, choice.name);
        let volumes = image.map_or(&[][..], |image| &image.volumes);
        mount_conflicts::check(choice.name, choice.service, volumes, &custom)?;
    }
    let roots = shape.roots.map(RootsChoice::from).unwrap_or_default();
    let grounds = images.root_sets(project, trusting().map(|choice| choice.name), roots)?;
    let public: Vec<_> = grounds.sources.iter().map(crate::trust::trust_anchors::roots).collect();
    public.iter().flat_map(|roots| &roots.warnings).for_each(|warning| warn(warning));
    let server = inputs.server.as_ref().filter(|_| !proxies.is_empty());
    let to_serve = server.map(Served::of);
    if let (Some(server), Some(domain)) = (server, &shape.domain) {
        for proxy in &proxies {
            proxy::check(proxy, project, &images, server, domain, users)?;
        }
    }
    let for_java: Vec<_> = inspection::for_java(&inputs.custom).collect();
    let grounded = (for_java.as_slice(), public.as_slice());
    let trusted = trusted(trusting(), project, &images, &grounds, grounded, warn);
    let order = Order {
        base: &files::absolute(&place.base),
        words: &shape.words(&place.base),
        custom: &custom,
        bundles: &bundles(&custom, &public),
        trusted: trusted.services,
        serving: serving(&proxies, to_serve.as_ref()),
        without,
        means: &if shape.swarm { swarm::means(place) } else { Means::Mounts },
    };
    let overlay = overlay::overlay(&order)?;
    if shape.swarm {
        swarm::check(&overlay)?;
    }
    then(Decided {
        trouble: images.trouble.as_ref(),
        choices: &choices,
        overlay,
        grounds: &grounds,
        public: &public,
        java: trusted.java,
        to_serve: to_serve.as_ref(),
    })
}

/// Does with it what was asked.
fn finish(
    asked: &Setup,
    (place, project): (&ProjectFiles, &Project),
    shape: &Shape,
    inputs: &Inputs,
    decided: Decided<'_>,
    report: Report,
) -> Result<Told, Refusal> {
    let Decided { choices, overlay, grounds, public, java, to_serve, .. } = decided;
    let running = next_steps::containers(project);
    if asked.check {
        return Ok(drift::check(place, &overlay, running.unwrap_or_default())?);
    }

    // What is in force already is kept in step.
    let standing = write::standing(&place.base)?;
    let was_active = standing.is_some_and(|standing| standing.compose_file.is_some());
    let is_active = asked.activate || was_active;
    let is_settled = running.as_ref().is_some_and(|all| overlay.has_made(all));
    let output = output(overlay, shape, place, is_active, is_settled)?;
    let changes = write::write(&place.base, &output, asked.dry_run)?;
    changes.left.iter().for_each(|left| report.warning_text(left));
    let next = Next::with_overlay(place, project, shape, is_active, running);
    let text = report::told(&Done {
        choices,
        off: &shape.without,
        inputs,
        grounds,
        public,
        java: &java,
        changes: &changes,
        advice: &advice::advice(place, shape.domain.as_deref(), to_serve, is_active),
        next: &next,
    });
    if !asked.up {
        return Ok(Told { text, code: 0 });
    }
    answer(report, &quote::visible_lines(&text));
    Ok(Told { text: String::new(), code: next.run().map_err(Refusal::Up)? })
}

/// Two questions at once: it takes docker a while to start.
fn both<A, B: Send>(here: impl FnOnce() -> A, beside: impl FnOnce() -> B + Send) -> (A, B) {
    thread::scope(|scope| {
        let beside = scope.spawn(beside);
        (here(), beside.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

/// Finds the project from where we are.
///
/// # Errors
/// When there is none.
pub fn find(asked: &files::Asked, shell: &Environment) -> Result<ProjectFiles, Refusal> {
    let here = std::env::current_dir().map_err(Refusal::Here)?;
    Ok(files::find(asked, shell, &here)?)
}

/// What the overlay is to be; for `--check` alone, what it was asked to be; `None` if it is to go.
fn shape(asked: &Setup, place: &ProjectFiles) -> Result<Option<Shape>, Refusal> {
    let shape = &asked.shape;
    if *shape != Shape::default() {
        return match shape.needs_authority() {
            Some(option) if !shape.has_authority() => Err(Refusal::NoAuthority(option)),
            _ if shape.has_authority() || asked.check => Ok(Some(shape.clone())),
            _ => keeps_ca(asked, place, "--without").map(|()| Some(shape.clone())),
        };
    }
    if asked.activate {
        return Err(Refusal::NoAuthority("--activate"));
    }
    if asked.up {
        keeps_ca(asked, place, "--up")?;
    }
    let Some(standing) = write::standing(&place.base)?.filter(|_| asked.check) else {
        return Ok(None);
    };
    let shape = Shape::of_words(&standing.words, &place.base);
    let unreadable = || Refusal::Words(files::plain(&place.base, write::OVERLAY));
    shape.filter(|shape| *shape != Shape::default()).map(Some).ok_or_else(unreadable)
}

/// Refuses an `option` that names no CA, where one is set up.
fn keeps_ca(asked: &Setup, place: &ProjectFiles, option: &'static str) -> Result<(), Refusal> {
    let standing = write::standing(&place.base)?.filter(|standing| standing.overlay.is_some());
    let Some(standing) = standing else { return Ok(()) };
    // Where the words cannot be read, there may be one.
    let mut shape = Shape::of_words(&standing.words, &place.base).unwrap_or_default();
    if !shape.has_authority() && shape != Shape::default() && option != "--up" {
        return Ok(());
    }
    shape.without.extend(asked.shape.without.iter().cloned());
    let instead = if shape == asked.shape {
        "add --custom-ca, or run `trust-compose remove`".to_owned()
    } else {
        next_steps::setup(place, &shape) + if asked.up { " --up" } else { "" }
    };
    Err(Refusal::WouldRemove { option, instead })
}

/// What that gives.
pub fn given(shape: &Shape) -> InputOptions {
    InputOptions {
        custom_ca: shape.custom_ca.clone(),
        extra: shape.extra_ca.clone(),
        domain: shape.domain.clone(),
        serves: shape.caddy.is_some() || !shape.tls.is_empty(),
        password_file: shape.p12_password_file.clone(),
        is_trust_only: false,
    }
}

/// Who is to trust.
///
/// # Errors
/// When the wishes do not fit the project.
pub fn choose<'a>(
    project: &'a Project,
    images: &Images,
    shape: &Shape,
    services: BTreeMap<String, Outcome>,
    proxies: &[Proxy<'_>],
) -> Result<Vec<Choice<'a>>, Refusal> {
    let wishes = Wishes {
        services,
        unknown: shape.unknown.map_or(Outcome::Trust, Outcome::from),
        proxies: proxies.iter().map(|proxy| (proxy.name.to_owned(), proxy.option())).collect(),
        without: shape.without.iter().cloned().collect(),
    };
    let dockerfile = |build: &Build| {
        let bytes = file::read(&dockerfile::place(build)?, &mut file::FILE_LIMIT.clone()).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    let entrypoint = |image: &str| {
        let image = images.called(image)?;
        Some([image.entrypoint.as_slice(), &image.command].concat())
    };
    let evidence = Evidence { dockerfile: &dockerfile, entrypoint: &entrypoint };
    Ok(select::select(project, &wishes, evidence)?)
}

fn output(
    overlay: Overlay,
    shape: &Shape,
    place: &ProjectFiles,
    is_active: bool,
    is_settled: bool,
) -> Result<write::Output, Refusal> {
    let compose_file = is_active.then(|| place.compose_file()).transpose()?;
    Ok(write::Output {
        overlay: overlay.text,
        files: overlay.files.into_iter().collect(),
        compose_file,
        words: shape.words(&place.base),
        is_settled,
    })
}
