//! A proxy that is to serve the certificate: what stands in its way, before anything is written.
//!
//! It gets the certificate, its key and, for Caddy, a snippet: nothing else, so one that also has
//! certificates of its own keeps them. The user's Caddyfile is read and never edited.

use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use crate::compose::images::Images;
use crate::compose::inputs::Server;
use crate::compose::project::{MountKind, Project, Service};
use crate::compose::select::option::no_service;
use crate::compose::setup::overlay::{SERVED, SNIPPET};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::file;
use crate::sys::output;
use crate::sys::quote;

/// What a Caddyfile says for the certificate to be served; without the overlay nothing is there, and
/// Caddy goes on (<https://caddyserver.com/docs/caddyfile/directives/import>).
pub const IMPORT: &str = "import /run/trust-init/tls/*.caddy";
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

/// Why it cannot serve.
pub enum Error {
    /// `--caddy` alone, and there is none, or several.
    Which { found: Vec<String> },
    /// No such service.
    NoService(Diagnostic),
    /// Its Caddyfile is not on this machine.
    NoCaddyfile { service: String },
    /// Its Caddyfile cannot be read.
    Unreadable { path: PathBuf, cause: String },
    /// Its Caddyfile does not import the snippet.
    NoImport { path: PathBuf, domain: String },
    /// It cannot read the key.
    Key { service: String, path: PathBuf, user: (u32, u32), server: (u32, u32), users: Users },
    /// Something of the user's is mounted where the files would be.
    InTheWay { service: String, target: String },
}

output::error_of_words!(Error);

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Which { found } if found.is_empty() => f.write_str(
                "cannot find the proxy (from --caddy): no service has an image called caddy\n\
                 fix: name the service: `--caddy SERVICE`, or `--tls SERVICE` for another proxy",
            ),
            Self::Which { found } => write!(
                f,
                "cannot choose the proxy (from --caddy): {} are all Caddy\n\
                 fix: name one: `--caddy {}`",
                found
                    .iter()
                    .map(|name| quote::word(name).to_string())
                    .collect::<Vec<_>>()
                    .join(", "),
                found.first().map_or("SERVICE".to_owned(), quote::shell)
            ),
            Self::NoService(error) => write!(f, "{error}\nfix: {}", error.fix()),
            Self::NoCaddyfile { service } => write!(
                f,
                "cannot see the Caddyfile of {}: none is mounted at {CADDYFILE}\n\
                 fix: mount it there, or write `tls {SERVED}/server.pem {SERVED}/server-key.pem` \
                 where it is, and give `--tls {}` in place of --caddy",
                quote::word(service),
                quote::shell(service)
            ),
            Self::Unreadable { path, cause } => write!(
                f,
                "cannot read the Caddyfile {}: {cause}\n\
                 fix: put it where the compose file mounts it from, readable for you",
                quote::path(path)
            ),
            Self::NoImport { path, domain } => write!(
                f,
                "cannot have Caddy serve the certificate: {} does not import it\n\
                 fix: put the line `{IMPORT}` into the block of the site {} there, and run \
                 this again",
                quote::path(path),
                quote::word(domain)
            ),
            Self::Key { service, path, user: (uid, gid), server: (owner, mode), users } => {
                let why = match users {
                    Users::Same if *uid == 0 => " without the capability DAC_OVERRIDE",
                    Users::Same => "",
                    Users::Rootless | Users::Remapped => {
                        ", which the engine makes another one here"
                    }
                };
                let (shown, path) = (quote::path(path), quote::shell(path));
                write!(
                    f,
                    "cannot give {shown} to {}: it runs as uid {uid}{why}, and cannot read a key of \
                     uid {owner} with mode {mode:04o}\n\
                     fix: ",
                    quote::word(service),
                )?;
                if *users == Users::Same {
                    write!(
                        f,
                        "let its group read it: `sudo chgrp {gid} {path} && sudo chmod 640 {path}`"
                    )
                } else {
                    f.write_str(
                        "have that proxy run as root of a rootless engine, or without remapping",
                    )
                }
            }
            Self::InTheWay { service, target } => write!(
                f,
                "cannot put the certificate into {}: something is mounted at {} already\n\
                 fix: mount that elsewhere",
                quote::word(service),
                quote::word(target)
            ),
        }
    }
}

/// How the engine maps the users of its containers to those of this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Users {
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
pub fn proxies<'a>(
    project: &'a Project,
    caddy: Option<Option<&str>>,
    tls: &[String],
) -> Result<Vec<Proxy<'a>>, Error> {
    let find = |name: &str, option| match project.services.get_key_value(name) {
        Some((name, _)) => Ok(name.as_str()),
        None => Err(Error::NoService(no_service(project, name, option))),
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
                return Err(Error::Which { found: found.into_iter().cloned().collect() });
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

/// Whether an image is called Caddy, like `caddy:2-alpine` or `registry.lan/caddy-dns`.
fn is_caddy(service: &Service) -> bool {
    let image = service.image.as_deref().unwrap_or_default();
    let last = image.rsplit('/').next().unwrap_or(image);
    let name = last.split([':', '@']).next().unwrap_or(last);
    name.split(['-', '_', '.']).any(|word| word == "caddy")
}

/// What Caddy imports.
pub fn snippet() -> String {
    format!(
        "# Written by trust-compose: what a Caddyfile imports with `{IMPORT}`.\n\
         tls {SERVED}/server.pem {SERVED}/server-key.pem\n"
    )
}

/// Makes sure that `proxy` can serve `server` for `domain`.
///
/// # Errors
/// When something stands in the way.
pub fn check(
    proxy: &Proxy<'_>,
    project: &Project,
    images: &Images,
    server: &Server,
    domain: &str,
    users: Users,
) -> Result<(), Error> {
    let Some(service) = project.services.get(proxy.name) else { return Ok(()) };
    if let Some(mount) =
        service.mounts.iter().find(|mount| mount.kind != MountKind::Tmpfs && mount.is_above(SERVED))
    {
        let target = mount.target.clone();
        return Err(Error::InTheWay { service: proxy.name.to_owned(), target });
    }
    if proxy.is_caddy {
        imports(proxy.name, service, domain)?;
    }
    let Some((uid, gid)) = user(proxy.name, service, project, images) else { return Ok(()) };
    // With it, root reads whatever belongs to others (capabilities(7)).
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
    Err(Error::Key {
        service: proxy.name.to_owned(),
        path: server.key.clone(),
        user: (uid, gid),
        server: (server.uid, server.mode),
        users,
    })
}

/// Whether the Caddyfile that is mounted imports the snippet.
fn imports(name: &str, service: &Service, domain: &str) -> Result<(), Error> {
    let target = Path::new(CADDYFILE);
    let Some(path) = service.mount_of(target).and_then(|mount| mount.source_of(target)) else {
        return Err(Error::NoCaddyfile { service: name.to_owned() });
    };
    let text = match file::read(&path, &mut file::FILE_LIMIT.clone()) {
        Ok(text) => String::from_utf8_lossy(&text).into_owned(),
        Err(problem) => return Err(Error::Unreadable { path, cause: problem.to_string() }),
    };
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
    if text.lines().any(is_import) {
        return Ok(());
    }
    Err(Error::NoImport { path, domain: domain.to_owned() })
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
