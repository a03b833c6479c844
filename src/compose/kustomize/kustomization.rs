//! The user's kustomization. Its prefix, suffix and namespace are applied after its components, so a
//! component's patches must use the original names (by trial, kustomize 5.5;
//! <https://kubectl.docs.kubernetes.io/guides/config_management/components/>).

use std::path::{Path, PathBuf};

use serde_yaml::Value;

use crate::compose::kustomize::manifest::Workload;
use crate::sys::file;
use crate::sys::quote;

/// File names of a kustomization
/// (<https://kubectl.docs.kubernetes.io/references/kustomize/glossary/#kustomization>).
const FILES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The prefix, suffix and namespace that a kustomization applies to its objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Naming {
    prefix: String,
    suffix: String,
    /// Whether it sets the namespace of all objects.
    one_namespace: bool,
}

/// The kustomization that the user passed with `-k`.
#[derive(Debug)]
pub(crate) struct Kustomization {
    /// Its directory.
    pub directory: PathBuf,
    /// Its file.
    pub file: PathBuf,
    /// The prefix, suffix and namespace that it sets.
    pub naming: Naming,
    /// Whether it lists the component in `--out`.
    pub has_component: bool,
    /// Its `resources` and `bases`, as written.
    pub resources: Vec<String>,
    /// The components that it lists before that one, as written.
    pub components: Vec<String>,
    /// Whether it has patches of its own.
    is_patched: bool,
}

/// The fields that can change the lists of a pod and are applied after the components (kustomize 5.5,
/// `accumulateTarget` in
/// <https://github.com/kubernetes-sigs/kustomize/blob/kustomize/v5.5.0/api/internal/target/kusttarget.go>).
const LATE_FIELDS: [&str; 5] =
    ["patches", "patchesStrategicMerge", "patchesJson6902", "replacements", "transformers"];

impl Kustomization {
    /// The one in `directory`, if its file can be read; `out` is where the component is.
    pub(crate) fn read(directory: &Path, out: &Path) -> Option<Self> {
        let file = FILES.iter().map(|name| directory.join(name)).find(|path| path.is_file())?;
        let bytes = file::read(&file, &mut file::FILE_LIMIT.clone()).ok()?;
        let tree: Value = serde_yaml::from_slice(&bytes).ok()?;
        let text = |key: &str| tree.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let out = out.canonicalize().ok();
        let list = |key: &str| {
            let list = tree.get(key).and_then(Value::as_sequence).into_iter().flatten();
            list.filter_map(|entry| entry.as_str().map(str::to_owned)).collect::<Vec<_>>()
        };
        let mut components = list("components");
        let is_it = |path: &String| {
            let path = directory.join(path).canonicalize().ok();
            path.is_some() && path == out
        };
        let position = components.iter().position(is_it);
        components.truncate(position.unwrap_or(components.len()));
        let has = |key: &&str| {
            tree.get(*key).and_then(Value::as_sequence).is_some_and(|it| !it.is_empty())
        };
        Some(Self {
            directory: directory.to_path_buf(),
            file,
            naming: Naming {
                prefix: text("namePrefix"),
                suffix: text("nameSuffix"),
                one_namespace: !text("namespace").is_empty(),
            },
            has_component: position.is_some(),
            resources: [list("resources"), list("bases")].concat(),
            components,
            is_patched: LATE_FIELDS.iter().any(has),
        })
    }

    /// Whether the component sees other objects than the rendered ones.
    pub(crate) fn is_changed_later(&self) -> bool {
        self.has_component || self.is_patched
    }

    /// Returns the advice where to list the component: after everything that changes the same lists.
    pub(crate) fn listing_advice(&self) -> String {
        if !self.is_patched {
            return "list it in the kustomization that was named with -k, after all other components"
                .to_owned();
        }
        let directory = quote::path(&self.directory);
        format!(
            "list it in a second kustomization instead, which has {directory} under `resources:`, and \
             name that one with -k: the patches of {directory} are applied after its components"
        )
    }
}

impl Naming {
    /// Returns the name of a rendered object, as a component sees it.
    pub(crate) fn original_name<'a>(&self, name: &'a str) -> &'a str {
        let name = name.strip_prefix(self.prefix.as_str()).unwrap_or(name);
        name.strip_suffix(self.suffix.as_str()).unwrap_or(name)
    }

    /// Whether `unpatched` is the rendered `workload`, as a component sees it.
    pub(crate) fn is_original(&self, unpatched: &Workload, workload: &Workload) -> bool {
        (unpatched.group, unpatched.kind) == (workload.group, workload.kind)
            && unpatched.name == self.original_name(&workload.name)
            && (self.one_namespace || unpatched.namespace == workload.namespace)
    }

    /// Returns the namespace of a rendered object, if a component sees the same.
    pub(crate) fn original_namespace<'a>(&self, namespace: Option<&'a str>) -> Option<&'a str> {
        namespace.filter(|_| !self.one_namespace)
    }
}
