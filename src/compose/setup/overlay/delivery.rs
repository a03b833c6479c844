//! How the files of `.trust/` come into a service: mounted from this machine, or as configs, which a swarm
//! brings to whatever machine the service runs on.

use std::collections::BTreeMap;

use serde_yaml::{Mapping, Value};

use crate::compose::layout::DIGITS;
use crate::compose::setup::overlay::{mapping, mapping_of, mount};
use crate::compose::setup::write::TRUST;
use crate::trust::fingerprint::Fingerprint;

/// What a config may hold, in bytes (<https://docs.docker.com/engine/swarm/configs/>: 500 kB).
pub const MOST: usize = 500_000;

/// How files come into a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Means {
    /// Mounted from this machine, by `docker compose`.
    Mounts,
    /// As configs, by `docker stack deploy`.
    Configs {
        /// What the project's first file says of its format: some docker commands refuse to put files of
        /// different versions together, or one without any.
        version: Option<String>,
    },
}

impl Means {
    /// The key of a service, and its value, that bring it `files`: where they are in the container, and what they are
    /// called among `all`.
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

    /// What the overlay says beside its services.
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
