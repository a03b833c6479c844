//! One policy of Kyverno for a whole cluster: it puts the ConfigMap into every namespace with a label, and the
//! volume, the mount and the variables into the pods there, as they are created.
//!
//! Kyverno sees pods and not what made them, so nothing is known of their images: every container of a pod gets
//! them, and what a pod sets itself stays.

use serde_yaml::{Mapping, Value};

use super::component::{KEYS, NAME};
use super::pod::LISTS;
use crate::compose::overlay::{DIRECTORY, Given, mapping, mapping_of, text};
use crate::merge::Pem;

/// The file.
pub const FILE: &str = "kyverno.yaml";
/// The value of the label on a namespace where only pods with the label are meant.
pub const PODS: &str = "pods";

/// The policy, for namespaces and pods with `label`.
///
/// # Errors
/// When YAML cannot express it.
pub fn policy(
    header: &str,
    custom: &[Pem<'_>],
    bundle: &[Pem<'_>],
    given: &Given,
    label: &(String, String),
) -> Result<String, serde_yaml::Error> {
    let content = |pems: &[Pem<'_>]| Value::from(String::from_utf8_lossy(&text(pems)).as_ref());
    let data = mapping([(KEYS[0], content(bundle)), (KEYS[1], content(custom))]);
    // https://kyverno.io/docs/policy-types/cluster-policy/generate/
    let map = mapping([
        ("synchronize", true.into()),
        ("apiVersion", "v1".into()),
        ("kind", "ConfigMap".into()),
        ("name", NAME.into()),
        ("namespace", "{{ request.object.metadata.name }}".into()),
        ("data", mapping([("data", data)])),
    ]);
    let values = vec![Value::from(label.1.as_str()), PODS.into()];
    let among = mapping([
        ("key", label.0.as_str().into()),
        ("operator", "In".into()),
        ("values", values.into()),
    ]);
    let labelled = mapping([("matchExpressions", vec![among].into())]);
    let generate = mapping([
        ("name", "certificates".into()),
        ("match", matching(vec![resources("Namespace", [("selector", labelled)])])),
        ("generate", map),
    ]);
    let with_label = || {
        let pair: Mapping =
            [(Value::from(label.0.as_str()), label.1.as_str().into())].into_iter().collect();
        mapping([("matchLabels", pair.into())])
    };
    let pods = vec![
        resources("Pod", [("namespaceSelector", with_label())]),
        resources("Pod", [("selector", with_label())]),
    ];
    let volume = mapping([("name", NAME.into()), ("configMap", mapping([("name", NAME.into())]))]);
    let spec = mapping([("volumes", vec![volume].into())]);
    let volume = mapping([
        ("name", "volume".into()),
        ("match", matching(pods.clone())),
        ("mutate", mapping([("patchStrategicMerge", mapping([("spec", spec)]))])),
    ]);
    let containers = mapping([
        ("name", "containers".into()),
        ("match", matching(pods)),
        ("mutate", mapping([("foreach", steps(given).into())])),
    ]);
    let rules = vec![generate, volume, containers];
    let policy = mapping_of([
        ("apiVersion", "kyverno.io/v1".into()),
        ("kind", "ClusterPolicy".into()),
        ("metadata", mapping([("name", NAME.into())])),
        // Only pods: what makes them stays as it was written.
        ("spec", mapping([("background", false.into()), ("rules", rules.into())])),
    ]);
    Ok(header.to_owned() + &serde_yaml::to_string(&policy)?)
}

fn matching(any: Vec<Value>) -> Value {
    mapping([("any", any.into())])
}

fn resources<const N: usize>(kind: &str, more: [(&str, Value); N]) -> Value {
    let mut resources = mapping_of([("kinds", vec![Value::from(kind)].into())]);
    // A pod is given its volumes once, when it is created.
    resources.insert("operations".into(), operations(kind));
    resources.extend(mapping_of(more));
    mapping([("resources", resources.into())])
}

fn operations(kind: &str) -> Value {
    let all: &[&str] = if kind == "Pod" { &["CREATE"] } else { &["CREATE", "UPDATE"] };
    all.iter().map(|it| Value::from(*it)).collect::<Vec<_>>().into()
}

/// One step for the mount, and one for each variable that a container does not set itself
/// (<https://kyverno.io/docs/policy-types/cluster-policy/mutate/#foreach>).
fn steps(given: &Given) -> Vec<Value> {
    let mut steps = Vec::new();
    for list in LISTS {
        let each = |stanza: (&str, Value), unless: Option<&str>| {
            let path = format!("request.object.spec.{list} || `[]`");
            let container = mapping([("(name)", "{{ element.name }}".into()), stanza]);
            let spec = mapping([("spec", mapping([(list, vec![container].into())]))]);
            let mut step = mapping_of([("list", path.into())]);
            if let Some(variable) = unless {
                let none = mapping([
                    ("key", variable.into()),
                    ("operator", "AnyNotIn".into()),
                    ("value", "{{ element.env[].name || `[]` }}".into()),
                ]);
                let all = mapping([("all", vec![none].into())]);
                step.insert("preconditions".into(), all);
            }
            step.insert("patchStrategicMerge".into(), spec);
            Value::from(step)
        };
        let mount = mapping([
            ("name", NAME.into()),
            ("mountPath", DIRECTORY.into()),
            ("readOnly", true.into()),
        ]);
        steps.push(each(("volumeMounts", vec![mount].into()), None));
        for (name, value) in &given.variables {
            let entry = mapping([("name", (*name).into()), ("value", value.as_str().into())]);
            steps.push(each(("env", vec![entry].into()), Some(name)));
        }
    }
    steps
}
