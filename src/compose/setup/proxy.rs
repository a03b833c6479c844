//! Selects the proxies that serve the certificate, and checks before anything is written that they can.
//!
//! A proxy gets the certificate, its key and, for Caddy, a snippet; its own certificates remain. The user's
//! Caddyfile is read and never edited.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::compose::images::Images;
use crate::compose::inputs::ServerCertificate;
use crate::compose::layout::{SERVED, SNIPPET};
use crate::compose::project::{Mount, MountKind, Project, Service, files};
use crate::compose::select::option::no_service;
use crate::compose::setup::overlay::ServingProxy;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::file;
use crate::sys::quote;
use crate::trust::certificate::subject_alt_name::SubjectAltName;

/// The line of a Caddyfile that imports the snippet; without the overlay the glob matches no file, which
/// Caddy accepts (<https://caddyserver.com/docs/caddyfile/directives/import>).
pub(crate) const IMPORT: &str = "import /run/trust-init/tls/*.caddy";
/// The path of the Caddyfile in Caddy's image (<https://hub.docker.com/_/caddy>).
const CADDYFILE: &str = "/etc/caddy/Caddyfile";

/// A proxy that will serve the certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy<'a> {
    /// The name of its service.
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
pub(crate) enum UserMapping {
    /// They are the same.
    #[default]
    Same,
    /// root in a container is the user that runs the engine (rootless).
    Rootless,
    /// Each is mapped to another user (userns-remap).
    Remapped,
}

/// Returns the proxies that `--caddy` and `--tls` select.
///
/// # Errors
/// When a service does not exist, or `--caddy` without a name does not select exactly one.
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
                return Err(no_single_caddy(&found));
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

/// Returns the error that `--caddy` without a name found no Caddy, or several.
fn no_single_caddy(found: &[&String]) -> Diagnostic {
    let Some(first) = found.first() else {
        return Diagnostic::cannot("find", "the proxy")
            .named("from --caddy")
            .because("no service has an image named caddy")
            .advise("name the service: `--caddy SERVICE`, or `--tls SERVICE` for another proxy");
    };
    let names: Vec<_> = found.iter().map(|name| quote::word(name).to_string()).collect();
    Diagnostic::cannot("choose", "the proxy")
        .named("from --caddy")
        .because(format_args!("{} all run Caddy", names.join(", ")))
        .advise(format!("name one: `--caddy {}`", quote::shell(first)))
}

/// Whether the image is Caddy by its name, like `caddy:2-alpine` or `registry.lan/caddy-dns`.
fn is_caddy(service: &Service) -> bool {
    let image = service.image.as_deref().unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or(image);
    let name = last.split([':', '@']).next().unwrap_or(last);
    name.split(['-', '_', '.']).any(|word| word == "caddy")
}

/// Returns the file that Caddy imports.
pub(crate) fn caddy_snippet() -> String {
    format!(
        "# Written by trust-compose: what a Caddyfile imports with `{IMPORT}`.\n\
         tls {SERVED}/server.pem {SERVED}/server-key.pem\n"
    )
}

/// The facts for the check that a proxy can serve the certificate.
pub(crate) struct ProxyCheck<'a> {
    /// The project.
    pub project: &'a Project,
    /// Its images.
    pub images: &'a Images,
    /// The certificate and key to serve.
    pub server: &'a ServerCertificate,
    /// The name of `--domain`.
    pub domain: &'a str,
    /// How the engine maps users.
    pub users: UserMapping,
}

impl ProxyCheck<'_> {
    /// Checks that `proxy` can serve the certificate.
    ///
    /// # Errors
    /// When a mount conflicts, the Caddyfile does not import the snippet, or the key is unreadable.
    pub(crate) fn check(&self, proxy: &Proxy<'_>) -> Result<(), Diagnostic> {
        let Some(service) = self.project.services.get(proxy.name) else { return Ok(()) };
        let is_above = |mount: &&Mount| mount.kind != MountKind::Tmpfs && mount.is_above(SERVED);
        if let Some(mount) = service.mounts.iter().find(is_above) {
            let target = quote::word(&mount.target);
            let mounted = Diagnostic::cannot("mount the certificate into", quote::word(proxy.name));
            let cause = format!("the service already mounts something at {target}");
            return Err(mounted.because(cause).advise("mount that at another path"));
        }
        if proxy.is_caddy {
            check_import(proxy.name, service, self.domain)?;
        }
        match service_user(proxy.name, service, self.project, self.images) {
            Some(user) => self.check_key(proxy.name, service, user),
            None => Ok(()),
        }
    }

    /// Checks that the service `name`, which runs as this user and group, can read the key.
    fn check_key(
        &self,
        name: &str,
        service: &Service,
        (uid, gid): (u32, u32),
    ) -> Result<(), Diagnostic> {
        let Self { server, users, .. } = self;
        // With DAC_OVERRIDE, root reads the files of all users (capabilities(7)).
        let has = |list: &[String]| {
            let names = ["ALL", "DAC_OVERRIDE", "CAP_DAC_OVERRIDE"];
            list.iter().any(|cap| names.iter().any(|name| cap.eq_ignore_ascii_case(name)))
        };
        let reads_all_files = uid == 0 && (has(&service.cap_add) || !has(&service.cap_drop));
        let reads = match users {
            UserMapping::Same => {
                reads_all_files
                    || (server.uid == uid && server.mode & 0o400 != 0)
                    || (server.gid == gid && server.mode & 0o040 != 0)
            }
            UserMapping::Rootless => uid == 0 && server.uid == nix::unistd::geteuid().as_raw(),
            UserMapping::Remapped => false,
        };
        if reads || server.mode & 0o004 != 0 {
            return Ok(());
        }
        let note = match users {
            UserMapping::Same if uid == 0 => " without the capability DAC_OVERRIDE",
            UserMapping::Same => "",
            UserMapping::Rootless | UserMapping::Remapped => {
                ", which the engine maps to another user"
            }
        };
        let cause = format!(
            "{} runs as uid {uid}{note}, and cannot read a key of uid {} with mode {:04o}",
            quote::word(name),
            server.uid,
            server.mode
        );
        let used = Diagnostic::cannot("use", quote::path(&server.key)).because(cause);
        let path = quote::shell(&server.key);
        Err(if *users == UserMapping::Same {
            let fix = format!(
                "let its group read it: `sudo chgrp {gid} {path} && sudo chmod 640 {path}`"
            );
            used.advise(fix)
        } else {
            used.advise("run that proxy as root of a rootless engine, or without remapping")
        })
    }
}

/// Checks that the mounted Caddyfile imports the snippet.
fn check_import(name: &str, service: &Service, domain: &str) -> Result<(), Diagnostic> {
    let target = Path::new(CADDYFILE);
    let Some(path) = service.mount_of(target).and_then(|mount| mount.source_of(target)) else {
        let fix = format!(
            "mount it there; or add `tls {SERVED}/server.pem {SERVED}/server-key.pem` to it, and use \
             `--tls {}` instead of --caddy",
            quote::shell(name)
        );
        let seen = Diagnostic::cannot("read the Caddyfile of", quote::word(name));
        return Err(seen.because(format_args!("no file is mounted at {CADDYFILE}")).advise(fix));
    };
    let text = file::read(&path, &mut file::FILE_LIMIT.clone()).map_err(|problem| {
        Diagnostic::cannot("read the Caddyfile", quote::path(&path))
            .because(problem)
            .advise("create it there, or make it readable for this user")
    })?;
    // Only a glob is accepted: without the overlay it matches no file, which Caddy accepts.
    let matches_snippet = |pattern: &str| {
        let name = Path::new(pattern).strip_prefix(SERVED).ok().and_then(Path::to_str);
        let halves = name.and_then(|name| name.split_once('*'));
        halves.is_some_and(|(start, end)| SNIPPET.starts_with(start) && SNIPPET.ends_with(end))
    };
    let is_import = |line: &str| {
        let mut words = line.split_whitespace();
        words.next() == Some("import")
            && words.next().is_some_and(|path| matches_snippet(path.trim_matches(['"', '`'])))
    };
    if String::from_utf8_lossy(&text).lines().any(is_import) {
        return Ok(());
    }
    let fix = format!(
        "add the line `{IMPORT}` to the block of the site {} there, and run setup again",
        quote::word(domain)
    );
    Err(Diagnostic::cannot("serve the certificate with Caddy", "")
        .because(format_args!("{} does not import it", quote::path(&path)))
        .advise(fix))
}

/// Returns the user and group that a service runs as; `None` if they are unknown.
fn service_user(
    name: &str,
    service: &Service,
    project: &Project,
    images: &Images,
) -> Option<(u32, u32)> {
    let image = images.image(project, name);
    let user = service.user.as_deref().or_else(|| image.map(|image| image.user.as_str()))?;
    let (user, group) = user.split_once(':').unwrap_or((user, ""));
    if user.is_empty() || user == "root" {
        return Some((0, 0));
    }
    let passwd = || images.passwd(image?);
    let entry = |matches: &dyn Fn(&str, Option<u32>) -> bool| {
        passwd()?.lines().find_map(|line| {
            let fields: Vec<_> = line.split(':').collect();
            let [name, _, uid, gid, ..] = fields.as_slice() else { return None };
            let (uid, gid) = (uid.parse().ok(), gid.parse().ok());
            matches(name, uid).then_some((uid?, gid?))
        })
    };
    // The group comes from the image's passwd file, also for a user given by number; else it is root's.
    let (uid, primary) = match user.parse::<u32>() {
        Ok(number) => (number, entry(&|_, uid| uid == Some(number)).map_or(0, |(_, gid)| gid)),
        Err(_) => entry(&|name, _| name == user)?,
    };
    Some((uid, group.parse().unwrap_or(primary)))
}

/// The server certificate that the proxies serve, with absolute paths.
pub(crate) struct ServedCertificate<'a> {
    /// The path of the certificate.
    pub certificate: PathBuf,
    /// The path of its key.
    pub key: PathBuf,
    /// The first address in the certificate that is not a loopback address.
    pub address: Option<IpAddr>,
    text: &'a [u8],
}

impl<'a> ServedCertificate<'a> {
    /// Returns the paths and contents of `server`.
    pub(crate) fn new(server: &'a ServerCertificate) -> Self {
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

/// Returns the proxies with the files that they serve.
pub(crate) fn serving_proxies<'a>(
    proxies: &[Proxy<'a>],
    served: Option<&'a ServedCertificate<'a>>,
) -> Vec<ServingProxy<'a>> {
    let serve = |proxy: &Proxy<'a>| {
        let ServedCertificate { certificate, key, text, .. } = served?;
        let snippet = proxy.is_caddy.then(caddy_snippet);
        Some(ServingProxy { name: proxy.name, certificate, text, key, snippet })
    };
    proxies.iter().filter_map(serve).collect()
}
