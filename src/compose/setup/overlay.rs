//! The overlay: what each service gets, as the text of docker-compose.ca.yml and the files it mounts.
//!
//! Pure, and the same bytes for the same inputs. The variables and their rules are those of
//! `crate::trust::variables`, so that a service whose entrypoint is trust-init finds what it would have
//! made itself. Files are named by their contents: the overlay then names either all the old files or
//! all the new ones.

pub mod delivery;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;

use serde_yaml::value::{Tag, TaggedValue};
use serde_yaml::{Mapping, Value};

use crate::compose::docker::Container;
pub use crate::compose::injection::{Contents, Given};
pub use crate::compose::layout::{BUNDLE, DIRECTORY, LABEL, SERVED, SNIPPET, file_name};
use crate::compose::layout::{HEADER, TRUST};
use crate::compose::project::interpolate;
pub use crate::compose::setup::overlay::delivery::{MOST, Means};
pub use crate::compose::yaml::{mapping, mapping_of};
use crate::sys::quote;
use crate::trust::bundle::Pem;
use crate::trust::fingerprint::Fingerprint;
use crate::trust::source::CUSTOM_CA;
use crate::trust::variables::runtimes::Runtime;
use crate::trust::variables::{Pin, Row};

/// A profile that nobody switches on.
const NEVER: &str = "trust-init-without";

/// What an overlay is made of.
#[derive(Debug)]
pub struct Order<'a> {
    /// The project's directory; relative paths of the overlay are relative to it.
    pub base: &'a Path,
    /// The words of this setup, for the header.
    pub words: &'a [String],
    /// The custom CAs.
    pub custom: &'a [Pem<'a>],
    /// Each with the roots of some image, without doubles.
    pub bundles: &'a [Vec<Pem<'a>>],
    /// The services that are to trust them.
    pub trusted: Vec<Trusted<'a>>,
    /// The proxies that serve a certificate.
    pub serving: Vec<Serving<'a>>,
    /// The services that are switched off.
    pub without: Vec<Without<'a>>,
    /// How the files come into a service.
    pub means: &'a Means,
}

/// A service that is to trust.
#[derive(Debug)]
pub struct Trusted<'a> {
    /// Its name.
    pub name: &'a str,
    /// Which of the bundles is that of its image.
    pub bundle: usize,
    /// The rows in force there.
    pub rows: Vec<&'static Row>,
    /// What its variables name at present.
    pub pins: Vec<Pin<'a>>,
    /// What its JVM is told.
    pub jvm: Option<Jvm>,
    /// The runtimes that are told in settings of their own, and what their variables say besides.
    pub runtimes: Vec<(Runtime, Option<OsString>)>,
}

/// What a JVM is told.
#[derive(Debug)]
pub struct Jvm {
    /// Its key store.
    pub store: Vec<u8>,
    /// What JAVA_TOOL_OPTIONS says besides.
    pub options: OsString,
}

/// A proxy that serves a certificate.
#[derive(Debug)]
pub struct Serving<'a> {
    /// Its name.
    pub name: &'a str,
    /// The server's certificate, which is mounted from where it lies.
    pub certificate: &'a Path,
    /// Its contents.
    pub text: &'a [u8],
    /// Its key, likewise.
    pub key: &'a Path,
    /// What a Caddyfile imports.
    pub snippet: Option<String>,
}

/// A service that is switched off.
#[derive(Debug)]
pub struct Without<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether it has profiles, which would be added to.
    pub has_profiles: bool,
    /// The services that depend on it.
    pub dependants: BTreeSet<&'a str>,
}

/// An overlay and what it mounts.
#[derive(Debug, Default)]
pub struct Overlay {
    /// The text of docker-compose.ca.yml.
    pub text: String,
    /// The files of `.trust/`: name and contents.
    pub files: BTreeMap<String, Vec<u8>>,
    /// For each service the digest of what it has mounted.
    pub digests: BTreeMap<String, String>,
}

/// Writes the overlay.
///
/// # Errors
/// When YAML cannot express it.
pub fn overlay(order: &Order<'_>) -> Result<Overlay, serde_yaml::Error> {
    let mut overlay = Overlay::default();
    let mut services: BTreeMap<&str, Mapping> = BTreeMap::new();
    if !order.trusted.is_empty() {
        let custom = overlay.keep("custom-ca", "crt", text(order.custom));
        let bundles: Vec<_> = order
            .bundles
            .iter()
            .map(|bundle| overlay.keep("ca-bundle", "crt", text(bundle)))
            .collect();
        for trusted in &order.trusted {
            let bundle = (order.bundles.get(trusted.bundle), bundles.get(trusted.bundle));
            let (Some(roots), Some(bundle)) = bundle else { continue };
            let stanza = overlay.trusted(trusted, order, roots, &custom, bundle);
            services.insert(trusted.name, stanza);
        }
    }
    for serving in &order.serving {
        let stanza = overlay.serving(serving, order.base);
        services.entry(serving.name).or_default().extend(stanza);
    }
    for without in &order.without {
        services.entry(without.name).or_default().insert("profiles".into(), without.profiles());
        for dependant in &without.dependants {
            let stanza = services.entry(dependant).or_default();
            let others = stanza.entry("depends_on".into()).or_insert(Mapping::new().into());
            if let Value::Mapping(others) = others {
                others.insert(without.name.into(), mapping([("required", false.into())]));
            }
        }
    }
    let services: Mapping =
        services.into_iter().map(|(name, stanza)| (name.into(), stanza.into())).collect();
    overlay.text = header(order.words);
    let mut tree = mapping_of([("services", services.into())]);
    tree.extend(order.means.declared(&overlay.files));
    overlay.text += &serde_yaml::to_string(&tree)?;
    Ok(overlay)
}

impl Overlay {
    /// Whether none of `containers` was made with another overlay.
    pub fn has_made(&self, containers: &[Container]) -> bool {
        let is_other = |container: &Container| {
            let digest = self.digests.get(&container.service);
            !container.label.is_empty() && digest != Some(&container.label)
        };
        !containers.iter().any(is_other)
    }

    /// Keeps a file of these contents, and returns its name.
    fn keep(&mut self, stem: &str, ending: &str, contents: Vec<u8>) -> String {
        let name = file_name(stem, ending, &contents);
        self.files.insert(name.clone(), contents);
        name
    }

    /// What a service gets that is to trust.
    fn trusted(
        &mut self,
        trusted: &Trusted<'_>,
        order: &Order<'_>,
        roots: &[Pem<'_>],
        custom_file: &str,
        bundle_file: &str,
    ) -> Mapping {
        let Given { variables, files } = Given::of(trusted, order.custom, roots, CUSTOM_CA);
        let value = |value: String| Value::from(interpolate::escape(&value));
        let variables = variables.into_iter().map(|(name, text)| (name.into(), value(text)));
        let variables: Mapping = variables.collect();
        let mounts = files.into_iter().map(|(target, contents)| {
            let name = match contents {
                Contents::Custom => custom_file.to_owned(),
                Contents::Bundle => bundle_file.to_owned(),
                Contents::Own { stem, ending, bytes } => self.keep(stem, ending, bytes),
            };
            (target, name)
        });
        let mounts: BTreeMap<_, _> = mounts.collect();
        let mut stanza = Mapping::new();
        if !variables.is_empty() {
            stanza.insert("environment".into(), variables.into());
        }
        let (key, files) = order.means.bring(&mounts, &self.files);
        stanza.insert(key.into(), files);
        // Names are made of contents.
        let pieces = mounts.iter().flat_map(|(target, file)| [target.as_bytes(), file.as_bytes()]);
        self.label(trusted.name, &mut stanza, &Fingerprint::of(pieces));
        stanza
    }

    /// What a proxy gets that serves a certificate.
    fn serving(&mut self, serving: &Serving<'_>, base: &Path) -> Mapping {
        let mut mounts = vec![
            mount(&source(serving.certificate, base), &format!("{SERVED}/server.pem")),
            mount(&source(serving.key, base), &format!("{SERVED}/server-key.pem")),
        ];
        if let Some(snippet) = &serving.snippet {
            let name = self.keep("tls", "caddy", snippet.clone().into_bytes());
            mounts.push(mount(&format!("./{TRUST}/{name}"), &format!("{SERVED}/{SNIPPET}")));
        }
        let mut stanza = mapping_of([("volumes", mounts.into())]);
        let pieces = [serving.text, serving.snippet.as_deref().unwrap_or_default().as_bytes()];
        self.label(serving.name, &mut stanza, &Fingerprint::of(pieces));
        stanza
    }

    fn label(&mut self, service: &str, stanza: &mut Mapping, digest: &Fingerprint) {
        let digest = digest.to_string();
        stanza.insert("labels".into(), mapping([(LABEL, digest.as_str().into())]));
        self.digests.insert(service.to_owned(), digest);
    }
}

impl Without<'_> {
    fn profiles(&self) -> Value {
        let never = Value::from(vec![NEVER]);
        if self.has_profiles {
            // Else those of an overlay would be added to them.
            Value::Tagged(Box::new(TaggedValue { tag: Tag::new("override"), value: never }))
        } else {
            never
        }
    }
}

/// The text of a bundle.
pub fn text(certificates: &[Pem<'_>]) -> Vec<u8> {
    certificates.iter().flat_map(Pem::text).copied().collect()
}

/// A file of the host, for the service to read. Without `create_host_path: false` a missing one would
/// become a directory; without the long form that cannot be said.
fn mount(source: &str, target: &str) -> Value {
    mapping([
        ("type", "bind".into()),
        // Compose reads `$` as the start of a variable.
        ("source", source.replace('$', "$$").into()),
        ("target", target.into()),
        ("read_only", true.into()),
        ("bind", mapping([("create_host_path", false.into())])),
    ])
}

/// `path` as the overlay names it: relative where it lies below the project's directory.
fn source(path: &Path, base: &Path) -> String {
    match path.strip_prefix(base) {
        Ok(below) => format!("./{}", below.display()),
        Err(_) => path.display().to_string(),
    }
}

/// What the file is, who made it with which words, and how it goes away. A word with a line end in it
/// stays on its line.
fn header(words: &[String]) -> String {
    let words: Vec<_> = words.iter().map(quote::shell).collect();
    format!("{HEADER}\n# The words were: {}\n", words.join(" "))
}
