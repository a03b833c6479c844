//! A proxy that is to serve the certificate: which one, and that it can, before anything is written.
//!
//! It gets the certificate, its key and, for Caddy, a snippet: nothing else, so one that also has
//! certificates of its own keeps them. The user's Caddyfile is read and never edited.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::compose::images::Images;
use crate::compose::inputs::ServerCertificate;
use crate::compose::layout::{SERVED, SNIPPET};
use crate::compose::project::{Mount, MountKind, Project, Service, files};
use crate::compose::select::option::no_service;
use crate::compose::setup::overlay::Serving;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::file;
use crate::sys::quote;
use crate::trust::certificate::subject_alt_name::SubjectAltName;

/// What a Caddyfile says for the certificate to be served; without the overlay nothing is there, and
/// Caddy goes on (<https://caddyserver.com/docs/caddyfile/directives/import>).
pub(crate) const IMPORT: &str = "import /run/trust-init/tls/*.caddy";
/// Where Caddy's image keeps its Caddyfile (<https://hub.docker.com/_/caddy>).
const CADDYFILE: &str = "/etc/caddy/Caddyfile";

/// A proxy that is to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy<'a> {
    /// Its service.
    pub name: &'a str,
    /// Whether it is Caddy, which imports a snippet.
    pub is_caddy: bool,
}

impl Proxy<'_> {
    /// The option that names it.
    pub fn option(&self) -> &'static str {
        if self.is_caddy { "--caddy" } else { "--tls" }
    }
}

/// How the engine maps the users of its containers to those of this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Users {
    /// They are the same.
    #[default]
    Same,
    /// root in a container is the user who runs the engine (rootless).
    Rootless,
    /// All are others (userns-remap).
    Remapped,
}

/// The proxies that `--caddy` and `--tls` name.
///
/// # Errors
/// When one is not there, or `--caddy` alone leaves it open.
#[expect(clippy::option_option, reason = "not given, given, or given with a name")]
pub(crate) fn proxies<'a>(
    project: &'a Project,
    caddy: Option<Option<&str>>,
    tls: &[String],
) -> Result<Vec<Proxy<'a>>, Diagnostic> {
    let find = |name: &str, option| match project.services.get_key_value(name) {
        Some((name, _)) => Ok(name.as_str()),
        None => Err(no_service(project, name, option)),
    };
    let mut proxies = Vec::new();
    match caddy {
        None => {}
        Some(Some(name)) => {
            proxies.push(Proxy { name: find(name, "--caddy")?, is_caddy: true });
        }
        Some(None) => {
            let services = project.services.iter();
            let found: Vec<_> =
                services.filter(|(_, service)| is_caddy(service)).map(|(name, _)| name).collect();
            let [name] = found.as_slice() else {
                return Err(undecided(&found));
            };
            proxies.push(Proxy { name, is_caddy: true });
        }
    }
    for name in tls {
        let name = find(name, "--tls")?;
        if !proxies.iter().any(|proxy| proxy.name == name) {
            proxies.push(Proxy { name, is_caddy: false });
        }
    }
    Ok(proxies)
}

/// `--caddy` alone, where no service or several have an image called caddy.
fn undecided(found: &[&String]) -> Diagnostic {
    let Some(first) = found.first() else {
        return Diagnostic::cannot("find", "the proxy")
            .named("from --caddy")
            .because("no service has an image called caddy")
            .advise("name the service: `--caddy SERVICE`, or `--tls SERVICE` for another proxy");
    };
    let names: Vec<_> = found.iter().map(|name| quote::word(name).to_string()).collect();
    Diagnostic::cannot("choose", "the proxy")
        .named("from --caddy")
        .because(format_args!("{} are all Caddy", names.join(", ")))
        .advise(format!("name one: `--caddy {}`", quote::shell(first)))
}

/// Whether an image is called Caddy, like `caddy:2-alpine` or `registry.lan/caddy-dns`.
fn is_caddy(service: &Service) -> bool {
    let image = service.image.as_deref().unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or(image);
    let name = last.split([':', '@']).next().unwrap_or(last);
    name.split(['-', '_', '.']).any(|word| word == "caddy")
}

/// What Caddy imports.
pub(crate) fn snippet() -> String {
    format!(
        "# Written by trust-compose: what a Caddyfile imports with `{IMPORT}`.\n\
         tls {SERVED}/server.pem {SERVED}/server-key.pem\n"
    )
}

/// What has to hold for a proxy that serves.
pub(crate) struct Conditions<'a> {
    /// The project.
    pub project: &'a Project,
    /// Its images.
    pub images: &'a Images,
    /// The certificate and key to serve.
    pub server: &'a ServerCertificate,
    /// The name to serve them for.
    pub domain: &'a str,
    /// How the engine maps users.
    pub users: Users,
}

impl Conditions<'_> {
    /// Makes sure that `proxy` can serve.
    ///
    /// # Errors
    /// When something is in the way.
    pub(crate) fn check(&self, proxy: &Proxy<'_>) -> Result<(), Diagnostic> {
        let Some(service) = self.project.services.get(proxy.name) else { return Ok(()) };
        let is_above = |mount: &&Mount| mount.kind != MountKind::Tmpfs && mount.is_above(SERVED);
        if let Some(mount) = service.mounts.iter().find(is_above) {
            let target = quote::word(&mount.target);
            let put = Diagnostic::cannot("put the certificate into", quote::word(proxy.name));
            let cause = format!("something is mounted at {target} already");
            return Err(put.because(cause).advise("mount that elsewhere"));
        }
        if proxy.is_caddy {
            check_import(proxy.name, service, self.domain)?;
        }
        match user(proxy.name, service, self.project, self.images) {
            Some(user) => self.check_key(proxy.name, service, user),
            None => Ok(()),
        }
    }

    /// Makes sure that the service `name`, which runs as this user and group, can read the key.
    fn check_key(
        &self,
        name: &str,
        service: &Service,
        (uid, gid): (u32, u32),
    ) -> Result<(), Diagnostic> {
        let Self { server, users, .. } = self;
        // With it, root reads the files of all users (capabilities(7)).
        let has = |list: &[String]| {
            let names = ["ALL", "DAC_OVERRIDE", "CAP_DAC_OVERRIDE"];
            list.iter().any(|cap| names.iter().any(|name| cap.eq_ignore_ascii_case(name)))
        };
        let is_almighty = uid == 0 && (has(&service.cap_add) || !has(&service.cap_drop));
        let reads = match users {
            Users::Same => {
                is_almighty
                    || (server.uid == uid && server.mode & 0o400 != 0)
                    || (server.gid == gid && server.mode & 0o040 != 0)
            }
            Users::Rootless => uid == 0 && server.uid == nix::unistd::geteuid().as_raw(),
            Users::Remapped => false,
        };
        if reads || server.mode & 0o004 != 0 {
            return Ok(());
        }
        let why = match users {
            Users::Same if uid == 0 => " without the capability DAC_OVERRIDE",
            Users::Same => "",
            Users::Rootless | Users::Remapped => ", which the engine maps to another user",
        };
        let cause = format!(
            "{} runs as uid {uid}{why}, and cannot read a key of uid {} with mode {:04o}",
            quote::word(name),
            server.uid,
            server.mode
        );
        let given = Diagnostic::cannot("use", quote::path(&server.key)).because(cause);
        let path = quote::shell(&server.key);
        Err(if *users == Users::Same {
            let fix = format!(
                "let its group read it: `sudo chgrp {gid} {path} && sudo chmod 640 {path}`"
            );
            given.advise(fix)
        } else {
            given.advise("run that proxy as root of a rootless engine, or without remapping")
        })
    }
}

/// Makes sure that the Caddyfile that is mounted imports the snippet.
fn check_import(name: &str, service: &Service, domain: &str) -> Result<(), Diagnostic> {
    let target = Path::new(CADDYFILE);
    let Some(path) = service.mount_of(target).and_then(|mount| mount.source_of(target)) else {
        let fix = format!(
            "mount it there, or write `tls {SERVED}/server.pem {SERVED}/server-key.pem` where it is, \
             and give `--tls {}` in place of --caddy",
            quote::shell(name)
        );
        let seen = Diagnostic::cannot("read the Caddyfile of", quote::word(name));
        return Err(seen.because(format_args!("none is mounted at {CADDYFILE}")).advise(fix));
    };
    let text = file::read(&path, &mut file::FILE_LIMIT.clone()).map_err(|problem| {
        Diagnostic::cannot("read the Caddyfile", quote::path(&path))
            .because(problem)
            .advise("put it where the compose file mounts it from, readable for you")
    })?;
    // Any glob that finds the snippet, and nothing else: without the overlay it finds nothing.
    let finds = |pattern: &str| {
        let name = Path::new(pattern).strip_prefix(SERVED).ok().and_then(Path::to_str);
        let halves = name.and_then(|name| name.split_once('*'));
        halves.is_some_and(|(start, end)| SNIPPET.starts_with(start) && SNIPPET.ends_with(end))
    };
    let is_import = |line: &str| {
        let mut words = line.split_whitespace();
        words.next() == Some("import")
            && words.next().is_some_and(|path| finds(path.trim_matches(['"', '`'])))
    };
    if String::from_utf8_lossy(&text).lines().any(is_import) {
        return Ok(());
    }
    let fix = format!(
        "put the line `{IMPORT}` into the block of the site {} there, and run this again",
        quote::word(domain)
    );
    Err(Diagnostic::cannot("have Caddy serve the certificate", "")
        .because(format_args!("{} does not import it", quote::path(&path)))
        .advise(fix))
}

/// The user and group that a service runs as; `None` if that cannot be known from here.
fn user(name: &str, service: &Service, project: &Project, images: &Images) -> Option<(u32, u32)> {
    let image = images.image(project, name);
    let user = service.user.as_deref().or_else(|| image.map(|image| image.user.as_str()))?;
    let (user, group) = user.split_once(':').unwrap_or((user, ""));
    if user.is_empty() || user == "root" {
        return Some((0, 0));
    }
    let passwd = || images.passwd(image?);
    let entry = |is_it: &dyn Fn(&str, Option<u32>) -> bool| {
        passwd()?.lines().find_map(|line| {
            let fields: Vec<_> = line.split(':').collect();
            let [name, _, uid, gid, ..] = fields.as_slice() else { return None };
            let (uid, gid) = (uid.parse().ok(), gid.parse().ok());
            is_it(name, uid).then_some((uid?, gid?))
        })
    };
    // The group of a user is what the image says, also of one who is named by number; else root's.
    let (uid, its) = match user.parse::<u32>() {
        Ok(number) => (number, entry(&|_, uid| uid == Some(number)).map_or(0, |(_, gid)| gid)),
        Err(_) => entry(&|name, _| name == user)?,
    };
    Some((uid, group.parse().unwrap_or(its)))
}

/// A server's certificate and key.
pub(crate) struct Served<'a> {
    /// The certificate's path.
    pub certificate: PathBuf,
    /// The key's.
    pub key: PathBuf,
    /// The first of the certificate's addresses under which others reach this machine.
    pub address: Option<IpAddr>,
    text: &'a [u8],
}

impl<'a> Served<'a> {
    /// Those of `server`, seen from the root.
    pub(crate) fn of(server: &'a ServerCertificate) -> Self {
        let mut addresses = server.names.iter().filter_map(|name| match name {
            SubjectAltName::Ip(address) => Some(*address),
            _ => None,
        });
        Self {
            certificate: files::absolute(&server.certificate),
            key: files::absolute(&server.key),
            address: addresses.find(|address: &IpAddr| !address.is_loopback()),
            text: &server.text,
        }
    }
}

/// What each proxy serves.
pub(crate) fn serving<'a>(
    proxies: &[Proxy<'a>],
    served: Option<&'a Served<'a>>,
) -> Vec<Serving<'a>> {
    let serve = |proxy: &Proxy<'a>| {
        let Served { certificate, key, text, .. } = served?;
        let snippet = proxy.is_caddy.then(snippet);
        Some(Serving { name: proxy.name, certificate, text, key, snippet })
    };
    proxies.iter().filter_map(serve).collect()
}
