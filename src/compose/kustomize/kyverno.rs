//! What Kyverno is told, for a whole cluster: one policy puts the ConfigMap into every namespace with a label, the
//! other the volume, the mount and the variables into the pods there, as they are created.
//!
//! They are two, as Kyverno takes no change of a policy that makes objects and does something else as well. Kyverno
//! sees pods and not what made them, so nothing is known of their images: every container of a pod gets them, and
//! what a pod sets itself stays.

use serde_yaml::{Mapping, Value};

use crate::compose::kustomize::component::{KEYS, NAME};
use crate::compose::kustomize::manifest::ROLE;
use crate::compose::kustomize::pod::LISTS;
use crate::compose::setup::overlay::{DIRECTORY, Given, mapping, mapping_of, text};
use crate::trust::bundle::Pem;

/// The file.
pub const FILE: &str = "kyverno.yaml";
/// The value of the label on a namespace where only pods with the label are meant.
pub const PODS: &str = "pods";

/// What the policies are called.
pub const NAMES: [&str; 2] = [NAME, "trust-init-certificates"];

/// Has Kyverno leave what makes pods as it was written
/// (<https://kyverno.io/docs/policy-types/cluster-policy/autogen/>).
const PODS_ONLY: (&str, &str) = ("pod-policies.kyverno.io/autogen-controllers", "none");

/// The policies, for namespaces and pods with `label`.
///
/// # Errors
/// When YAML cannot express them.
pub fn policies(
    header: &str,
    custom: &[Pem<'_>],
    bundle: &[Pem<'_>],
    given: &Given,
    label: &(String, String),
) -> Result<String, serde_yaml::Error> {
    // Without it, a namespace that has the label already would get nothing
    // (https://kyverno.io/docs/policy-types/cluster-policy/generate/).
    let certificates = mapping([
        ("background", false.into()),
        ("generateExisting", true.into()),
        ("rules", vec![certificates(custom, bundle, label)].into()),
    ]);
    let certificates = policy(mapping([("name", NAMES[1].into())]), certificates);
    let annotations = mapping([(PODS_ONLY.0, PODS_ONLY.1.into())]);
    let metadata = mapping([("name", NAMES[0].into()), ("annotations", annotations)]);
    let rules = vec![volume(label), containers(given, label)];
    let pods = policy(metadata, mapping([("background", false.into()), ("rules", rules.into())]));
    let texts = [serde_yaml::to_string(&certificates)?, serde_yaml::to_string(&pods)?];
    Ok(format!("{header}{}", texts.join("---\n")))
}

fn policy(metadata: Value, spec: Value) -> Value {
    mapping([
        ("apiVersion", "kyverno.io/v1".into()),
        ("kind", "ClusterPolicy".into()),
        ("metadata", metadata),
        ("spec", spec),
    ])
}

/// The rule that makes the ConfigMaps. It names no operations: a change of the policy is none, and would go to
/// no ConfigMap that stands.
fn certificates(custom: &[Pem<'_>], bundle: &[Pem<'_>], label: &(String, String)) -> Value {
    let content = |pems: &[Pem<'_>]| Value::from(String::from_utf8_lossy(&text(pems)).as_ref());
    let data = mapping([(KEYS[0], content(bundle)), (KEYS[1], content(custom))]);
    let map = mapping([
        ("synchronize", true.into()),
        ("apiVersion", "v1".into()),
        ("kind", "ConfigMap".into()),
        ("name", NAME.into()),
        ("namespace", "{{ request.object.metadata.name }}".into()),
        ("data", mapping([("data", data)])),
    ]);
    let namespaces = mapping([("kinds", list(&["Namespace"])), ("selector", served(label))]);
    mapping([
        ("name", "certificates".into()),
        ("match", any(vec![mapping([("resources", namespaces)])])),
        ("generate", map),
    ])
}

/// The rule that gives a pod the volume, where it has none of that name.
fn volume(label: &(String, String)) -> Value {
    let volume = mapping([("name", NAME.into()), ("configMap", mapping([("name", NAME.into())]))]);
    let spec = mapping([("volumes", vec![volume].into())]);
    let patch = mapping([("spec", spec)]);
    let mut rule = for_pods("volume", label);
    rule.insert("preconditions".into(), lacks(NAME, "request.object.spec.volumes[].name"));
    rule.insert("mutate".into(), mapping([("patchStrategicMerge", patch)]));
    rule.into()
}

/// The rule that gives every container the mount, and each variable that it does not set itself. By JSON patches:
/// a merge would change the order of containers where some have all of it
/// (<https://github.com/kyverno/kyverno/issues/12552>).
fn containers(given: &Given, label: &(String, String)) -> Value {
    let mut steps = Vec::new();
    for containers in LISTS {
        let mount = format!("{{name: {NAME}, mountPath: {DIRECTORY}, readOnly: true}}");
        let has_mount = lacks(DIRECTORY, "element.volumeMounts[].mountPath");
        steps.push(step(containers, "volumeMounts", has_mount, &mount));
        for (name, value) in &given.variables {
            let entry = format!("{{name: {name}, value: {value}}}");
            steps.push(step(containers, "env", lacks(name, "element.env[].name"), &entry));
        }
    }
    let mut rule = for_pods("containers", label);
    rule.insert("mutate".into(), mapping([("foreach", steps.into())]));
    rule.into()
}

/// Adds `value` to the list `key` of each of `containers`, where that is `wanted`
/// (<https://kyverno.io/docs/policy-types/cluster-policy/mutate/#foreach>).
fn step(containers: &str, key: &str, wanted: Value, value: &str) -> Value {
    let place = format!("/spec/{containers}/{{{{elementIndex}}}}/{key}/-");
    let patch = format!("- op: add\n  path: {place}\n  value: {value}\n");
    mapping([
        ("list", format!("request.object.spec.{containers} || `[]`").into()),
        ("preconditions", wanted),
        ("patchesJson6902", patch.into()),
    ])
}

/// That `name` is not among what `path` leads to.
fn lacks(name: &str, path: &str) -> Value {
    let condition = mapping([
        ("key", name.into()),
        ("operator", "AnyNotIn".into()),
        ("value", format!("{{{{ {path} || `[]` }}}}").into()),
    ]);
    mapping([("all", vec![condition].into())])
}

/// A rule for the pods that are meant, as they are created: all in a namespace with the label, or those with the
/// label in one that has the ConfigMap; and none that says it is to be left.
fn for_pods(name: &str, label: &(String, String)) -> Mapping {
    let pods = |more: Vec<(&str, Value)>| {
        let kinds = [("kinds", list(&["Pod"])), ("operations", list(&["CREATE"]))];
        let all = kinds.into_iter().chain(more).map(|(key, value)| (Value::from(key), value));
        mapping([("resources", all.collect::<Mapping>().into())])
    };
    let all = pods(vec![("namespaceSelector", with(label))]);
    let some = pods(vec![("selector", with(label)), ("namespaceSelector", served(label))]);
    let left = mapping([("annotations", mapping([(ROLE, "leave".into())]))]);
    mapping_of([
        ("name", name.into()),
        ("match", any(vec![all, some])),
        ("exclude", any(vec![mapping([("resources", left)])])),
    ])
}

/// What has the label.
fn with(label: &(String, String)) -> Value {
    mapping([("matchLabels", mapping([(label.0.as_str(), label.1.as_str().into())]))])
}

/// The namespaces that have the ConfigMap.
fn served(label: &(String, String)) -> Value {
    let among = mapping([
        ("key", label.0.as_str().into()),
        ("operator", "In".into()),
        ("values", list(&[&label.1, PODS])),
    ]);
    mapping([("matchExpressions", vec![among].into())])
}

fn any(of: Vec<Value>) -> Value {
    mapping([("any", of.into())])
}

fn list(words: &[&str]) -> Value {
    words.iter().map(|word| Value::from(*word)).collect::<Vec<_>>().into()
}
