//! Renders kustomizations in a temporary directory that only its owner can read: the workloads with the
//! component, before it is written, and the user's kustomization without its patches. Other manifests, such
//! as secrets, are kept in memory only.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use serde_yaml::Value;

use crate::compose::docker::CommandError;
use crate::compose::kustomize::component::Component;
use crate::compose::kustomize::kustomization::Kustomization;
use crate::compose::kustomize::manifest::{self, Manifests, Workload};
use crate::compose::kustomize::names::KUSTOMIZATION;
use crate::compose::kustomize::render::run_kustomize;
use crate::compose::kustomize::write::io_failure;
use crate::compose::temporary::private_directory;
use crate::compose::yaml::mapping;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::Directory;
use crate::sys::dir::replace::NewFileMode;

/// The names of the workloads' file and the component's directory in it.
const MANIFESTS: &str = "manifests.yaml";
const COMPONENT: &str = "component";

/// A kustomization in a temporary directory.
struct TrialKustomization<'a> {
    kustomization: String,
    manifests: Option<String>,
    component: Option<&'a Component>,
    /// Additional options of kustomize.
    options: &'a [&'a str],
}

/// Renders `workloads` with `component`, in a directory below `temporary`; `None` if kustomize is not
/// installed.
///
/// # Errors
/// When kustomize refuses them, or the temporary directory cannot be used.
pub(crate) fn build_trial(
    workloads: &[Value],
    component: &Component,
    temporary: &Path,
) -> Result<Option<Manifests>, Diagnostic> {
    // JSON quotes all strings: in YAML, kustomize would parse `2001-01-01` as a time.
    let texts = workloads.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>();
    let manifests = texts.map_err(|error| refused(&CommandError::Failed(error.to_string())))?;
    let attempt = TrialKustomization {
        kustomization: format!("resources: [{MANIFESTS}]\ncomponents: [{COMPONENT}]\n"),
        manifests: Some(manifests.join("\n---\n")),
        component: Some(component),
        options: &[],
    };
    attempt.render(temporary)
}

/// Returns the workloads of a kustomization as its component sees them: without the component and without
/// later patches. Empty if these are the rendered workloads, or if the kustomization cannot be rendered
/// without patches: then the component is built for the rendered workloads.
pub(crate) fn unpatched(kustomization: &Kustomization, temporary: &Path) -> Vec<Workload> {
    let rendered = Some(kustomization).filter(|it| it.is_changed_later()).and_then(|it| {
        let attempt = TrialKustomization {
            kustomization: relocated_kustomization(it, temporary)?,
            manifests: None,
            component: None,
            // The user's files are not below the temporary directory.
            options: &["--load-restrictor", "LoadRestrictionsNone"],
        };
        attempt.render(temporary).ok()?
    });
    rendered.map(|manifests| manifests.workloads).unwrap_or_default()
}

/// Returns a kustomization with the resources and components of the user's, to be written below `temporary`.
/// kustomize accepts only relative paths of directories.
fn relocated_kustomization(kustomization: &Kustomization, temporary: &Path) -> Option<String> {
    let Kustomization { directory, resources, components, .. } = kustomization;
    let above = temporary.canonicalize().ok()?;
    // The first component is the root directory; its `..` leaves the temporary directory itself.
    let up: PathBuf = above.components().map(|_| "..").collect();
    let path = |name: &String| match directory.join(name).canonicalize() {
        Ok(path) => up.join(path.strip_prefix("/").unwrap_or(&path)).to_str().map(Value::from),
        // A remote resource.
        Err(_) => Some(name.as_str().into()),
    };
    let list = |names: &[String]| names.iter().map(path).collect::<Option<Vec<_>>>();
    let tree =
        mapping([("resources", list(resources)?.into()), ("components", list(components)?.into())]);
    serde_yaml::to_string(&tree).ok()
}

impl TrialKustomization<'_> {
    /// Renders it in a new directory below `temporary`, and removes that.
    fn render(&self, temporary: &Path) -> Result<Option<Manifests>, Diagnostic> {
        let failed = |error| io_failure("use", temporary)(error);
        let own = private_directory(temporary).map_err(failed)?;
        let rendered = self.write_files(own.path()).map_err(failed).and_then(|()| {
            let text = match run_kustomize(own.path(), self.options) {
                Ok(text) => text,
                Err(CommandError::NotInstalled) => return Ok(None),
                Err(failure) => return Err(refused(&failure)),
            };
            manifest::read(&text, "the rendered manifests with the component").map(Some)
        });
        let path = own.path().to_path_buf();
        own.close().map_err(io_failure("remove", &path))?;
        rendered
    }

    fn write_files(&self, own: &Path) -> io::Result<()> {
        let put = |directory: &Directory, name: &str, bytes: &[u8]| {
            directory.stage(OsStr::new(name), NewFileMode::Umask, bytes)?;
            directory.install_staged(OsStr::new(name), directory, OsStr::new(name))
        };
        let own = Directory::open(own)?;
        if let Some(manifests) = &self.manifests {
            put(&own, MANIFESTS, manifests.as_bytes())?;
        }
        put(&own, KUSTOMIZATION, self.kustomization.as_bytes())?;
        let Some(component) = self.component else { return Ok(()) };
        let below = own.create_private(OsStr::new(COMPONENT))?;
        put(&below, KUSTOMIZATION, component.text.as_bytes())?;
        component.files.iter().try_for_each(|(name, bytes)| put(&below, name, bytes))
    }
}

fn refused(failure: &CommandError) -> Diagnostic {
    Diagnostic::cannot("use", "these manifests with a component")
        .because(failure)
        .advise("pass manifests that kustomize accepts as `resources:`")
}
