//! What trust-manager is told, which then keeps two ConfigMaps in every namespace with a label: the custom CAs
//! with its own public roots, and the custom CAs alone.
//!
//! It belongs to the cluster and not to an application, so it is a file beside the component and not a part of
//! it: kustomize would give it the names of one application.

use serde_yaml::{Mapping, Value};

use crate::compose::cli::Object;
use crate::compose::kustomize::component::KEYS;
use crate::compose::setup::overlay::{mapping, mapping_of, text};
use crate::trust::bundle::Pem;

/// The file.
pub const FILE: &str = "trust-manager.yaml";
/// The ConfigMaps that it keeps, and the key in each: those of `KEYS`.
pub const TARGETS: [(&str, &str); 2] = [("trust-init", KEYS[0]), ("trust-init-custom", KEYS[1])];

/// The objects: `ca_from` names where in trust-manager's own namespace the custom CAs are, if not in them.
///
/// # Errors
/// When YAML cannot express it.
pub fn bundles(
    header: &str,
    custom: &[Pem<'_>],
    ca_from: Option<&Object>,
    label: &(String, String),
) -> Result<String, serde_yaml::Error> {
    let ours = match ca_from {
        Some(Object { is_secret, name, key }) => {
            let kind = if *is_secret { "secret" } else { "configMap" };
            mapping([(
                kind,
                mapping([("name", name.as_str().into()), ("key", key.as_str().into())]),
            )])
        }
        None => mapping([("inLine", String::from_utf8_lossy(&text(custom)).as_ref().into())]),
    };
    let public = mapping([("useDefaultCAs", true.into())]);
    let sources = [vec![ours.clone(), public], vec![ours]];
    let mut all = header.to_owned();
    for ((name, key), sources) in TARGETS.into_iter().zip(sources) {
        let labels: Mapping =
            [(Value::from(label.0.as_str()), label.1.as_str().into())].into_iter().collect();
        let target = mapping([
            ("configMap", mapping([("key", key.into())])),
            ("namespaceSelector", mapping([("matchLabels", labels.into())])),
        ]);
        // https://cert-manager.io/docs/trust/trust-manager/api-reference/
        let bundle = mapping_of([
            ("apiVersion", "trust.cert-manager.io/v1alpha1".into()),
            ("kind", "Bundle".into()),
            ("metadata", mapping([("name", name.into())])),
            ("spec", mapping([("sources", sources.into()), ("target", target)])),
        ]);
        all += "---\n";
        all += &serde_yaml::to_string(&bundle)?;
    }
    Ok(all)
}
