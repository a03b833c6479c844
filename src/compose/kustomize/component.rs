//! Builds the component: kustomization.yaml with the patch of each workload, and the files that it names.
//!
//! The output depends only on the inputs. Files are named by their contents, so an older kustomization.yaml
//! still finds its own. kustomize appends a ConfigMap's digest to its name, so a changed CA replaces the
//! pods, and a ConfigMap never changes.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml::Value;

use crate::compose::cli::Source;
use crate::compose::injection::pem_text;
use crate::compose::injection::{InjectedFile, Injection};
use crate::compose::kustomize::kustomization::Naming;
use crate::compose::kustomize::manifest::Workload;
use crate::compose::kustomize::names::{TARGETS, volume_name};
use crate::compose::kustomize::patch;
use crate::compose::layout::file_name;
use crate::compose::yaml::{mapping, mapping_of};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;
use crate::trust::bundle::Pem;

/// Largest ConfigMap in bytes (<https://kubernetes.io/docs/concepts/configuration/configmap/>: 1 MiB).
const MAX_CONFIG_MAP: usize = 1 << 20;
/// Largest annotations of an object in bytes: `kubectl apply` without `--server-side` writes the whole
/// ConfigMap into one (`TotalAnnotationSizeLimitB` in
/// <https://github.com/kubernetes/kubernetes/blob/v1.32.0/staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go>).
const MAX_ANNOTATIONS: usize = 256 << 10;

/// A container that will trust the CA.
#[derive(Debug)]
pub(crate) struct SelectedContainer {
    /// Index among the containers of its workload.
    pub index: usize,
    /// Index of its bundle.
    pub bundle: usize,
    /// The variables and files that it gets.
    pub given: Injection,
}

/// The contents of a component.
#[derive(Debug)]
pub(crate) struct ComponentSpec<'a> {
    /// The comment lines at the beginning.
    pub header: String,
    /// The custom CAs.
    pub custom: &'a [Pem<'a>],
    /// The custom CAs with each set of root certificates.
    pub bundles: &'a [Vec<Pem<'a>>],
    /// The workloads that will trust the CA, with the selected containers.
    pub workloads: Vec<(&'a Workload, Vec<SelectedContainer>)>,
    /// Where the certificates come from.
    pub source: Source,
}

/// A component.
#[derive(Debug, Default)]
pub(crate) struct Component {
    /// The text of kustomization.yaml.
    pub text: String,
    /// The other files, by name.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Whether a ConfigMap is too large for `kubectl apply` without `--server-side`.
    pub is_server_side: bool,
}

/// The files of a container by their key in a ConfigMap, each with the index of the bundle.
type FileSet = BTreeMap<String, (InjectedFile, usize)>;

/// Builds the component, with the names that workloads have before `naming` is applied. `unpatched` are the
/// workloads as the component sees them, if those of `spec` were rendered with it or with later patches.
///
/// # Errors
/// When a ConfigMap would be too large, or YAML cannot express it.
pub(crate) fn build_component(
    spec: &ComponentSpec<'_>,
    naming: &Naming,
    unpatched: &[Workload],
) -> Result<Component, Diagnostic> {
    let mut component = Component::default();
    let mut sets: Vec<FileSet> = Vec::new();
    let mut maps = BTreeSet::new();
    let mut patches = Vec::new();
    for (workload, chosen) in &spec.workloads {
        let namespace = naming.original_namespace(workload.namespace.as_deref());
        let seen = unpatched.iter().find(|it| naming.is_original(it, workload)).unwrap_or(workload);
        let mut volumes: BTreeMap<String, Value> = BTreeMap::new();
        let mut parts = Vec::new();
        for chosen in chosen {
            let Some(container) = workload.containers.get(chosen.index) else { continue };
            let set = file_set(chosen);
            let known = sets.iter().position(|other| *other == set);
            let number = known.unwrap_or_else(|| {
                sets.push(set);
                sets.len() - 1
            });
            maps.insert((number, namespace));
            let volume = volume_name(number);
            volumes.insert(volume.clone(), config_map_volume(spec.source, &volume));
            parts
                .push((container, patch::container_patch(container, seen, &chosen.given, &volume)));
        }
        let pod = patch::pod_spec_patch(seen, parts, volumes.into_values());
        patches.push(patch::workload_patch(workload, pod, namespace, naming).map_err(yaml_error)?);
    }
    let mut tree = mapping_of([
        ("apiVersion", "kustomize.config.k8s.io/v1alpha1".into()),
        ("kind", "Component".into()),
    ]);
    if spec.source == Source::Configmap {
        let maps = maps.into_iter().filter_map(|(number, namespace)| {
            Some(component.config_map_generator(
                spec,
                &volume_name(number),
                sets.get(number)?,
                namespace,
            ))
        });
        let maps = maps.collect::<Result<Vec<_>, _>>()?;
        if !maps.is_empty() {
            tree.insert("configMapGenerator".into(), maps.into());
        }
    }
    if !patches.is_empty() {
        tree.insert("patches".into(), patches.into());
    }
    component.text = spec.header.clone() + &serde_yaml::to_string(&tree).map_err(yaml_error)?;
    Ok(component)
}

impl Component {
    /// Returns the generator of one ConfigMap, and adds its files to the component.
    fn config_map_generator(
        &mut self,
        spec: &ComponentSpec<'_>,
        name: &str,
        set: &FileSet,
        namespace: Option<&str>,
    ) -> Result<Value, Diagnostic> {
        let (mut size, mut lines) = (0, 0);
        let mut files = Vec::new();
        for (key, (contents, bundle)) in set {
            let (stem, ending, bytes) = match contents {
                InjectedFile::Custom => ("custom-ca", "crt", pem_text(spec.custom)),
                InjectedFile::Bundle => {
                    let bundle = spec.bundles.get(*bundle).map_or(&[][..], Vec::as_slice);
                    ("ca-bundle", "crt", pem_text(bundle))
                }
                InjectedFile::Own { stem, ending, bytes } => (*stem, *ending, bytes.clone()),
            };
            size += bytes.len();
            // In JSON, a newline takes two characters.
            lines += memchr::memchr_iter(b'\n', &bytes).count();
            let file = file_name(stem, ending, &bytes);
            files.push(Value::from(format!("{key}={file}")));
            self.files.insert(file, bytes);
        }
        if size > MAX_CONFIG_MAP {
            let map = format!("the certificates into the ConfigMap {}", quote::word(name));
            return Err(Diagnostic::cannot("put", map)
                .because(format_args!(
                    "they have {size} bytes, and it holds at most {MAX_CONFIG_MAP}"
                ))
                .advise("use --source trust-manager with fewer CAs, or --roots mozilla"));
        }
        // The rest of the object takes less than 1 KiB.
        self.is_server_side |= size + lines + 1024 > MAX_ANNOTATIONS;
        let mut generator = mapping_of([("name", name.into())]);
        if let Some(namespace) = namespace {
            generator.insert("namespace".into(), namespace.into());
        }
        generator.insert("files".into(), files.into());
        // The kubelet does not watch an immutable ConfigMap.
        generator.insert("options".into(), mapping([("immutable", true.into())]));
        Ok(generator.into())
    }
}

/// Returns the volume of this name.
fn config_map_volume(source: Source, name: &str) -> Value {
    let maps = match source {
        Source::Configmap => ("configMap", mapping([("name", name.into())])),
        Source::TrustManager => {
            let projection = |(map, key): (&str, &str)| {
                let item = mapping([("key", key.into()), ("path", key.into())]);
                let map = [("name", map.into()), ("items", vec![item].into())];
                mapping([("configMap", mapping(map))])
            };
            let sources: Vec<_> = TARGETS.into_iter().map(projection).collect();
            ("projected", mapping([("sources", sources.into())]))
        }
    };
    mapping([("name", name.into()), maps])
}

/// Returns the diagnostic for a YAML error, which no known input causes.
pub(crate) fn yaml_error(error: serde_yaml::Error) -> Diagnostic {
    Diagnostic::cannot("write", "the component as YAML").because(error).advise("report this bug")
}

fn file_set(chosen: &SelectedContainer) -> FileSet {
    let files = chosen.given.files.iter().map(|(path, contents)| {
        let key = path.rsplit('/').next().unwrap_or(path);
        (key.to_owned(), (contents.clone(), chosen.bundle))
    });
    files.collect()
}
