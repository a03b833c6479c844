//! The options of `kustomize`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};

use crate::compose::cli::setup::RootChoice;
use crate::compose::project::Role;
use crate::sys::diagnostic::Diagnostic;
use crate::trust::fingerprint::Fingerprint;

/// The text after the options of `kustomize` in its help.
pub(crate) const AFTER: &str = "\
Manifests are read as `kubectl kustomize` renders them, and never edited; no cluster is contacted. A workload \
or its pods can carry the annotation `trust-init.org/role: trust` or `leave`.

Exit codes: 0 done; 1 nothing was written, or the listed component does not render as intended; 2 wrong usage. \
With --check, 1 is out of step.

Examples:
  trust-compose kustomize -k overlays/prod --custom-ca certs/ --out trust
      write a component that adds the CA in certs/ to every back end of that overlay
  helm template app ./chart | trust-compose kustomize -f - --custom-ca ca.crt --out trust
      the same for manifests from elsewhere
  trust-compose kustomize -k prod --custom-ca certs/ --out trust --source trust-manager
      let trust-manager keep the bundle in every namespace
  trust-compose kustomize -k prod --custom-ca certs/ --out trust --check
      check that the component matches the CA, the images and the manifests
  trust-compose kustomize --remove --out trust
      remove what was written";

/// The options of `kustomize`.
#[derive(Args, Clone, Debug)]
#[command(group = ArgGroup::new("manifests").args(["kustomization", "files"]))]
pub struct Kustomize {
    /// Kustomization, read as `kubectl kustomize` renders it
    #[arg(short, long, value_name = "DIR")]
    pub kustomization: Option<PathBuf>,
    /// File of manifests, `-` for stdin; repeatable
    #[arg(short, long = "file", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Directory for the component
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// CA to trust: a directory with ca.crt or other files of CAs, a file, or mkcert:, caddy:, step:, host:
    #[arg(long, value_name = "DIR|FILE")]
    pub custom_ca: Option<PathBuf>,
    /// Another CA to trust; repeatable
    #[arg(long, value_name = "DIR|FILE")]
    pub extra_ca: Vec<PathBuf>,
    /// Trust only CAs with this SHA-256 fingerprint; repeatable
    #[arg(long, value_name = "FINGERPRINT", value_parser = crate::compose::cli::setup::fingerprint)]
    pub ca_sha256: Vec<Fingerprint>,
    /// File whose first line is the password of a PKCS#12 archive
    #[arg(long, value_name = "FILE")]
    pub p12_password_file: Option<PathBuf>,
    /// Set the role of a workload or of one of its containers; repeatable
    #[arg(long, value_name = "[KIND/]NAME[/CONTAINER]=trust|leave", value_parser = crate::compose::cli::setup::role)]
    pub workload: Vec<(String, Role)>,
    /// Role of containers whose image is unknown [default: trust]
    #[arg(long, value_name = "ROLE")]
    pub unknown: Option<Role>,
    /// Public roots in the bundle: those of each image that this machine's engine has, or Mozilla's for all
    /// [default: image]
    #[arg(long, value_name = "ROOTS")]
    pub roots: Option<RootChoice>,
    /// Where pods get the certificates from: ConfigMaps that kustomize generates (configmap), or that
    /// trust-manager keeps in every namespace (trust-manager)
    #[arg(long, value_name = "SOURCE", default_value = "configmap", hide_possible_values = true)]
    pub source: Source,
    /// trust-manager: read the custom CAs from this object in its own namespace instead of the Bundle
    #[arg(long, value_name = "configmap|secret/NAME:KEY", value_parser = object)]
    pub ca_from: Option<Object>,
    /// Write nothing; check that the component matches the CA, the images and the manifests
    #[arg(long, conflicts_with_all = ["dry_run", "remove"])]
    pub check: bool,
    /// Print what would be written or removed, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Remove what was written
    #[arg(long, conflicts_with_all = ["manifests", "custom_ca", "extra_ca"])]
    pub remove: bool,
}

impl Kustomize {
    /// Checks combinations of options that clap cannot express; not for `--remove`.
    ///
    /// # Errors
    /// When an option is missing, or has no effect with another one.
    pub(crate) fn check_options(&self) -> Result<(), Diagnostic> {
        let from_cluster = self.source == Source::TrustManager;
        let has_manifests = self.kustomization.is_some() || !self.files.is_empty();
        let (option, cause) = if self.custom_ca.is_none() && self.extra_ca.is_empty() {
            ("kustomize", "no CA is named (--custom-ca), and --remove is not given")
        } else if !has_manifests {
            ("kustomize", "no manifests are named (-k, -f)")
        } else if self.roots.is_some() && from_cluster {
            ("--roots", "trust-manager brings public roots of its own")
        } else if self.ca_from.is_some() && !from_cluster {
            ("--ca-from", "only trust-manager reads certificates in the cluster")
        } else {
            return Ok(());
        };
        let wrong = Diagnostic::cannot("use", option).because(cause).usage();
        Err(wrong.advise("see `trust-compose kustomize --help`"))
    }
}

/// The values of `--source`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Source {
    /// ConfigMaps that kustomize generates
    Configmap,
    /// ConfigMaps that trust-manager keeps in every namespace
    TrustManager,
}

/// A key of a ConfigMap or Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Whether the object is a Secret; otherwise it is a ConfigMap.
    pub is_secret: bool,
    /// Its name.
    pub name: String,
    /// The key.
    pub key: String,
}

fn object(text: &str) -> Result<Object, &'static str> {
    const FORM: &str = "write it as configmap/NAME:KEY or secret/NAME:KEY";
    let (kind, rest) = text.split_once('/').ok_or(FORM)?;
    let (name, key) = rest.split_once(':').ok_or(FORM)?;
    let is_secret = match kind {
        "secret" => true,
        "configmap" => false,
        _ => return Err(FORM),
    };
    if name.is_empty() || key.is_empty() {
        return Err(FORM);
    }
    Ok(Object { is_secret, name: name.to_owned(), key: key.to_owned() })
}
