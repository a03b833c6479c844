//! The overlay: what each service gets, as the text of docker-compose.ca.yml and the files it mounts.
//!
//! Pure, and the same bytes for the same inputs. The variables and their rules are those of
//! `crate::trust::variables`, so that a service whose entrypoint is trust-init finds what it would have
//! made itself.

pub mod delivery;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_yaml::value::{Tag, TaggedValue};
use serde_yaml::{Mapping, Value};

use crate::compose::docker::LabeledContainer;
use crate::compose::injection::{InjectedFile, Injection, TrustedService, pem_text};
use crate::compose::layout::{LABEL, SERVED, SNIPPET, TRUST, file_name};
use crate::compose::project::interpolate;
use crate::compose::setup::overlay::delivery::{Delivery, mount};
use crate::compose::yaml::{mapping, mapping_of};
use crate::sys::diagnostic::Diagnostic;
use crate::trust::bundle::Pem;
use crate::trust::fingerprint::Fingerprint;
use crate::trust::source::CUSTOM_CA;

/// A profile that no project enables.
const NEVER: &str = "trust-init-without";

/// What an overlay is made of.
#[derive(Debug)]
pub struct OverlaySpec<'a> {
    /// The project's directory; relative paths of the overlay are relative to it.
    pub base: &'a Path,
    /// The custom CAs.
    pub custom: &'a [Pem<'a>],
    /// Each with the roots of some image, without doubles.
    pub bundles: &'a [Vec<Pem<'a>>],
    /// The services that are to trust them.
    pub trusted: Vec<TrustedService<'a>>,
    /// The proxies that serve a certificate.
    pub serving: Vec<Serving<'a>>,
    /// The services that are switched off.
    pub without: Vec<Without<'a>>,
    /// How the files reach a service.
    pub delivery: &'a Delivery,
}

/// A proxy that serves a certificate.
#[derive(Debug)]
pub struct Serving<'a> {
    /// Its name.
    pub name: &'a str,
    /// The server's certificate, which is mounted from its own path.
    pub certificate: &'a Path,
    /// Its contents.
    pub text: &'a [u8],
    /// Its key, from its own path.
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
pub fn overlay(spec: &OverlaySpec<'_>) -> Result<Overlay, Diagnostic> {
    let mut overlay = Overlay::default();
    let mut services: BTreeMap<&str, Mapping> = BTreeMap::new();
    if !spec.trusted.is_empty() {
        let custom = overlay.keep("custom-ca", "crt", pem_text(spec.custom));
        let bundles: Vec<_> = spec
            .bundles
            .iter()
            .map(|bundle| overlay.keep("ca-bundle", "crt", pem_text(bundle)))
            .collect();
        for trusted in &spec.trusted {
            let bundle = (spec.bundles.get(trusted.bundle), bundles.get(trusted.bundle));
            let (Some(roots), Some(bundle)) = bundle else { continue };
            let stanza = overlay.trusted(trusted, spec, roots, &custom, bundle);
            services.insert(trusted.name, stanza);
        }
    }
    for serving in &spec.serving {
        let stanza = overlay.serving(serving, spec.base);
        services.entry(serving.name).or_default().extend(stanza);
    }
    for without in &spec.without {
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
    let mut tree = mapping_of([("services", services.into())]);
    tree.extend(spec.delivery.declared(&overlay.files));
    overlay.text = serde_yaml::to_string(&tree)?;
    Ok(overlay)
}

impl Overlay {
    /// Whether none of `containers` was made with another overlay.
    pub fn has_made(&self, containers: &[LabeledContainer]) -> bool {
        let is_other = |container: &LabeledContainer| {
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
        trusted: &TrustedService<'_>,
        spec: &OverlaySpec<'_>,
        roots: &[Pem<'_>],
        custom_file: &str,
        bundle_file: &str,
    ) -> Mapping {
        let Injection { variables, files } = Injection::new(trusted, spec.custom, roots, CUSTOM_CA);
        let value = |value: String| Value::from(interpolate::escape(&value));
        let variables = variables.into_iter().map(|(name, text)| (name.into(), value(text)));
        let variables: Mapping = variables.collect();
        let mounts = files.into_iter().map(|(target, contents)| {
            let name = match contents {
                InjectedFile::Custom => custom_file.to_owned(),
                InjectedFile::Bundle => bundle_file.to_owned(),
                InjectedFile::Own { stem, ending, bytes } => self.keep(stem, ending, bytes),
            };
            (target, name)
        });
        let mounts: BTreeMap<_, _> = mounts.collect();
        let mut stanza = Mapping::new();
        if !variables.is_empty() {
            stanza.insert("environment".into(), variables.into());
        }
        let (key, files) = spec.delivery.bring(&mounts, &self.files);
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

/// `path` as the overlay names it: relative if it is below the project's directory.
fn source(path: &Path, base: &Path) -> String {
    match path.strip_prefix(base) {
        Ok(below) => format!("./{}", below.display()),
        Err(_) => path.display().to_string(),
    }
}
