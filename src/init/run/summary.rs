//! The events of a run.

use std::path::Path;

use crate::init::cli::Task;
use crate::init::run::inputs::PublishInputs;
use crate::sys::log_record::Event;
use crate::sys::output;
use crate::sys::quote;
use crate::trust::root_stores::RootSource;

/// Returns the last event: the contents and the path of the bundle, and the program that is started.
pub(crate) fn total(inputs: &PublishInputs<'_>, bundle: Option<&Path>, task: &Task) -> Event {
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
    let next = next.unwrap_or_default();
    Event::new("trust-prepared", format!("{custom} and {roots}{duplicates} {bundle}{next}"))
}
