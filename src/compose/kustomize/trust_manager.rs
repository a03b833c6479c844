//! The Bundles from which trust-manager creates two ConfigMaps in every namespace with a label: the custom
//! CAs with its own root certificates, and the custom CAs only.
//!
//! They belong to the cluster, so they are in a file outside of the component: kustomize would apply the
//! prefix and namespace of one application.

use crate::compose::cli::Object;
use crate::compose::injection::pem_text;
use crate::compose::kustomize::component::yaml_error;
use crate::compose::kustomize::names::{LABEL, TARGETS};
use crate::compose::yaml::{mapping, mapping_of};
use crate::sys::diagnostic::Diagnostic;
use crate::trust::bundle::Pem;

/// Returns the Bundles. `ca_from` is the object in trust-manager's namespace with the custom CAs; without it,
/// the Bundles contain them.
///
/// # Errors
/// When YAML cannot express it.
pub(crate) fn bundles(
    header: &str,
    custom: &[Pem<'_>],
    ca_from: Option<&Object>,
) -> Result<String, Diagnostic> {
    let ours = match ca_from {
        Some(Object { is_secret, name, key }) => {
            let kind = if *is_secret { "secret" } else { "configMap" };
            mapping([(
                kind,
                mapping([("name", name.as_str().into()), ("key", key.as_str().into())]),
            )])
        }
        None => mapping([("inLine", String::from_utf8_lossy(&pem_text(custom)).as_ref().into())]),
    };
    let public = mapping([("useDefaultCAs", true.into())]);
    let sources = [vec![ours.clone(), public], vec![ours]];
    let mut all = header.to_owned();
    for ((name, key), sources) in TARGETS.into_iter().zip(sources) {
        let labels = mapping([(LABEL.0, LABEL.1.into())]);
        let target = mapping([
            ("configMap", mapping([("key", key.into())])),
            ("namespaceSelector", mapping([("matchLabels", labels)])),
        ]);
        // https://cert-manager.io/docs/trust/trust-manager/api-reference/
        let bundle = mapping_of([
            ("apiVersion", "trust.cert-manager.io/v1alpha1".into()),
            ("kind", "Bundle".into()),
            ("metadata", mapping([("name", name.into())])),
            ("spec", mapping([("sources", sources.into()), ("target", target)])),
        ]);
        all += "---\n";
        all += &serde_yaml::to_string(&bundle).map_err(yaml_error)?;
    }
    Ok(all)
}
