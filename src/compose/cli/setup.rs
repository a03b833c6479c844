//! The options of `setup` and `remove`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::compose::images::RootsChoice;
use crate::compose::project::{Role, files};
use crate::compose::select::Outcome;
use crate::trust::fingerprint::Fingerprint;

/// The text after the options of `setup` in its help.
pub(crate) const AFTER: &str = "\
setup does not edit compose files. It writes docker-compose.ca.yml and .trust/ beside them, a marked block in \
.gitignore, and with --activate one in .env; `trust-compose remove` removes all of it. Without a CA, setup \
removes the overlay too.

Exit codes: 0 done; 1 not done, and nothing was written; 2 wrong usage. With --check, 1 is out of step; with \
--up, the code is that of `docker compose`.

Examples:
  trust-compose setup --custom-ca certs/
      add the CA in certs/ to every back-end service
  trust-compose setup --custom-ca certs/ --domain reflector.local --caddy
      also let the proxy serve certs/server.pem
  trust-compose setup --custom-ca certs/ --without speaches --without kokoro
      switch off bundled services that external ones replace
  trust-compose setup --again --extra-ca gpu-ca.crt
      add a CA to those of the last setup
  trust-compose setup --check
      check whether the overlay is still in step";

/// The text after the options of `remove` in its help.
pub(crate) const REMOVE_AFTER: &str = "\
Exit codes: 0 done or nothing to remove, 1 not done, 2 wrong usage. With --up, the code is that of `docker compose`.

Examples:
  trust-compose remove
      remove the overlay and its files
  trust-compose remove --up
      also recreate the containers without the CA
  trust-compose remove --dry-run
      print what would be removed";

/// The option for `docker stack deploy`.
pub const SWARM: &str = "--swarm";

/// The options that select the project.
#[derive(Args, Clone, Debug, Default)]
pub struct ProjectArgs {
    /// A compose file; repeat it for several [default: as Compose finds them]
    #[arg(short, long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A file of variables in place of .env; repeatable, as in Compose
    #[arg(long = "env-file", value_name = "FILE")]
    env_files: Vec<PathBuf>,
    /// Base directory for relative paths [default: the first file's directory]
    #[arg(long, value_name = "DIR")]
    project_directory: Option<PathBuf>,
}

impl ProjectArgs {
    /// Converts the options for `project::files`.
    pub fn options(&self) -> files::ProjectOptions {
        files::ProjectOptions {
            files: self.files.clone(),
            directory: self.project_directory.clone(),
            env_files: self.env_files.clone(),
        }
    }
}

/// The options of `setup`.
#[derive(Args, Clone, Debug)]
pub struct Setup {
    #[command(flatten)]
    pub project: ProjectArgs,
    #[command(flatten)]
    pub shape: Shape,
    /// Repeat the last setup with its options, and add those that are given
    #[arg(long, conflicts_with = "check")]
    pub again: bool,
    /// Activate the overlay for plain `docker compose`, by a block with COMPOSE_FILE in .env
    #[arg(long, conflicts_with = "swarm")]
    pub activate: bool,
    /// Run `docker compose up -d` at the end
    #[arg(long, conflicts_with_all = ["check", "dry_run", "swarm"])]
    pub up: bool,
    /// Only check whether the overlay is in step with the CA, the images and the compose files
    #[arg(long, conflicts_with_all = ["activate", "dry_run"])]
    pub check: bool,
    /// Only print what would be written
    #[arg(long)]
    pub dry_run: bool,
}

/// The options that determine the overlay.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// The CA: a directory with ca.crt (and server.pem, server-key.pem) or other files of CAs, a file, which may
    /// contain a whole chain, mkcert:, caddy:, step:, host:, or the https:// address of a server
    #[arg(long, value_name = "DIR|FILE")]
    pub custom_ca: Option<PathBuf>,
    /// Another CA to trust; repeatable
    #[arg(long, value_name = "DIR|FILE")]
    pub extra_ca: Vec<PathBuf>,
    /// Trust only CAs with this SHA-256 fingerprint; repeatable
    #[arg(long, value_name = "FINGERPRINT", value_parser = fingerprint)]
    pub ca_sha256: Vec<Fingerprint>,
    /// File whose first line is the password of a PKCS#12 archive
    #[arg(long, value_name = "FILE")]
    pub p12_password_file: Option<PathBuf>,
    /// Name by which clients reach the proxy
    #[arg(long, value_name = "NAME")]
    pub domain: Option<String>,
    /// Let Caddy serve server.pem [default: the service whose image is caddy]
    #[arg(long, value_name = "SERVICE", num_args = 0..=1)]
    pub caddy: Option<Option<String>>,
    /// Mount server.pem and its key at /run/trust-init/tls of another proxy
    #[arg(long, value_name = "SERVICE")]
    pub tls: Vec<String>,
    /// Switch a service off, and let other services start without it; repeatable
    #[arg(long, value_name = "SERVICE")]
    pub without: Vec<String>,
    /// Set the role of a service: trust or leave; repeatable
    #[arg(long, value_name = "NAME=trust|leave", value_parser = role)]
    pub service: Vec<(String, Role)>,
    /// Role of services whose image is unknown [default: trust]
    #[arg(long, value_name = "ROLE")]
    pub unknown: Option<Role>,
    /// For `docker stack deploy`: configs in place of mounts
    #[arg(long, conflicts_with_all = ["domain", "caddy", "tls", "without"])]
    pub swarm: bool,
    /// Source of the public root certificates: each service's own image, or one for all [default: image]
    #[arg(long, value_name = "ROOTS")]
    pub roots: Option<RootChoice>,
}

/// The options of `remove`.
#[derive(Args, Clone, Debug)]
pub struct Remove {
    #[command(flatten)]
    pub project: ProjectArgs,
    /// Run `docker compose up -d` without the overlay, then remove what the containers had mounted
    #[arg(long, conflicts_with = "dry_run")]
    pub up: bool,
    /// Only print what would be removed
    #[arg(long)]
    pub dry_run: bool,
}

/// The values of `--roots`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RootChoice {
    Image,
    Mozilla,
    Host,
}

impl From<RootChoice> for RootsChoice {
    fn from(choice: RootChoice) -> Self {
        match choice {
            RootChoice::Image => Self::Image,
            RootChoice::Mozilla => Self::Mozilla,
            RootChoice::Host => Self::Host,
        }
    }
}

/// Returns the options that select the project, out of those of a setup in the directory `base`.
pub fn project_of(options: &[String], base: &Path) -> Option<files::ProjectOptions> {
    let mut project = parse_options(options)?.project.options();
    let paths = project.files.iter_mut().chain(&mut project.directory);
    paths.chain(&mut project.env_files).for_each(|path| *path = files::plain(base, path.as_path()));
    Some(project)
}

fn parse_options(options: &[String]) -> Option<Setup> {
    use clap::{Args as _, FromArgMatches as _};
    let command = Setup::augment_args(clap::Command::new("setup").no_binary_name(true));
    let matches = command.try_get_matches_from(options.iter().map(OsString::from)).ok()?;
    Setup::from_arg_matches(&matches).ok()
}

/// Parses NAME=ROLE.
pub(crate) fn role(text: &str) -> Result<(String, Role), String> {
    let (name, role) = text.split_once('=').ok_or("write it as NAME=trust or NAME=leave")?;
    let role = Role::parse(role).ok_or("the role is trust or leave")?;
    Ok((name.to_owned(), role))
}

/// Parses a SHA-256 fingerprint.
pub(crate) fn fingerprint(text: &str) -> Result<Fingerprint, String> {
    Fingerprint::parse(text).ok_or_else(|| {
        "it is not a SHA-256 fingerprint of 64 hexadecimal digits: copy the one that `trust-compose inspect \
         FILE` prints"
            .to_owned()
    })
}

impl Shape {
    /// Whether the options name a CA.
    pub fn has_ca(&self) -> bool {
        self.custom_ca.is_some() || !self.extra_ca.is_empty()
    }

    /// Returns the first option that has no effect without a CA.
    pub fn option_that_needs_ca(&self) -> Option<&'static str> {
        let given = [
            (self.domain.is_some(), "--domain"),
            (self.caddy.is_some(), "--caddy"),
            (!self.tls.is_empty(), "--tls"),
            (!self.ca_sha256.is_empty(), "--ca-sha256"),
            (self.p12_password_file.is_some(), "--p12-password-file"),
            (!self.service.is_empty(), "--service"),
            (self.unknown.is_some(), "--unknown"),
            (self.roots.is_some(), "--roots"),
            (self.swarm, "--swarm"),
        ];
        given.into_iter().find(|(is_given, _)| *is_given).map(|(_, option)| option)
    }

    /// Adds the options `more`: values of an option that can be repeated are added, others are replaced.
    pub fn add(&mut self, more: Self) {
        let Self { custom_ca, extra_ca, ca_sha256, p12_password_file, domain, .. } = more;
        self.custom_ca = custom_ca.or(self.custom_ca.take());
        self.p12_password_file = p12_password_file.or(self.p12_password_file.take());
        self.domain = domain.or(self.domain.take());
        self.caddy = more.caddy.or(self.caddy.take());
        self.unknown = more.unknown.or(self.unknown);
        self.roots = more.roots.or(self.roots);
        self.swarm |= more.swarm;
        add_new(&mut self.extra_ca, extra_ca);
        add_new(&mut self.ca_sha256, ca_sha256);
        add_new(&mut self.tls, more.tls);
        add_new(&mut self.without, more.without);
        // The last role of a service applies.
        self.service.retain(|(name, _)| !more.service.iter().any(|(other, _)| other == name));
        self.service.extend(more.service);
    }

    /// Returns the roles of `--service`.
    pub fn roles(&self) -> BTreeMap<String, Outcome> {
        self.service.iter().map(|(name, role)| (name.clone(), (*role).into())).collect()
    }

    /// Returns the paths of the input files.
    pub fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.custom_ca.iter().chain(&self.extra_ca).chain(&self.p12_password_file)
    }

    /// Returns these options for a command line in the directory `base`, in a fixed order; a path below
    /// `base` is relative to it.
    pub fn options(&self, base: &Path) -> Vec<String> {
        let path = |path: &PathBuf| {
            let path = files::shorten(path, base).to_string_lossy().into_owned();
            // `-` at the start would make it an option.
            if path.starts_with('-') { format!("./{path}") } else { path }
        };
        let role = |(name, role): &(String, Role)| format!("{name}={}", value_name(*role));
        let options: [(&str, Vec<String>); 10] = [
            ("--custom-ca", self.custom_ca.iter().map(path).collect()),
            ("--extra-ca", self.extra_ca.iter().map(path).collect()),
            ("--ca-sha256", self.ca_sha256.iter().map(Fingerprint::to_string).collect()),
            ("--p12-password-file", self.p12_password_file.iter().map(path).collect()),
            ("--domain", self.domain.clone().into_iter().collect()),
            ("--tls", self.tls.clone()),
            ("--without", self.without.clone()),
            ("--service", self.service.iter().map(role).collect()),
            ("--unknown", self.unknown.map(value_name).into_iter().collect()),
            ("--roots", self.roots.map(value_name).into_iter().collect()),
        ];
        let pair = |option: &'static str| move |value| [option.to_owned(), value];
        let arguments = options
            .into_iter()
            .flat_map(|(option, values)| values.into_iter().flat_map(pair(option)));
        let caddy = self
            .caddy
            .iter()
            .flat_map(|name| std::iter::once("--caddy".to_owned()).chain(name.clone()));
        let swarm = self.swarm.then(|| SWARM.to_owned());
        arguments.chain(caddy).chain(swarm).collect()
    }

    /// Parses the options of a setup in the directory `base`; `None` if they cannot be parsed.
    pub fn from_options(options: &[String], base: &Path) -> Option<Self> {
        let mut shape = parse_options(options)?.shape;
        let join = |path: &mut PathBuf| *path = files::plain(base, path.as_path());
        shape.custom_ca.iter_mut().for_each(join);
        shape.extra_ca.iter_mut().for_each(join);
        shape.p12_password_file.iter_mut().for_each(join);
        Some(shape)
    }
}

/// Adds those of `values` that `list` lacks.
fn add_new<T: PartialEq>(list: &mut Vec<T>, values: Vec<T>) {
    for value in values {
        if !list.contains(&value) {
            list.push(value);
        }
    }
}

/// Returns the name of a value on the command line.
pub fn value_name<T: ValueEnum + Copy>(value: T) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}
