//! What a kustomization does to names after its components have worked: a patch of a component sees them as
//! they were before (by trial, kustomize 5.5; <https://kubectl.docs.kubernetes.io/guides/config_management/components/>).

use std::path::{Path, PathBuf};

use serde_yaml::Value;

use crate::discover::file;

/// What a kustomization's file may be called
/// (<https://kubectl.docs.kubernetes.io/references/kustomize/glossary/#kustomization>).
const FILES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// What a kustomization does to the names of what it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Naming {
    prefix: String,
    suffix: String,
    /// Whether all is put into one namespace.
    one_namespace: bool,
}

/// A kustomization of the user's.
#[derive(Debug)]
pub struct Kustomization {
    /// Its file.
    pub file: PathBuf,
    /// What it does to names.
    pub naming: Naming,
    /// Whether the component in a certain directory is among its components.
    pub has_component: bool,
}

impl Kustomization {
    /// The one in `directory`, if its file can be read; `out` is where the component is.
    pub fn read(directory: &Path, out: &Path) -> Option<Self> {
        let file = FILES.iter().map(|name| directory.join(name)).find(|path| path.is_file())?;
        let bytes = file::read(&file, &mut file::FILE_LIMIT.clone()).ok()?;
        let tree: Value = serde_yaml::from_slice(&bytes).ok()?;
        let text = |key: &str| tree.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let out = out.canonicalize().ok();
        let listed = tree.get("components").and_then(Value::as_sequence).into_iter().flatten();
        let mut listed =
            listed.filter_map(|path| directory.join(path.as_str()?).canonicalize().ok());
        Some(Self {
            file,
            naming: Naming {
                prefix: text("namePrefix"),
                suffix: text("nameSuffix"),
                one_namespace: !text("namespace").is_empty(),
            },
            has_component: listed.any(|path| Some(path) == out),
        })
    }
}

impl Naming {
    /// The name of a rendered object, as a component sees it.
    pub fn before<'a>(&self, name: &'a str) -> &'a str {
        let name = name.strip_prefix(self.prefix.as_str()).unwrap_or(name);
        name.strip_suffix(self.suffix.as_str()).unwrap_or(name)
    }

    /// The namespace of a rendered object, where a component sees the same.
    pub fn namespace<'a>(&self, namespace: Option<&'a str>) -> Option<&'a str> {
        namespace.filter(|_| !self.one_namespace)
    }
}
