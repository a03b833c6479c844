//! How the files of `.trust/` reach a service: mounted from this machine, or as configs, which a swarm copies
//! to the machine that the service runs on.

use std::collections::BTreeMap;

use serde_yaml::{Mapping, Value};

use crate::compose::layout::{DIGITS, TRUST};
use crate::compose::yaml::{mapping, mapping_of};
use crate::trust::fingerprint::Fingerprint;

/// The largest config, in bytes (<https://docs.docker.com/engine/swarm/configs/>: 500 kB).
pub const MOST: usize = 500_000;

/// How files reach a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Mounted from this machine, by `docker compose`.
    Mounts,
    /// As configs, by `docker stack deploy`.
    Configs {
        /// What the project's first file says of its format: some docker commands refuse to put files of
        /// different versions together, or one without any.
        version: Option<String>,
    },
}

impl Delivery {
    /// The key of a service (`volumes` or `configs`) and its entries for `files`: path in the container, and name
    /// among `all`.
    pub(crate) fn bring(
        &self,
        files: &BTreeMap<String, String>,
        all: &BTreeMap<String, Vec<u8>>,
    ) -> (&'static str, Value) {
        let brought = files.iter().map(|(target, file)| match self {
            Self::Mounts => mount(&format!("./{TRUST}/{file}"), target),
            Self::Configs { .. } => mapping([
                ("source", name(all.get(file).map_or(&[], Vec::as_slice)).into()),
                ("target", target.as_str().into()),
            ]),
        });
        let brought = brought.collect::<Vec<_>>().into();
        (if *self == Self::Mounts { "volumes" } else { "configs" }, brought)
    }

    /// The overlay's keys beside its services.
    pub(crate) fn declared(&self, all: &BTreeMap<String, Vec<u8>>) -> Mapping {
        let Self::Configs { version } = self else { return Mapping::new() };
        let configs = all.iter().map(|(file, contents)| {
            let source = mapping([("file", format!("./{TRUST}/{file}").into())]);
            (Value::from(name(contents)), source)
        });
        let configs: Mapping = configs.collect();
        let mut declared = Mapping::new();
        if !configs.is_empty() {
            declared.extend(mapping_of([("configs", configs.into())]));
        }
        if let Some(version) = version {
            declared.extend(mapping_of([("version", version.as_str().into())]));
        }
        declared
    }
}

/// What a config is called. A config cannot be changed, so other contents are another config, and the service is
/// rolled. The stack's name is put in front, and all of it is 64 characters at most.
fn name(contents: &[u8]) -> String {
    let digest = Fingerprint::of([contents]).to_string();
    format!("trust-{}", digest.get(..DIGITS).unwrap_or(&digest))
}

/// A file of the host, for the service to read. Without `create_host_path: false` a missing one would
/// become a directory; without the long form that cannot be said.
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
