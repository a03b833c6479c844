//! Parses manifests into objects, and those that start pods into workloads.

use std::fmt::Display;

use serde::Deserialize as _;
use serde_yaml::Value;

use crate::compose::kustomize::names::ROLE;
use crate::compose::kustomize::pod::{self, CONTAINER_LISTS, PodContainer};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// Largest manifests that are read, in bytes: 16 MiB, some thousands of workloads. The YAML crate needs up to
/// a hundred times as much memory.
pub(crate) const MAX_MANIFESTS: usize = 16 << 20;

/// Deepest nesting of brackets. The YAML crate takes quadratic time for deep nesting, and refuses more than
/// 128 levels anyway.
const MAX_BRACKETS: usize = 1000;

/// The kinds that start pods and whose containers kustomize can patch by name: group, kind, path of the pod
/// template (<https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/>).
const KINDS: [(&str, &str, &[&str]); 7] = [
    ("apps", "Deployment", TEMPLATE),
    ("apps", "StatefulSet", TEMPLATE),
    ("apps", "DaemonSet", TEMPLATE),
    ("apps", "ReplicaSet", TEMPLATE),
    ("batch", "Job", TEMPLATE),
    ("batch", "CronJob", &["spec", "jobTemplate", "spec", "template"]),
    ("", "Pod", &[]),
];

/// Path of the pod template in most kinds.
const TEMPLATE: &[&str] = &["spec", "template"];

/// An object that starts pods.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// `apiVersion`.
    pub version: String,
    /// `kind`.
    pub kind: &'static str,
    /// The keys that lead to the pod's metadata and spec.
    pub path: &'static [&'static str],
    /// The namespace, if it is set.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// The containers, init containers first.
    pub containers: Vec<PodContainer>,
    /// The volumes of the pods.
    pub volumes: Vec<Value>,
    /// `trust-init.org/role`, as written.
    pub role: Option<String>,
}

/// The objects that start pods.
#[derive(Debug, Default)]
pub(crate) struct Manifests {
    /// The workloads.
    pub workloads: Vec<Workload>,
    /// The objects of the workloads, as written.
    pub objects: Vec<Value>,
    /// The names of objects of other kinds that contain a pod template.
    pub others: Vec<String>,
}

/// Parses manifests: YAML or JSON documents. `from` is their name in messages.
///
/// # Errors
/// When they are invalid or too large.
pub(crate) fn read(text: &[u8], from: &str) -> Result<Manifests, Diagnostic> {
    let subject = from.to_owned();
    parse_manifests(text).map_err(|flaw| Diagnostic { action: "read", subject, ..flaw })
}

/// Parses manifests. Its errors have a cause and a fix; [`read`] adds the name of the manifests.
fn parse_manifests(text: &[u8]) -> Result<Manifests, Diagnostic> {
    if text.len() > MAX_MANIFESTS {
        let cause = format!("it is larger than {} MiB", MAX_MANIFESTS >> 20);
        return Err(Diagnostic::statement(cause).advise("pass one application at a time"));
    }
    let mut open = 0_usize;
    for byte in text {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        if open > MAX_BRACKETS {
            return Err(invalid_yaml("it is nested too deeply"));
        }
    }
    let mut manifests = Manifests::default();
    for document in serde_yaml::Deserializer::from_slice(text) {
        let object = Value::deserialize(document).map_err(invalid_yaml)?;
        manifests.add(object)?;
    }
    Ok(manifests)
}

impl Manifests {
    fn add(&mut self, mut object: Value) -> Result<(), Diagnostic> {
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
        let (version, kind) = (text("apiVersion"), text("kind"));
        if kind == "List" {
            let items = object.get_mut("items").and_then(Value::as_sequence_mut);
            let items = items.map(std::mem::take).unwrap_or_default();
            return items.into_iter().try_for_each(|item| self.add(item));
        }
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let known = KINDS.iter().find(|(of, name, _)| (*of, *name) == (group, kind));
        match known {
            Some((group, kind, path)) => {
                self.workloads.push(Workload::read(&object, group, kind, path, version)?);
                self.objects.push(object);
            }
            None if holds_template(&object) => {
                let name = object.get("metadata").and_then(|it| it.get("name")?.as_str());
                self.others.push(format!("{kind}/{}", name.unwrap_or_default()));
            }
            None => {}
        }
        Ok(())
    }
}

impl Manifests {
    /// Removes the containers without an image: for a container that no longer exists, a listed component's
    /// patch makes kustomize create one, which Kubernetes refuses.
    pub(crate) fn remove_leftovers(&mut self) {
        for (workload, object) in self.workloads.iter_mut().zip(&mut self.objects) {
            workload.containers.retain(|container| container.service.image.is_some());
            let keys = workload.path.iter().chain(&["spec"]);
            let Some(spec) = keys.copied().try_fold(object, |it, key| it.get_mut(key)) else {
                continue;
            };
            for key in CONTAINER_LISTS {
                if let Some(Value::Sequence(list)) = spec.get_mut(key) {
                    list.retain(|container| pod::text(container, "image").is_some());
                }
            }
        }
    }
}

/// Whether an object of another kind starts pods: operators' kinds have the template at the usual path.
fn holds_template(object: &Value) -> bool {
    let spec = TEMPLATE.iter().chain(&["spec"]).try_fold(object, |it, key| it.get(*key));
    spec.and_then(|spec| spec.get("containers")).is_some_and(Value::is_sequence)
}

impl Workload {
    fn read(
        object: &Value,
        group: &'static str,
        kind: &'static str,
        path: &'static [&'static str],
        version: &str,
    ) -> Result<Self, Diagnostic> {
        let metadata =
            |of: &Value, key: &str| of.get("metadata").and_then(|it| it.get(key)).cloned();
        let text = |key: &str| metadata(object, key).and_then(|it| it.as_str().map(str::to_owned));
        let name =
            text("name").filter(|name| !name.is_empty()).ok_or_else(|| missing_name(kind))?;
        let pod = path.iter().try_fold(object, |it, key| it.get(*key)).unwrap_or(&Value::Null);
        let role = |of: &Value| Some(metadata(of, "annotations")?.get(ROLE)?.as_str()?.to_owned());
        let spec = pod.get("spec").unwrap_or(&Value::Null);
        let form = |what: String| {
            let object = quote::word(&format!("{kind}/{name}")).to_string();
            let cause = format!("{object} is not valid: {what}");
            Diagnostic::statement(cause).advise("correct it there")
        };
        let namespace = text("namespace").filter(|namespace| !namespace.is_empty());
        pod::check_name(&name).map_err(form)?;
        namespace.iter().try_for_each(|namespace| pod::check_name(namespace)).map_err(form)?;
        let volumes = pod::list(spec, "volumes").map_err(form)?.to_vec();
        let containers = pod::read_containers(spec, &volumes).map_err(form)?;
        Ok(Self {
            group,
            version: version.to_owned(),
            kind,
            path,
            namespace,
            containers,
            volumes,
            role: role(pod).or_else(|| role(object)),
            name,
        })
    }
}

fn invalid_yaml(cause: impl Display) -> Diagnostic {
    let cause = format!("it is not YAML: {cause}");
    Diagnostic::statement(cause).advise("pass manifests that kubectl accepts")
}

fn missing_name(kind: &str) -> Diagnostic {
    let cause = format!("a {kind} in it has no name");
    Diagnostic::statement(cause).advise("name it, so that it can be patched")
}
