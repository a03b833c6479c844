//! What was asked for: options that depend on each other in more ways than clap can say.

use crate::compose::cli::{Kustomize, Source};
use crate::compose::inputs::Given as Files;
use crate::compose::kustomize::error::Error;

/// The label of namespaces for what works on those with one.
const LABEL: (&str, &str) = ("trust-init.org/trust", "true");

/// Makes sure that the options fit each other.
///
/// # Errors
/// When they do not.
pub fn check(asked: &Kustomize) -> Result<(), Error> {
    let wrong = |option, why| Err(Error::Option { option, why });
    let has_manifests = asked.kustomization.is_some() || !asked.files.is_empty();
    let is_kyverno = asked.source == Source::Kyverno;
    let of_workloads =
        !asked.workload.is_empty() || asked.unknown.is_some() || asked.roots.is_some();
    if asked.custom_ca.is_none() && asked.extra_ca.is_empty() {
        return wrong("kustomize", "no CA is named (--custom-ca), and --remove is not asked for");
    }
    if !has_manifests && !is_kyverno {
        return wrong("kustomize", "no manifests are named (-k, -f)");
    }
    if is_kyverno && (has_manifests || of_workloads) {
        return wrong("--source kyverno", "it is for whatever pods come, and reads no manifests");
    }
    if asked.roots.is_some() && asked.source == Source::TrustManager {
        return wrong("--roots", "trust-manager brings public roots of its own");
    }
    if asked.ca_from.is_some() && asked.source != Source::TrustManager {
        return wrong("--ca-from", "only trust-manager reads certificates in the cluster");
    }
    if asked.namespace_label.is_some() && asked.source == Source::Configmap {
        return wrong("--namespace-label", "a component is for the namespaces of its workloads");
    }
    Ok(())
}

/// The files of certificates, as `inputs` takes them.
pub fn files(asked: &Kustomize) -> Files {
    Files {
        custom_ca: asked.custom_ca.clone(),
        extra: asked.extra_ca.clone(),
        password_file: asked.p12_password_file.clone(),
        ..Files::default()
    }
}

/// The label of the namespaces that it is for.
pub fn label(asked: &Kustomize) -> (String, String) {
    let given = asked.namespace_label.clone();
    given.unwrap_or_else(|| (LABEL.0.to_owned(), LABEL.1.to_owned()))
}
