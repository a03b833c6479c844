//! Decisions that `setup`, `kustomize` and `doctor` share: which project, which of its services will trust
//! the CA, and which overlay results. This module writes no files.

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::thread;

use crate::compose::cli::Shape;
use crate::compose::docker::CommandError;
use crate::compose::images::{Images, RootsChoice, RootsOrigin};
use crate::compose::inputs::{InputOptions, Inputs};
use crate::compose::output::WarningSink;
use crate::compose::project::files::{self, ProjectFiles};
use crate::compose::project::{Build, Project, read};
use crate::compose::select::{self, Choice, Evidence, Outcome, SelectionOptions, dockerfile};
use crate::compose::setup::overlay::delivery::Delivery;
use crate::compose::setup::overlay::{self, Overlay, OverlaySpec};
use crate::compose::setup::proxy::{self, Proxy, ProxyCheck, ServedCertificate, serving_proxies};
use crate::compose::setup::trusted_services::ServiceContext;
use crate::compose::setup::{
    disabled_services, engine_check, missing_names, mount_conflicts, report, swarm,
};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::{file, output};
use crate::trust::bundle::{self, Pem};
use crate::trust::inspection;
use crate::trust::trust_anchors::{self, PublicRoots};

/// A planned overlay, with the reasons for its contents.
pub struct OverlayDecision<'a> {
    /// Why the engine did not describe the images.
    pub engine_error: Option<CommandError>,
    /// The outcome for each service.
    pub choices: Vec<Choice<'a>>,
    /// The overlay.
    pub overlay: Overlay,
    /// The lines that report the origin of each service's root certificates.
    pub roots: Vec<String>,
    /// The trusting services whose images are not on this machine.
    pub absent: Vec<String>,
    /// Lines about Java and Chromium, each with the services that it is about.
    pub remarks: BTreeMap<String, Vec<String>>,
}

/// Finds the project, from the current directory.
///
/// # Errors
/// When no project is found.
pub fn find(
    options: &files::ProjectOptions,
    shell: &Environment,
) -> Result<ProjectFiles, Diagnostic> {
    let here = std::env::current_dir().map_err(|error| {
        let found = Diagnostic::cannot("find", "the current directory");
        found.because(output::cause(&error)).advise("change to a directory that exists")
    })?;
    files::find(options, shell, &here)
}

/// Reads the project, after checking that the Docker engine is on this machine.
///
/// # Errors
/// When it cannot be read, or would run on another machine.
pub fn read(project_files: &ProjectFiles) -> Result<(Project, Option<read::ReadNote>), Diagnostic> {
    let (read, checked) = run_both(|| read::read(project_files), engine_check::ensure_local);
    let read = read?;
    checked?;
    Ok(read)
}

/// Plans the overlay for `shape`, with what `images` finds on this machine: [`Images::inspect`].
///
/// # Errors
/// When the options do not fit the project, or the overlay would conflict with it.
pub fn decide<'a>(
    project: &'a Project,
    project_files: &ProjectFiles,
    shape: &Shape,
    inputs: &Inputs,
    images: impl FnOnce(&Project) -> Images,
    warn: WarningSink<'_>,
) -> Result<OverlayDecision<'a>, Diagnostic> {
    let (images, users) = run_both(|| images(project), engine_check::user_mapping);
    let caddy = shape.caddy.as_ref().map(Option::as_deref);
    let proxies = proxy::proxies(project, caddy, &shape.tls)?;
    let disabled = disabled_services::resolve(project, &shape.without)?;
    let choices = choose(project, &images, shape, shape.roles(), &proxies)?;
    let trusting = choices.iter().filter(|choice| choice.outcome == Outcome::Trust);
    let trusting: Vec<_> = trusting.filter(|_| shape.has_ca()).collect();
    warn_of_services(shape, inputs, &trusting, warn);

    let custom: Vec<_> = inputs.custom.iter().map(|found| found.pem.borrow()).collect();
    for choice in &trusting {
        let image = images.image(project, choice.name);
        let volumes = image.map_or(&[][..], |image| &image.volumes);
        mount_conflicts::check(choice.name, choice.service, volumes, &custom)?;
    }
    let roots = shape.roots.map(RootsChoice::from).unwrap_or_default();
    let root_sets = images.root_sets(project, trusting.iter().map(|choice| choice.name), roots)?;
    let public: Vec<_> = root_sets.sources.iter().map(trust_anchors::roots).collect();
    public.iter().flat_map(|roots| &roots.warnings).for_each(|warning| warn(warning.into()));
    let server = inputs.server.as_ref().filter(|_| !proxies.is_empty());
    let certificate = server.map(ServedCertificate::new);
    if let (Some(server), Some(domain)) = (server, &shape.domain) {
        let conditions = ProxyCheck { project, images: &images, server, domain, users };
        proxies.iter().try_for_each(|proxy| conditions.check(proxy))?;
    }
    let for_java: Vec<_> = inspection::for_java(&inputs.custom).collect();
    let (root_sets, public, for_java) = (&root_sets, &public, &for_java);
    let context = ServiceContext { project, images: &images, root_sets, public, for_java };
    let trusted = context.trusted_services(trusting.iter().copied(), warn);
    let bundles = bundles(&custom, public);
    let delivery = if shape.swarm { swarm::delivery(project_files) } else { Delivery::Mounts };
    let base = files::absolute(&project_files.base);
    let spec = OverlaySpec {
        base: &base,
        custom: &custom,
        bundles: &bundles,
        trusted: trusted.services,
        serving: serving_proxies(&proxies, certificate.as_ref()),
        disabled,
        delivery: &delivery,
    };
    let overlay = overlay::overlay(&spec)?;
    if shape.swarm {
        swarm::check(&overlay)?;
    }
    let owned = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    let remarks = trusted.remarks.into_iter().map(|(line, names)| (line, owned(names))).collect();
    let absent =
        root_sets.services.iter().filter(|(_, (_, origin))| *origin == RootsOrigin::NoImage);
    let absent = owned(absent.map(|(name, _)| *name).collect());
    let roots = report::roots(root_sets, public);
    let engine_error = images.engine_error;
    Ok(OverlayDecision { engine_error, choices, overlay, roots, absent, remarks })
}

/// Warns if no service was selected, an `env_file` cannot be read, or the server certificate lacks addresses.
fn warn_of_services(
    shape: &Shape,
    inputs: &Inputs,
    trusting: &[&Choice<'_>],
    warn: WarningSink<'_>,
) {
    if shape.has_ca() && trusting.is_empty() {
        let cause = "no service was selected, so no service will trust the CA";
        let fix = "select those that make connections: `--service NAME=trust`";
        warn(Diagnostic::statement(cause).advise(fix));
    }
    let unread = trusting.iter().filter(|choice| choice.service.has_unread_environment);
    let unread: Vec<_> = unread.map(|choice| choice.name).collect();
    if !unread.is_empty() {
        let cause = format!(
            "not every `env_file` of {} can be read: if it sets a trust variable, the overlay will \
             override it",
            unread.join(", ")
        );
        warn(
            Diagnostic::statement(cause)
                .advise("create the missing files, and run this again before `up`"),
        );
    }
    let pair = inputs.pair.as_ref();
    let missing =
        pair.and_then(|pair| missing_names::missing_addresses(pair, trusting.iter().copied()));
    missing.into_iter().for_each(warn);
}

/// Returns the options of `shape` that name inputs.
pub fn input_options(shape: &Shape) -> InputOptions {
    InputOptions {
        custom_ca: shape.custom_ca.clone(),
        extra: shape.extra_ca.clone(),
        domain: shape.domain.clone(),
        serves: shape.caddy.is_some() || !shape.tls.is_empty(),
        password_file: shape.p12_password_file.clone(),
        ca_sha256: shape.ca_sha256.clone(),
        is_trust_only: false,
    }
}

/// Decides about each service.
///
/// # Errors
/// When the options do not fit the project.
pub fn choose<'a>(
    project: &'a Project,
    images: &Images,
    shape: &Shape,
    services: BTreeMap<String, Outcome>,
    proxies: &[Proxy<'_>],
) -> Result<Vec<Choice<'a>>, Diagnostic> {
    let selection = SelectionOptions {
        services,
        unknown: shape.unknown.map_or(Outcome::Trust, Outcome::from),
        proxies: proxies.iter().map(|proxy| (proxy.name.to_owned(), proxy.option())).collect(),
        without: shape.without.iter().cloned().collect(),
    };
    let dockerfile = |build: &Build| {
        let bytes =
            file::read(&dockerfile::dockerfile_path(build)?, &mut file::FILE_LIMIT.clone()).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    let entrypoint = |image: &str| {
        let image = images.by_name(image)?;
        Some([image.entrypoint.as_slice(), &image.command].concat())
    };
    let evidence = Evidence { dockerfile: &dockerfile, entrypoint: &entrypoint };
    select::select(project, &selection, evidence)
}

/// Returns the custom CAs with each set of root certificates.
pub fn bundles<'a>(custom: &'a [Pem<'_>], public: &'a [PublicRoots<'_>]) -> Vec<Vec<Pem<'a>>> {
    let with = |roots: &'a PublicRoots<'_>| bundle::merge(&[custom, &roots.anchors.certificates]);
    public.iter().map(|roots| with(roots).certificates).collect()
}

/// Runs two queries at the same time, because each start of docker takes a while.
fn run_both<A, B: Send>(here: impl FnOnce() -> A, other: impl FnOnce() -> B + Send) -> (A, B) {
    thread::scope(|scope| {
        let other = scope.spawn(other);
        (here(), other.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}
