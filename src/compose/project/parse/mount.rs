//! Parses the mounts of a service: `volumes`, `tmpfs`, `secrets` and `configs`, in the long and in the short
//! form (<https://docs.docker.com/reference/compose-file/services/#volumes>).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};

use crate::compose::project::error::ProjectError;
use crate::compose::project::interpolate::{self, Interpolation};
use crate::compose::project::parse::field::{Field, IfUnknown, scalar, untagged};
use crate::compose::project::paths::{clean_path, resolve_from};
use crate::compose::project::{Mount, MountKind, Reading};

/// The key of secrets, and their default directory
/// (docs.docker.com/reference/compose-file/services/#secrets).
const SECRETS: (&str, &str) = ("secrets", "/run/secrets");

/// The same of configs (docs.docker.com/reference/compose-file/services/#configs).
const CONFIGS: (&str, &str) = ("configs", "/");

/// First characters of a bind mount's source in the short form.
const PATH: [char; 3] = ['.', '/', '~'];

/// The parts of a mount, as written.
struct MountSpec {
    kind: Option<String>,
    source: Option<String>,
    target: String,
    read_only: bool,
}

/// The `file:` of each secret and config of the project, by its section and name.
pub(crate) type SharedFiles = BTreeMap<(&'static str, String), PathBuf>;

/// Returns the files of `secrets:` and `configs:` in the whole project; those whose path depends on a variable
/// without a value are missing.
pub(crate) fn shared_files(tree: &Mapping, reading: Reading, base: &Path) -> SharedFiles {
    let mut files = SharedFiles::new();
    for section in [SECRETS.0, CONFIGS.0] {
        let entries = tree.get(section).and_then(|value| untagged(value).as_mapping());
        for (name, entry) in entries.into_iter().flatten() {
            let file = untagged(entry).as_mapping().and_then(|entry| scalar(entry.get("file")?));
            let file = file.and_then(|file| match reading {
                Reading::Complete => Some(file.replace("$$", "$")),
                _ => match interpolate::read(&file) {
                    Interpolation::Known(file) => Some(file),
                    _ => None,
                },
            });
            let path = file.and_then(|file| resolve_from(base, &file));
            if let (Some(name), Some(path)) = (scalar(name), path) {
                files.insert((section, name), path);
            }
        }
    }
    files
}

/// Returns the mounts of the service whose keys `field` returns. Relative sources begin at `base`; `files` are
/// those of [`shared_files`].
///
/// # Errors
/// When a mount has an invalid form, or, without Compose, a variable without a value decides its path.
pub(crate) fn mounts<'a>(
    field: impl Fn(&'static str) -> Field<'a>,
    base: &Path,
    files: &SharedFiles,
) -> Result<Vec<Mount>, ProjectError> {
    let mut mounts = Vec::new();
    for volume in field("volumes").list()? {
        mounts.push(mount(&volume, base)?);
    }
    for tmpfs in field("tmpfs").texts(IfUnknown::RefuseOrRaw)? {
        let target = clean_target(tmpfs.split(':').next().unwrap_or_default());
        let mount = Mount { kind: MountKind::Tmpfs, target, read_only: false };
        if !mounts.contains(&mount) {
            mounts.push(mount);
        }
    }
    for (key, directory) in [SECRETS, CONFIGS] {
        for file in field(key).list()? {
            let part = |key| file.value.as_mapping().and_then(|long| long.get(key));
            let (source, name) = match file.value {
                Value::Mapping(_) => (part("source"), part("target").or_else(|| part("source"))),
                _ => (Some(file.value), Some(file.value)),
            };
            let source = source.and_then(scalar).and_then(|name| files.get(&(key, name)).cloned());
            let name = name.map_or(Ok(None), |name| file.part(name).text(IfUnknown::Refuse))?;
            let target = name.map(|name| Path::new(directory).join(name));
            let target = target.map(|path| clean_target(&path.to_string_lossy()));
            let target = target.unwrap_or_default();
            let mount = Mount { kind: MountKind::File(source), target, read_only: true };
            if !mounts.contains(&mount) {
                mounts.push(mount);
            }
        }
    }
    Ok(mounts)
}

/// Returns the target of an element of `volumes`, as written.
pub(crate) fn written_target(value: &Value) -> Option<String> {
    mount_spec(value).map(|spec| spec.target)
}

/// Converts an element of `volumes` from the short to the long form, with a normalized target.
pub(crate) fn to_long_form(value: Value) -> Value {
    let Some(text) = scalar(&value) else { return value };
    let spec = parse_short_form(&text);
    let mut long = Mapping::new();
    let entries = [("type", spec.kind), ("source", spec.source)];
    for (key, text) in entries.into_iter().filter_map(|(key, text)| Some((key, text?))) {
        long.insert(key.into(), text.into());
    }
    long.insert("target".into(), clean_target(&spec.target).into());
    long.insert("read_only".into(), spec.read_only.into());
    Value::Mapping(long)
}

fn mount(volume: &Field<'_>, base: &Path) -> Result<Mount, ProjectError> {
    let Some(spec) = mount_spec(volume.value) else { return Err(volume.form_error("a mount")) };
    let known = |text: &String| volume.resolve(text, IfUnknown::Refuse);
    let source = spec.source.as_ref().map_or(Ok(None), known)?;
    // `config --no-interpolate` splits `${NAME:-/a}:/b` at the first colon, so the target is meaningless.
    let is_cut = spec.source.as_ref().is_some_and(|source| volume.is_malformed(source));
    let target = known(&spec.target)?.filter(|_| !is_cut);
    let bind = |source: Option<String>| {
        source
            .and_then(|source| resolve_from(base, &source))
            .map_or(MountKind::Unknown, MountKind::Bind)
    };
    let kind = match spec.kind.as_deref() {
        _ if spec.source.is_some() && source.is_none() => MountKind::Unknown,
        Some("bind") => bind(source),
        // A variable hid the path from Compose: no volume name begins like this.
        Some("volume") if source.as_ref().is_some_and(|source| source.starts_with(PATH)) => {
            bind(source)
        }
        Some("volume") => MountKind::Volume(source),
        Some("tmpfs") => MountKind::Tmpfs,
        _ => MountKind::Unknown,
    };
    let target = target.as_deref().map(clean_target).unwrap_or_default();
    Ok(Mount { kind, target, read_only: spec.read_only })
}

fn mount_spec(value: &Value) -> Option<MountSpec> {
    let Value::Mapping(long) = value else { return Some(parse_short_form(&scalar(value)?)) };
    let part = |key| long.get(key).and_then(scalar);
    Some(MountSpec {
        kind: part("type"),
        source: part("source"),
        target: part("target").unwrap_or_default(),
        read_only: part("read_only").is_some_and(|truth| truth.eq_ignore_ascii_case("true")),
    })
}

/// Parses `[SOURCE:]TARGET[:OPTIONS]`. A colon within `${…}`, or after a single letter (a Windows drive), is
/// not a separator.
fn parse_short_form(text: &str) -> MountSpec {
    let is_drive = |part: &str| part.len() == 1 && part.starts_with(|c: char| c.is_alphabetic());
    let (mut parts, mut depth) = (vec![String::new()], 0_usize);
    for letter in text.chars() {
        let Some(part) = parts.last_mut() else { continue };
        match letter {
            ':' if depth == 0 && !is_drive(part) => {
                parts.push(String::new());
                continue;
            }
            '{' if part.ends_with('$') => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        part.push(letter);
    }
    let mut parts = parts.into_iter();
    let first = parts.next().unwrap_or_default();
    let Some(target) = parts.next() else {
        let kind = Some("volume".to_owned());
        return MountSpec { kind, source: None, target: first, read_only: false };
    };
    let kind = match first.get(1..2) {
        _ if first.starts_with(PATH) => "bind",
        Some(":") => "drive",
        _ => "volume",
    };
    let read_only = parts.any(|options| options.split(',').any(|option| option == "ro"));
    MountSpec { kind: Some(kind.to_owned()), source: Some(first), target, read_only }
}

fn clean_target(target: &str) -> String {
    clean_path(Path::new(target)).to_string_lossy().into_owned()
}
