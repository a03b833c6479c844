//! How a service gets the files of `.trust/`: mounted from this machine, or as configs, which a swarm copies
//! to the node that runs the service.

use std::collections::BTreeMap;

use serde_yaml::{Mapping, Value};

use crate::compose::layout::{DIGITS, TRUST};
use crate::compose::yaml::{mapping, mapping_of};
use crate::trust::fingerprint::Fingerprint;

/// The largest config, in bytes (<https://docs.docker.com/engine/swarm/configs/>: 500 kB).
pub const CONFIG_LIMIT: usize = 500_000;

/// How services get the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Mounted from this machine, by `docker compose`.
    Mounts,
    /// As configs, by `docker stack deploy`.
    Configs {
        /// `version` of the project's first file: some docker commands refuse to merge files with different
        /// versions, or with and without one.
        version: Option<String>,
    },
}

impl Delivery {
    /// Returns the key of a service (`volumes` or `configs`) and its entries for `files`: path in the
    /// container, and name among `all`.
    pub(crate) fn entries(
        &self,
        files: &BTreeMap<String, String>,
        all: &BTreeMap<String, Vec<u8>>,
    ) -> (&'static str, Value) {
        let entries = files.iter().map(|(target, file)| match self {
            Self::Mounts => mount(&format!("./{TRUST}/{file}"), target),
            Self::Configs { .. } => mapping([
                ("source", config_name(all.get(file).map_or(&[], Vec::as_slice)).into()),
                ("target", target.as_str().into()),
            ]),
        });
        let entries = entries.collect::<Vec<_>>().into();
        (if *self == Self::Mounts { "volumes" } else { "configs" }, entries)
    }

    /// Returns the top-level keys of the overlay besides `services`.
    pub(crate) fn top_level(&self, all: &BTreeMap<String, Vec<u8>>) -> Mapping {
        let Self::Configs { version } = self else { return Mapping::new() };
        let configs = all.iter().map(|(file, contents)| {
            let source = mapping([("file", format!("./{TRUST}/{file}").into())]);
            (Value::from(config_name(contents)), source)
        });
        let configs: Mapping = configs.collect();
        let mut keys = Mapping::new();
        if !configs.is_empty() {
            keys.extend(mapping_of([("configs", configs.into())]));
        }
        if let Some(version) = version {
            keys.extend(mapping_of([("version", version.as_str().into())]));
        }
        keys
    }
}

/// Returns the name of a config, with a digest: a config is immutable, so new contents need a new name, and
/// the swarm then updates the service. Docker puts the stack's name before it, and limits both to 64
/// characters.
fn config_name(contents: &[u8]) -> String {
    let digest = Fingerprint::of([contents]).to_string();
    format!("trust-{}", digest.get(..DIGITS).unwrap_or(&digest))
}

/// Returns a read-only bind mount. Without `create_host_path: false`, which needs the long form, Docker would
/// create a directory for a missing file.
pub(crate) fn mount(source: &str, target: &str) -> Value {
    mapping([
        ("type", "bind".into()),
        // Compose reads `$` as the start of a variable.
        ("source", source.replace('$', "$$").into()),
        ("target", target.into()),
        ("read_only", true.into()),
        ("bind", mapping([("create_host_path", false.into())])),
    ])
}
