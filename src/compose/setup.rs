//! `setup`, the story: what was given (`inputs`), the project (`place`, `read`), who is to trust
//! (`select`), what their images hold (`images`), what stands in the way (`obstacles`, `proxy`), the
//! overlay (`overlay`), and only then the disk (`write`).

mod advice;
mod ground;
pub mod next;
mod words;

use std::ffi::OsStr;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use self::next::Next;
use self::words::Done;
use super::cli::{Setup, Shape};
use super::images::{Choice as Roots, Images};
use super::inputs::{self, Given, Server};
use super::overlay::{self, Order, Serving, Trusted};
use super::place::{self, Place};
use super::project::{Build, Project};
use super::proxy::{self, Proxy};
use super::refusal::Refusal;
use super::select::{self, Choice, Evidence, Outcome, Wishes, dockerfile};
use super::{away, check, obstacles, password, read, without, write};
use crate::cli::{Named, Origin};
use crate::discover::{Label, Source, Standing, file};
use crate::environment::{self, Environment};
use crate::inspect::certificate::Time;
use crate::inspect::contents::contents;
use crate::inspect::details::Details;
use crate::inspect::{self};
use crate::merge;
use crate::report::Report;

/// What there is to tell, and the exit code.
pub struct Told {
    /// For stdout.
    pub text: String,
    /// The exit code.
    pub code: u8,
}

/// Does what was asked.
///
/// # Errors
/// When something stands in the way. Then nothing has been written.
pub fn run(asked: &Setup, shell: &Environment, report: Report) -> Result<Told, Refusal> {
    let place = find(&asked.project.asked(), shell)?;
    let mut shape = asked.shape.clone();
    if shape == Shape::default() {
        if !asked.check {
            return away::away(&place, asked.dry_run, asked.up, report);
        }
        let Some(standing) = write::standing(&place.base)? else { return Ok(check::nothing()) };
        shape = Shape::of_words(&standing.words, &place.base)
            .ok_or_else(|| Refusal::Words(place::plain(&place.base, write::OVERLAY)))?;
    }
    if !shape.has_authority() {
        if let Some(option) = shape.needs_authority() {
            return Err(Refusal::NoAuthority(option));
        }
    }
    let given = Given {
        custom_ca: shape.custom_ca.clone(),
        extra: shape.extra_ca.clone(),
        domain: shape.domain.clone(),
        serves: shape.caddy.is_some() || !shape.tls.is_empty(),
        password_file: shape.p12_password_file.clone(),
    };
    let inputs = inputs::read(&given, Time::now(), &password::terminal)?;
    inputs.warnings.iter().for_each(|warning| report.warning(warning));
    inputs.notes.iter().for_each(|note| report.info(note));

    let (project, note) = read::read(&place)?;
    note.iter().for_each(|note| report.warning(note));
    let images = Images::of(&project);
    let users = ground::check(&images)?;
    let proxies = proxy::proxies(&project, shape.caddy.as_ref().map(Option::as_deref), &shape.tls)?;
    let without = without::without(&project, &shape.without)?;
    let choices = choose(&project, &images, &shape, &proxies)?;
    let trusting = || choices.iter().filter(|choice| choice.outcome == Outcome::Trust);
    if shape.has_authority() && trusting().next().is_none() {
        return Err(Refusal::Nobody(select::table(&choices)));
    }

    let custom: Vec<_> = inputs.custom.iter().map(|found| found.pem.borrow()).collect();
    for choice in trusting() {
        obstacles::check(choice.name, choice.service, &custom)?;
    }
    let names = trusting().map(|choice| choice.name).filter(|_| shape.has_authority());
    let roots = shape.roots.map(Roots::from).unwrap_or_default();
    let grounds = images.grounds(&project, names, roots)?;
    let public: Vec<_> = grounds.sources.iter().map(inspect::roots).collect();
    public.iter().flat_map(|roots| &roots.warnings).for_each(|warning| report.warning(warning));
    let bundles: Vec<_> = public
        .iter()
        .map(|roots| merge::bundle(&[&custom, &roots.anchors.certificates]).certificates)
        .collect();
    let mut trusted = Vec::new();
    for choice in trusting() {
        let (Some((bundle, _)), service) = (grounds.services.get(choice.name), choice.service)
        else {
            continue;
        };
        let Some(public) = public.get(*bundle) else { continue };
        let found = images.environment(&project, choice.name, service);
        let look =
            |value: &OsStr| images.named(&project, choice.name, service, value, &public.anchors);
        let (pins, surprises) = environment::pins(environment::rows(false), &found, look);
        let surprises = surprises.into_iter().chain(environment::warnings(&found));
        for warning in surprises {
            report.warning(&words::OfService { service: choice.name, warning });
        }
        for pin in pins.iter().filter(|pin| pin.anchors.is_none() && pin.row.name == pin.variable) {
            report.warning(&words::Unseen { service: choice.name, variable: pin.variable });
        }
        trusted.push(Trusted { name: choice.name, bundle: *bundle, pins });
    }

    let snippet = proxy::snippet();
    let base = absolute(&place.base);
    let server = inputs.server.as_ref().filter(|_| !proxies.is_empty());
    let served = server.map(Served::read).transpose()?;
    let mut serving = Vec::new();
    for proxy in &proxies {
        let (Some(server), Some(served), Some(domain)) = (server, &served, &shape.domain) else {
            continue;
        };
        proxy::check(proxy, &project, &images, server, domain, users)?;
        let snippet = proxy.is_caddy.then_some(snippet.as_str());
        let Served { certificate, key, text, .. } = served;
        serving.push(Serving { name: proxy.name, certificate, text, key, snippet });
    }

    let asked_words = shape.words(&place.base);
    let order = Order {
        base: &base,
        words: &asked_words,
        custom: &custom,
        bundles: &bundles,
        trusted,
        serving,
        without,
    };
    let overlay = overlay::overlay(&order)?;
    if asked.check {
        return Ok(check::check(&place, &project, &overlay)?);
    }
    // What is in force already is kept in step.
    let was_active =
        write::standing(&place.base)?.is_some_and(|standing| standing.compose_file.is_some());
    let is_active = asked.activate || was_active;
    let output = write::Output {
        overlay: overlay.text,
        files: overlay.files.into_iter().collect(),
        compose_file: is_active
            .then(|| place.compose_file())
            .transpose()
            .map_err(Refusal::separator)?,
        words: asked_words,
    };
    let changes = write::write(&place.base, &output, asked.dry_run)?;
    changes.left.iter().for_each(|left| report.warning(left));
    let next = Next::with_overlay(&place, &project, &shape, is_active);
    let advice = advice::advice(&place, shape.domain.as_deref(), served.as_ref(), is_active);
    let done = Done {
        choices: &choices,
        inputs: &inputs,
        grounds: &grounds,
        public: &public,
        changes: &changes,
        advice: &advice,
        next: &next,
    };
    let text = words::told(&done);
    if !asked.up {
        return Ok(Told { text, code: 0 });
    }
    super::answer(report, &text);
    let code = next.run().map_err(Refusal::Up)?;
    Ok(Told { text: String::new(), code })
}

/// A server's certificate and key, where they lie.
pub struct Served {
    certificate: PathBuf,
    key: PathBuf,
    text: Vec<u8>,
    /// The first of the certificate's addresses that others can reach.
    address: Option<IpAddr>,
}

impl Served {
    fn read(server: &Server) -> Result<Self, Refusal> {
        let named =
            Named { path: server.certificate.clone(), origin: Origin::Option("--custom-ca") };
        let label = Label::Path(named);
        let bytes = file::read(&server.certificate, &mut file::FILE_LIMIT.clone())
            .map_err(|problem| file::Unreadable { label: label.clone(), problem })?;
        let source = Source { label, standing: Standing::Named, bytes };
        let found = contents(&source).unwrap_or_default().certificates;
        let names = found.first().map(|leaf| Details::of(leaf).names).unwrap_or_default();
        let mut addresses = names.iter().filter_map(|name| name.strip_prefix("IP:")?.parse().ok());
        Ok(Self {
            certificate: absolute(&server.certificate),
            key: absolute(&server.key),
            address: addresses.find(|address: &IpAddr| !address.is_loopback()),
            text: source.bytes,
        })
    }
}

/// Finds the project from where we are.
pub fn find(asked: &place::Asked, shell: &Environment) -> Result<Place, Refusal> {
    let here = std::env::current_dir().map_err(Refusal::Here)?;
    Ok(place::find(asked, shell, &here)?)
}

/// Who is to trust.
fn choose<'a>(
    project: &'a Project,
    images: &Images,
    shape: &Shape,
    proxies: &[Proxy<'_>],
) -> Result<Vec<Choice<'a>>, Refusal> {
    let wishes = Wishes {
        services: shape.roles(),
        unknown: shape.unknown.map_or(Outcome::Trust, Outcome::from),
        proxies: proxies.iter().map(|proxy| (proxy.name.to_owned(), proxy.option())).collect(),
        without: shape.without.iter().cloned().collect(),
    };
    let dockerfile = |build: &Build| std::fs::read_to_string(dockerfile::place(build)?).ok();
    let entrypoint = |image: &str| Some(images.called(image)?.entrypoint.clone());
    let evidence = Evidence { dockerfile: &dockerfile, entrypoint: &entrypoint };
    Ok(select::select(project, &wishes, evidence)?)
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
