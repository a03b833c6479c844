//! The component: what each workload gets, as the text of a kustomization and the files that it names.
//!
//! Pure, and the same bytes for the same inputs. Files are named by their contents, and all else is in
//! kustomization.yaml: whichever of it stands finds its own files. Kustomize adds the digest of a ConfigMap to
//! its name, so pods are made anew when the CA changes, and a ConfigMap never does.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml::Value;

use crate::compose::kustomize::kustomization::Naming;
use crate::compose::kustomize::manifest::Workload;
use crate::compose::kustomize::patch;
use crate::compose::setup::overlay::{Contents, Given, file_name, mapping, mapping_of, text};
use crate::trust::bundle::Pem;

/// What the ConfigMaps and the volumes are called.
pub const NAME: &str = "trust-init";
/// Where the custom CAs are in every container.
pub const CUSTOM: &str = "/run/trust-init/custom-ca.crt";
/// The key of the bundle, and of the custom CAs.
pub const KEYS: [&str; 2] = ["ca-bundle.crt", "custom-ca.crt"];

/// What a ConfigMap may hold, in bytes (<https://kubernetes.io/docs/concepts/configuration/configmap/>: 1 MiB).
pub const MOST: usize = 1 << 20;
/// What an object's annotations may hold, in bytes: `kubectl apply` without `--server-side` puts all of a ConfigMap
/// into one (`TotalAnnotationSizeLimitB` in
/// <https://github.com/kubernetes/kubernetes/blob/v1.32.0/staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go>).
const ANNOTATIONS: usize = 256 << 10;

/// A container that is to trust.
#[derive(Debug)]
pub struct Chosen {
    /// Which of its workload's.
    pub index: usize,
    /// Which of the bundles it gets.
    pub bundle: usize,
    /// What it is given.
    pub given: Given,
}

/// Where the certificates come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supply {
    /// ConfigMaps that kustomize makes of files.
    ConfigMaps,
    /// Two ConfigMaps that trust-manager keeps in every namespace.
    TrustManager,
}

/// What a component is made of.
#[derive(Debug)]
pub struct Order<'a> {
    /// The first lines.
    pub header: String,
    /// The custom CAs.
    pub custom: &'a [Pem<'a>],
    /// Each with some roots.
    pub bundles: &'a [Vec<Pem<'a>>],
    /// The workloads that are to trust, and which of their containers.
    pub workloads: Vec<(&'a Workload, Vec<Chosen>)>,
    /// Where the certificates come from.
    pub supply: Supply,
}

/// A component.
#[derive(Debug, Default)]
pub struct Component {
    /// The text of kustomization.yaml.
    pub text: String,
    /// The files beside it: name and contents.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The largest ConfigMap: its name, and the bytes that it holds.
    pub largest: Option<(String, usize)>,
    /// Whether some ConfigMap is too large for `kubectl apply` without `--server-side`.
    pub is_server_side: bool,
}

/// The files of a container: its keys in a ConfigMap, and what is in them.
type Files = BTreeMap<String, (Contents, usize)>;

/// Writes the component, with the names that workloads have under `naming`. `unpatched` are the workloads as the
/// component sees them, where those of `order` were rendered with it, or with patches that are applied after it.
///
/// # Errors
/// When YAML cannot express it.
pub fn component(
    order: &Order<'_>,
    naming: &Naming,
    unpatched: &[Workload],
) -> Result<Component, serde_yaml::Error> {
    let mut component = Component::default();
    let mut sets: Vec<Files> = Vec::new();
    let mut maps = BTreeSet::new();
    let mut patches = Vec::new();
    for (workload, chosen) in &order.workloads {
        let namespace = naming.namespace(workload.namespace.as_deref());
        let seen = unpatched.iter().find(|it| naming.is_before(it, workload)).unwrap_or(workload);
        let mut volumes: BTreeMap<String, Value> = BTreeMap::new();
        let mut parts = Vec::new();
        for chosen in chosen {
            let Some(container) = workload.containers.get(chosen.index) else { continue };
            let set = set_of(chosen);
            let known = sets.iter().position(|other| *other == set);
            let number = known.unwrap_or_else(|| {
                sets.push(set);
                sets.len() - 1
            });
            maps.insert((number, namespace));
            let volume = volume_name(number);
            volumes.insert(volume.clone(), order.supply.volume(&volume));
            parts.push((container, patch::container(container, seen, &chosen.given, &volume)));
        }
        let spec = patch::spec(seen, parts, volumes.into_values());
        patches.push(patch::patch(workload, spec, namespace, naming)?);
    }
    let mut tree = mapping_of([
        ("apiVersion", "kustomize.config.k8s.io/v1alpha1".into()),
        ("kind", "Component".into()),
    ]);
    if order.supply == Supply::ConfigMaps {
        let maps = maps.into_iter().filter_map(|(number, namespace)| {
            Some(component.generator(order, &volume_name(number), sets.get(number)?, namespace))
        });
        let maps: Vec<_> = maps.collect();
        if !maps.is_empty() {
            tree.insert("configMapGenerator".into(), maps.into());
        }
    }
    if !patches.is_empty() {
        tree.insert("patches".into(), patches.into());
    }
    component.text = order.header.clone() + &serde_yaml::to_string(&tree)?;
    Ok(component)
}

impl Component {
    /// The generator of one ConfigMap, whose files are kept.
    fn generator(
        &mut self,
        order: &Order<'_>,
        name: &str,
        set: &Files,
        namespace: Option<&str>,
    ) -> Value {
        let (mut size, mut lines) = (0, 0);
        let mut files = Vec::new();
        for (key, (contents, bundle)) in set {
            let (stem, ending, bytes) = match contents {
                Contents::Custom => ("custom-ca", "crt", text(order.custom)),
                Contents::Bundle => {
                    let bundle = order.bundles.get(*bundle).map_or(&[][..], Vec::as_slice);
                    ("ca-bundle", "crt", text(bundle))
                }
                Contents::Own { stem, ending, bytes } => (*stem, *ending, bytes.clone()),
            };
            size += bytes.len();
            // JSON writes a line end as two characters.
            lines += memchr::memchr_iter(b'\n', &bytes).count();
            let file = file_name(stem, ending, &bytes);
            files.push(Value::from(format!("{key}={file}")));
            self.files.insert(file, bytes);
        }
        if self.largest.as_ref().is_none_or(|(_, most)| size > *most) {
            self.largest = Some((name.to_owned(), size));
        }
        // The rest of the object takes less than 1 KiB.
        self.is_server_side |= size + lines + 1024 > ANNOTATIONS;
        let mut generator = mapping_of([("name", name.into())]);
        if let Some(namespace) = namespace {
            generator.insert("namespace".into(), namespace.into());
        }
        generator.insert("files".into(), files.into());
        // Nobody has to watch what never changes.
        generator.insert("options".into(), mapping([("immutable", true.into())]));
        generator.into()
    }
}

impl Supply {
    /// The volume of this name.
    fn volume(self, name: &str) -> Value {
        match self {
            Self::ConfigMaps => {
                mapping([("name", name.into()), ("configMap", mapping([("name", name.into())]))])
            }
            Self::TrustManager => {
                let source = |(map, key): (&str, &str)| {
                    let item = mapping([("key", key.into()), ("path", key.into())]);
                    let map = [("name", map.into()), ("items", vec![item].into())];
                    mapping([("configMap", mapping(map))])
                };
                let sources: Vec<_> = crate::compose::kustomize::trust_manager::TARGETS
                    .into_iter()
                    .map(source)
                    .collect();
                let projected = mapping([("sources", sources.into())]);
                mapping([("name", name.into()), ("projected", projected)])
            }
        }
    }
}

/// What the volumes and the ConfigMaps of one set of files are called.
fn volume_name(number: usize) -> String {
    if number == 0 { NAME.to_owned() } else { format!("{NAME}-{}", number + 1) }
}

/// Whether a volume's or a ConfigMap's name is one of ours.
pub fn is_our_name(name: &str) -> bool {
    let number = name.strip_prefix(NAME).map(|rest| rest.strip_prefix('-').unwrap_or(rest));
    number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn set_of(chosen: &Chosen) -> Files {
    let files = chosen.given.files.iter().map(|(path, contents)| {
        let key = path.rsplit('/').next().unwrap_or(path);
        (key.to_owned(), (contents.clone(), chosen.bundle))
    });
    files.collect()
}
