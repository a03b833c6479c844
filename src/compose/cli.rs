//! The command line of trust-compose, with the help texts. This module reads no files.

pub(crate) mod doctor;
pub(crate) mod kustomize;
pub(crate) mod setup;
pub(crate) mod trust;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::compose::certs::key::KeyType;
use crate::compose::certs::options::DEFAULT_DIRECTORY;
pub use crate::compose::certs::options::PROGRAM;
use crate::compose::certs::{CertsOptions, DEFAULT_DAYS};
pub use crate::compose::cli::doctor::Doctor;
pub use crate::compose::cli::kustomize::{Kustomize, Object, Source};
pub use crate::compose::cli::setup::{Remove, SWARM, Setup, Shape, project_of, value_name};
pub use crate::compose::cli::trust::Trust;
use crate::sys::dir::owners::Owners;
use crate::trust::source::{Named, Origin};

const EXAMPLES: &str = "Examples:
  trust-compose certs reflector.local 192.168.1.100
      create a CA and a server certificate for these names in certs/
  trust-compose setup --custom-ca certs/
      add the CA to the back-end services of the Compose project in this directory
  trust-compose doctor
      see what each service trusts, and why a connection fails
  trust-compose remove
      remove what setup wrote
  trust-compose help setup
      more examples";

const CERTS_AFTER: &str = "\
localhost, 127.0.0.1 and ::1 are always among the names. Leaving out a name that the existing certificate has \
is an error; to drop a name, delete server.pem and server-key.pem first.

Exit codes: 0 done or nothing to do, 1 nothing was written or --then failed, 2 wrong usage; with --renew also 3: \
the CA expires within 90 days, so create a new one by --force.

Examples:
  trust-compose certs reflector.local \"IP:192.168.1.100\" \"DNS:gpu.local\"
      create a CA and a server certificate for these names, in certs/
  trust-compose certs reflector.local 192.168.1.100 gpu.local new.local
      add a name: the CA is kept, the server certificate is replaced
  trust-compose certs gpu.local --ca certs/ --out gpu-certs/
      issue a certificate for another server, below the same CA
  trust-compose certs --renew --then 'docker compose restart caddy'
      for cron: prints nothing unless fewer than 30 days are left
  trust-compose certs '*.lab.local' --constrain --ca-name 'Lab CA'
      create a CA that cannot sign for names outside of lab.local";

const INSPECT_AFTER: &str = "\
PEM, DER, PKCS#7 and PKCS#12 are recognised by content. Private keys are named, never shown.

Exit codes: 0 done, 1 a file cannot be read or used, 2 wrong usage.

Examples:
  trust-compose inspect certs/ca.crt
      print what is in a file, and which clients refuse it
  trust-compose inspect --json *.pem *.p7b | jq '.files[].certificates[].names'
      list the names of all certificates
  trust-compose inspect --p12-password-file password.txt corporate.p12
      open a PKCS#12 archive";

const COMPLETIONS_EXAMPLES: &str = "Examples:
  source <(trust-compose completions bash)
      in ~/.bashrc
  source <(trust-compose completions zsh)
      in ~/.zshrc, after compinit
  trust-compose completions fish > ~/.config/fish/completions/trust-compose.fish
      for fish";

/// Create a private CA, and make the services of a Compose project or of a cluster trust it
#[derive(Debug, Parser)]
#[command(name = PROGRAM, version, after_help = EXAMPLES)]
pub struct Cli {
    /// The subcommand.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a private CA and a server certificate that it signs
    #[command(after_help = CERTS_AFTER)]
    Certs(Certs),
    /// Add a CA to the back-end services of a Compose project, by an overlay; without a CA, remove the
    /// overlay
    #[command(after_help = setup::AFTER)]
    Setup(Box<Setup>),
    /// Generate a Kustomize component, or trust-manager Bundles, that adds the CA to Kubernetes workloads
    #[command(after_help = kustomize::AFTER)]
    Kustomize(Box<Kustomize>),
    /// Remove what `setup` wrote
    #[command(after_help = setup::REMOVE_AFTER)]
    Remove(Remove),
    /// Install the CA in the stores of this machine: the system's, and those of Firefox and Chromium
    #[command(after_help = trust::AFTER)]
    Trust(Trust),
    /// Report what is trusted, by whom, and why a connection fails
    #[command(after_help = doctor::AFTER)]
    Doctor(Box<Doctor>),
    /// Print what certificate files contain, and which clients refuse it
    #[command(after_help = INSPECT_AFTER)]
    Inspect(Inspect),
    /// Print completions for a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// The options of `certs`.
#[derive(Args, Debug)]
pub struct Certs {
    /// Host names and IP addresses of the server, with or without DNS: or IP:; the first names the CA
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Directory for the files [default: certs/]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Sign with the CA in this directory; its key stays there
    #[arg(long, value_name = "DIR", conflicts_with_all = ["ca_only", "force", "constrain", "ca_name"])]
    ca: Option<PathBuf>,
    /// Name of the CA [default: the first NAME and the date]
    #[arg(long, value_name = "NAME")]
    ca_name: Option<String>,
    /// Key type [default: the existing key's, else p256]
    #[arg(long, value_name = "TYPE")]
    key_type: Option<KeyChoice>,
    /// Days that the server certificate is valid, at most 825
    #[arg(long, value_name = "N", default_value_t = DEFAULT_DAYS)]
    days: u32,
    /// Create only the CA
    #[arg(long, conflicts_with = "renew")]
    ca_only: bool,
    /// Constrain the new CA to these names and their subdomains
    #[arg(long)]
    constrain: bool,
    /// Replace everything, the CA too: clients that trust the old CA need the new one. Keeps the names without
    /// a NAME, and the old CA in a directory of its own
    #[arg(long, conflicts_with = "renew")]
    force: bool,
    /// Renew what expires within 30 days (valid for less than 45 days: in the last third) and print nothing
    /// otherwise. Never creates a CA; without a NAME keeps the names
    #[arg(long)]
    renew: bool,
    /// Run this in a shell after a renewal
    #[arg(long, value_name = "COMMAND", requires = "renew", conflicts_with = "dry_run")]
    then: Option<String>,
    /// Print what would be created, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// The values of `--key-type`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum KeyChoice {
    P256,
    P384,
}

/// The options of `inspect`.
#[derive(Args, Debug)]
pub struct Inspect {
    /// Certificate files of any format
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Print JSON, in the shape that docs/inspect.md describes
    #[arg(long)]
    pub json: bool,
    /// File whose first line is the password of PKCS#12 archives [default: asked for in a terminal]
    #[arg(long, value_name = "FILE")]
    pub p12_password_file: Option<PathBuf>,
}

impl Certs {
    /// Converts the options for `certs`.
    pub fn options(self, owners: Owners) -> CertsOptions {
        let named = |path, option| Named { path, origin: Origin::Option(option) };
        let default = || Named { path: DEFAULT_DIRECTORY.into(), origin: Origin::Default };
        CertsOptions {
            arguments: self.names,
            out: self.out.map_or_else(default, |path| named(path, "--out")),
            ca: self.ca.map(|path| named(path, "--ca")),
            ca_name: self.ca_name,
            key_type: self.key_type.map(|choice| match choice {
                KeyChoice::P256 => KeyType::P256,
                KeyChoice::P384 => KeyType::P384,
            }),
            days: self.days,
            ca_only: self.ca_only,
            constrain: self.constrain,
            force: self.force,
            renew: self.renew,
            then: self.then,
            dry_run: self.dry_run,
            owners,
        }
    }
}
