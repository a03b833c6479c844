//! Generates the overlay: the text of docker-compose.ca.yml and the files that it mounts.
//!
//! Pure: the same inputs give the same bytes. The variables and their rules are those of
//! `crate::trust::variables`, so a service whose entrypoint is trust-init gets the values that trust-init
//! would set.

pub mod delivery;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_yaml::value::{Tag, TaggedValue};
use serde_yaml::{Mapping, Value};

use crate::compose::docker::LabeledContainer;
use crate::compose::injection::{InjectedFile, Injection, TrustedService, pem_text};
use crate::compose::layout::{LABEL, SERVED, SNIPPET, TRUST, file_name};
use crate::compose::project::interpolate;
use crate::compose::setup::chromium;
use crate::compose::setup::overlay::delivery::{Delivery, mount};
use crate::compose::yaml::{mapping, mapping_of};
use crate::sys::diagnostic::Diagnostic;
use crate::trust::bundle::Pem;
use crate::trust::fingerprint::Fingerprint;
use crate::trust::source::CUSTOM_CA;

/// A profile that no project enables.
const NEVER_ENABLED: &str = "trust-init-without";

/// The contents of an overlay.
#[derive(Debug)]
pub struct OverlaySpec<'a> {
    /// The project's directory; relative paths of the overlay are relative to it.
    pub base: &'a Path,
    /// The custom CAs.
    pub custom: &'a [Pem<'a>],
    /// The bundles: the custom CAs with each set of root certificates.
    pub bundles: &'a [Vec<Pem<'a>>],
    /// The services that will trust the custom CAs.
    pub trusted: Vec<TrustedService<'a>>,
    /// The proxies that serve a certificate.
    pub serving: Vec<ServingProxy<'a>>,
    /// The disabled services.
    pub disabled: Vec<DisabledService<'a>>,
    /// How the services get the files.
    pub delivery: &'a Delivery,
}

/// A proxy that serves the server certificate.
#[derive(Debug)]
pub struct ServingProxy<'a> {
    /// Its name.
    pub name: &'a str,
    /// The path of the server certificate, from which it is mounted.
    pub certificate: &'a Path,
    /// The contents of that file.
    pub text: &'a [u8],
    /// The path of its key, from which it is mounted.
    pub key: &'a Path,
    /// The file that a Caddyfile imports.
    pub snippet: Option<String>,
}

/// A disabled service.
#[derive(Debug)]
pub struct DisabledService<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether it has profiles, to which Compose would add those of the overlay.
    pub has_profiles: bool,
    /// The services that depend on it.
    pub dependants: BTreeSet<&'a str>,
}

/// An overlay and the files that it mounts.
#[derive(Debug, Default)]
pub struct Overlay {
    /// The text of docker-compose.ca.yml.
    pub text: String,
    /// The files of `.trust/`: name and contents.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The digest of the files that each service mounts.
    pub digests: BTreeMap<String, String>,
}

impl Overlay {
    /// Returns the digest of the files that each service mounts, from the labels in the overlay `text`.
    pub fn digests_in(text: &str) -> BTreeMap<String, String> {
        let tree: Value = serde_yaml::from_str(text).unwrap_or_default();
        let services = tree.get("services").and_then(Value::as_mapping);
        let digest = |(name, service): (&Value, &Value)| {
            let digest = service.get("labels")?.get(LABEL)?;
            Some((name.as_str()?.to_owned(), digest.as_str()?.to_owned()))
        };
        services.into_iter().flatten().filter_map(digest).collect()
    }
}

/// Generates the overlay.
///
/// # Errors
/// When YAML cannot express it.
pub fn overlay(spec: &OverlaySpec<'_>) -> Result<Overlay, Diagnostic> {
    let mut overlay = Overlay::default();
    let mut services: BTreeMap<&str, Mapping> = BTreeMap::new();
    if !spec.trusted.is_empty() {
        let custom = overlay.add_file("custom-ca", "crt", pem_text(spec.custom));
        let bundles: Vec<_> = spec
            .bundles
            .iter()
            .map(|bundle| overlay.add_file("ca-bundle", "crt", pem_text(bundle)))
            .collect();
        for trusted in &spec.trusted {
            let bundle = (spec.bundles.get(trusted.bundle), bundles.get(trusted.bundle));
            let (Some(roots), Some(bundle)) = bundle else { continue };
            let stanza = overlay.trusted_stanza(trusted, spec, roots, &custom, bundle);
            services.insert(trusted.name, stanza);
        }
    }
    for serving in &spec.serving {
        let stanza = overlay.serving_stanza(serving, spec.base);
        services.entry(serving.name).or_default().extend(stanza);
    }
    for disabled in &spec.disabled {
        services.entry(disabled.name).or_default().insert("profiles".into(), disabled.profiles());
        for dependant in &disabled.dependants {
            let stanza = services.entry(dependant).or_default();
            let others = stanza.entry("depends_on".into()).or_insert(Mapping::new().into());
            if let Value::Mapping(others) = others {
                others.insert(disabled.name.into(), mapping([("required", false.into())]));
            }
        }
    }
    let services: Mapping =
        services.into_iter().map(|(name, stanza)| (name.into(), stanza.into())).collect();
    let mut tree = mapping_of([("services", services.into())]);
    tree.extend(spec.delivery.top_level(&overlay.files));
    overlay.text = serde_yaml::to_string(&tree)?;
    Ok(overlay)
}

impl Overlay {
    /// Whether none of `containers` was created with another overlay.
    pub fn matches(&self, containers: &[LabeledContainer]) -> bool {
        let is_other = |container: &LabeledContainer| {
            let digest = self.digests.get(&container.service);
            !container.label.is_empty() && digest != Some(&container.label)
        };
        !containers.iter().any(is_other)
    }

    /// Adds a file with these contents, and returns its name.
    fn add_file(&mut self, stem: &str, ending: &str, contents: Vec<u8>) -> String {
        let name = file_name(stem, ending, &contents);
        self.files.insert(name.clone(), contents);
        name
    }

    /// Returns the keys of a service that will trust the CAs.
    fn trusted_stanza(
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
                InjectedFile::Own { stem, ending, bytes } => self.add_file(stem, ending, bytes),
            };
            (target, name)
        });
        let mut mounts: BTreeMap<_, _> = mounts.collect();
        for path in &trusted.policies {
            let contents = chromium::policy(spec.custom);
            mounts.insert(path.clone(), self.add_file("chromium-policy", "json", contents));
        }
        let mut stanza = Mapping::new();
        if !variables.is_empty() {
            stanza.insert("environment".into(), variables.into());
        }
        let (key, files) = spec.delivery.entries(&mounts, &self.files);
        stanza.insert(key.into(), files);
        // The names contain a digest of the contents.
        let pieces = mounts.iter().flat_map(|(target, file)| [target.as_bytes(), file.as_bytes()]);
        self.label(trusted.name, &mut stanza, &Fingerprint::of(pieces));
        stanza
    }

    /// Returns the keys of a proxy that serves the certificate.
    fn serving_stanza(&mut self, serving: &ServingProxy<'_>, base: &Path) -> Mapping {
        let mut mounts = vec![
            mount(&overlay_path(serving.certificate, base), &format!("{SERVED}/server.pem")),
            mount(&overlay_path(serving.key, base), &format!("{SERVED}/server-key.pem")),
        ];
        if let Some(snippet) = &serving.snippet {
            let name = self.add_file("tls", "caddy", snippet.clone().into_bytes());
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

impl DisabledService<'_> {
    fn profiles(&self) -> Value {
        let never = Value::from(vec![NEVER_ENABLED]);
        if self.has_profiles {
            // Without this tag, Compose would add the overlay's profiles to them.
            Value::Tagged(Box::new(TaggedValue { tag: Tag::new("override"), value: never }))
        } else {
            never
        }
    }
}

/// Returns `path` for the overlay: relative if it is below the project's directory.
fn overlay_path(path: &Path, base: &Path) -> String {
    match path.strip_prefix(base) {
        Ok(below) => format!("./{}", below.display()),
        Err(_) => path.display().to_string(),
    }
}
