//! Parses a pod's containers into the types of `compose::project`, so that the same rules select them.

use std::collections::BTreeMap;

use serde_yaml::Value;

use crate::compose::kustomize::names::is_our_name;
use crate::compose::layout::DIRECTORY;
use crate::compose::project::parse::field::scalar;
use crate::compose::project::{Mount, MountKind, Service, Setting};
use crate::sys::quote;
use crate::trust::source::CUSTOM_CA;

/// A container of a pod.
#[derive(Clone, Debug)]
pub(crate) struct PodContainer {
    /// The container's name.
    pub name: String,
    /// The key of its list, from [`CONTAINER_LISTS`].
    pub list: &'static str,
    /// Whether it contains the mount of an earlier component.
    pub is_patched: bool,
    /// The settings that decide about trust.
    pub service: Service,
    /// The complete manifest of the container.
    pub raw: Value,
}

impl PodContainer {
    /// Whether both are the same container of a pod.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (self.list, &self.name) == (other.list, &other.name)
    }
}

/// The keys of a pod's container lists, in the order in which they start.
pub(crate) const CONTAINER_LISTS: [&str; 2] = ["initContainers", "containers"];

/// Checks that Kubernetes allows `name`, which then needs no escaping in a regular expression, a path or a
/// terminal (<https://kubernetes.io/docs/concepts/overview/working-with-objects/names/>).
///
/// # Errors
/// When the name is invalid.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let is_letter = |it: u8| matches!(it, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
    if !name.is_empty() && name.len() <= 253 && name.bytes().all(is_letter) {
        return Ok(());
    }
    Err(format!("{} is not a name", quote::word(name)))
}

/// Returns the elements of the list `key`; empty without that key.
///
/// # Errors
/// When the value is not a list.
pub(crate) fn list<'a>(of: &'a Value, key: &str) -> Result<&'a [Value], String> {
    match of.get(key) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Sequence(elements)) => Ok(elements),
        Some(_) => Err(format!("`{key}` is not a list")),
    }
}

/// Parses the containers of a pod `spec` with these `volumes`.
///
/// # Errors
/// When a container has an invalid form.
pub(crate) fn read_containers(
    spec: &Value,
    volumes: &[Value],
) -> Result<Vec<PodContainer>, String> {
    let mut all = Vec::new();
    for list_name in CONTAINER_LISTS {
        for raw in list(spec, list_name)? {
            all.push(read_container(raw, list_name, volumes)?);
        }
    }
    Ok(all)
}

fn read_container(
    raw: &Value,
    list_name: &'static str,
    volumes: &[Value],
) -> Result<PodContainer, String> {
    let name = text(raw, "name").ok_or("a container has no name")?;
    check_name(&name)?;
    let words = |key: &str| -> Result<Option<Vec<String>>, String> {
        let words: Vec<_> = list(raw, key)?.iter().filter_map(scalar).collect();
        Ok((!words.is_empty()).then_some(words))
    };
    let mut environment = BTreeMap::new();
    for entry in list(raw, "env")? {
        let variable = text(entry, "name").ok_or("a variable has no name")?;
        let setting = if entry.get("valueFrom").is_some_and(|from| !from.is_null()) {
            Setting::Unknown
        } else {
            read_setting(&text(entry, "value").unwrap_or_default())
        };
        environment.insert(variable, setting);
    }
    // A mount without a volume comes from an earlier component's patch: the user has removed the mount.
    let has_volume = |mount: &&Value| text(mount, "name").is_some();
    let mounts = list(raw, "volumeMounts")?.iter().filter(|it| !is_ours(it)).filter(has_volume);
    let mounts: Vec<_> = mounts.map(|mount| self::read_mount(mount, volumes)).collect();
    let user = raw.get("securityContext").and_then(|it| scalar(it.get("runAsUser")?));
    let service = Service {
        image: text(raw, "image"),
        entrypoint: words("command")?,
        command: words("args")?,
        environment,
        has_unread_environment: !list(raw, "envFrom")?.is_empty(),
        mounts,
        user,
        ..Service::default()
    };
    let is_patched = list(raw, "volumeMounts")?.iter().any(is_ours);
    Ok(PodContainer { name, list: list_name, is_patched, service, raw: raw.clone() })
}

/// Parses the value of a variable. Kubernetes replaces `$(NAME)` by other variables, and `$$` by `$`
/// (<https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/>).
fn read_setting(value: &str) -> Setting {
    if value.contains("$(") || value.contains("$$") {
        Setting::Unknown
    } else {
        Setting::Value(value.to_owned())
    }
}

/// Whether a component added this mount.
pub(crate) fn is_ours(mount: &Value) -> bool {
    let is_named = text(mount, "name").is_some_and(|name| is_our_name(&name));
    is_named && text(mount, "mountPath").is_some_and(|path| MOUNT_PATHS.contains(&path.as_str()))
}

/// The paths at which a component mounts files.
const MOUNT_PATHS: [&str; 2] = [DIRECTORY, CUSTOM_CA];

fn read_mount(mount: &Value, volumes: &[Value]) -> Mount {
    let volume = text(mount, "name");
    let is_it = |found: &&Value| text(found, "name") == volume;
    let source = volumes.iter().find(is_it);
    let has = |kind: &str| source.is_some_and(|source| source.get(kind).is_some());
    let kind = if has("emptyDir") {
        MountKind::Tmpfs
    } else if ["configMap", "secret", "projected", "downwardAPI"].into_iter().any(has) {
        MountKind::File(None)
    } else if has("persistentVolumeClaim") {
        MountKind::Volume(volume)
    } else {
        // A path of the node, or a claim from the workload's template.
        MountKind::Unknown
    };
    let target = text(mount, "mountPath").unwrap_or_default();
    let target = if target.len() > 1 { target.trim_end_matches('/') } else { &target };
    let read_only = mount.get("readOnly").and_then(Value::as_bool).unwrap_or_default();
    Mount { kind, target: target.to_owned(), read_only }
}

/// Returns the text of `key`.
pub(crate) fn text(of: &Value, key: &str) -> Option<String> {
    scalar(of.get(key)?)
}
