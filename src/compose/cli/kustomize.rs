//! The options of `kustomize`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};

use crate::compose::cli::setup::RootChoice;
use crate::compose::project::Role;

/// What people type, for `kustomize --help`.
pub const EXAMPLES: &str = "Examples:
  trust-compose kustomize -k overlays/prod --custom-ca certs/ --out components/trust
      the CA in certs/ into every back end of that overlay: a component, to be listed in it
  helm template app ./chart | trust-compose kustomize -f - --custom-ca certs/ --out components/trust
      for manifests from elsewhere
  trust-compose kustomize -k overlays/prod --custom-ca certs/ --out components/trust --source trust-manager
      trust-manager keeps the bundle in every namespace
  trust-compose kustomize --custom-ca certs/ --out policy --source kyverno
      policies for a cluster in place of a patch for each workload
  trust-compose kustomize -k overlays/prod --custom-ca certs/ --out components/trust --check
      whether what stands there is still in step
  trust-compose kustomize --remove --out components/trust
      what was written, taken away";

/// What comes of it.
pub const AFTER: &str = "\
Manifests are read as `kubectl kustomize` renders them, and never edited; no cluster is asked. A workload, or
its pods, can say `trust-init.org/role: trust` or `leave` in an annotation.
Exit codes: 0 done; 1 not done, and nothing was written, or written and listed where it comes to something else
than was meant; 2 wrong usage. With --check 1 is out of step.";

/// The options of `kustomize`.
#[derive(Args, Clone, Debug)]
#[command(group = ArgGroup::new("manifests").args(["kustomization", "files"]))]
pub struct Kustomize {
    /// A kustomization, read as `kubectl kustomize` renders it
    #[arg(short, long, value_name = "DIR")]
    pub kustomization: Option<PathBuf>,
    /// A file of manifests, `-` for stdin; repeatable
    #[arg(short, long = "file", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Directory for what is written
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The CA: a directory with ca.crt, or a file
    #[arg(long, value_name = "DIR|FILE")]
    pub custom_ca: Option<PathBuf>,
    /// A further CA to trust
    #[arg(long, value_name = "FILE")]
    pub extra_ca: Vec<PathBuf>,
    /// First line is the password of a PKCS#12 archive
    #[arg(long, value_name = "FILE")]
    pub p12_password_file: Option<PathBuf>,
    /// Decide for a workload or one of its containers
    #[arg(long, value_name = "[KIND/]NAME[/CONTAINER]=trust|leave", value_parser = crate::compose::cli::setup::role)]
    pub workload: Vec<(String, Role)>,
    /// What becomes of containers whose image is not known [default: trust]
    #[arg(long, value_name = "ROLE")]
    pub unknown: Option<Role>,
    /// Whose public roots go into the bundle: each image's, where this machine's engine has it, or the same for all
    /// [default: image]
    #[arg(long, value_name = "ROOTS")]
    pub roots: Option<RootChoice>,
    /// Where pods find the certificates
    #[arg(long, value_name = "SOURCE", default_value = "configmap")]
    pub source: Source,
    /// trust-manager: take the custom CAs from this object in its own namespace, not from the Bundle itself
    #[arg(long, value_name = "configmap|secret/NAME:KEY", value_parser = object)]
    pub ca_from: Option<Object>,
    /// trust-manager, Kyverno: the label of the namespaces that it is for
    #[arg(long, value_name = "KEY=VALUE", value_parser = label)]
    pub namespace_label: Option<(String, String)>,
    /// Only say whether what stands is in step with the CA, the images and the manifests
    #[arg(long, conflicts_with_all = ["dry_run", "remove"])]
    pub check: bool,
    /// Only say what would be written or removed
    #[arg(long)]
    pub dry_run: bool,
    /// Take away what was written
    #[arg(long, conflicts_with_all = ["manifests", "custom_ca", "extra_ca"])]
    pub remove: bool,
}

/// The words of `--source`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Source {
    /// ConfigMaps that kustomize makes
    Configmap,
    /// ConfigMaps that trust-manager keeps
    TrustManager,
    /// Policies of Kyverno
    Kyverno,
}

/// A key of an object of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Whether it is a Secret, else a ConfigMap.
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

fn label(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}
