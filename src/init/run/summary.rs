//! The info lines of a run.

use std::path::Path;

use crate::init::cli::Task;
use crate::init::mounts;
use crate::init::run::inputs::PublishInputs;
use crate::sys::output;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::root_stores::RootSource;
use crate::trust::source::{Label, Named, Origin};

/// Returns the line about one custom CA. It says if the CA comes from the image, because the image's owner
/// may not expect trust-init to find it.
pub(crate) fn custom_ca(certificate: &Certificate) -> String {
    let location = match &certificate.label {
        Label::Path(Named { path, origin: Origin::Default }) if !mounts::is_mounted(path) => {
            format!("{}, from the image", quote::path(path))
        }
        Label::Path(Named { path, origin: Origin::Default }) => quote::path(path).to_string(),
        label => label.to_string(),
    };
    format!(
        "trusting {} until {} (SHA-256 {}) in {location}",
        quote::word(&certificate.subject),
        certificate.not_after,
        certificate.fingerprint(),
    )
}

/// Returns the last line: the contents and the path of the bundle, and the program that is started.
pub(crate) fn total(inputs: &PublishInputs<'_>, bundle: Option<&Path>, task: &Task) -> String {
    let custom = output::count(inputs.custom.len(), "custom CA");
    let roots = output::count(inputs.anchors.certificates.len(), "root");
    let roots = match inputs.source {
        RootSource::File { path, .. } | RootSource::Directory { path, .. } => {
            format!("{roots} of {}", quote::path(path))
        }
        RootSource::Mozilla(_) => format!("{roots} of Mozilla's"),
        RootSource::Unwanted | RootSource::Nowhere => "no roots".to_owned(),
    };
    let duplicates = match inputs.bundle.duplicates {
        0 => String::new(),
        duplicates => format!(" ({} left out)", output::count(duplicates, "duplicate")),
    };
    let bundle = match bundle {
        Some(path) => format!("in {}", quote::path(path)),
        None => "in a separate file for each pinned variable".to_owned(),
    };
    let verb = if matches!(task, Task::Run(_)) { "starting" } else { "would start" };
    let program = task.program().and_then(<[_]>::first).map(quote::word);
    let next = program.map(|program| format!("; {verb} {program} as pid {}", std::process::id()));
    format!("{custom} and {roots}{duplicates} {bundle}{}", next.unwrap_or_default())
}
