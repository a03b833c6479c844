//! Warnings about files of CAs, and directories of generated files, that another user can replace: that user could
//! change what the services trust. They are used with the warning, because many projects are shared.

use std::path::{self, Path};

use crate::compose::inputs::Inputs;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::owners::Owners;
use crate::sys::quote;

const FIX: &str = "move it to a directory on whose path only root or you can write";

/// Returns a warning for each cause why another user can replace files of the CAs.
pub(crate) fn authorities(inputs: &Inputs, owners: Owners) -> Vec<Diagnostic> {
    let (mut causes, mut warnings) = (Vec::new(), Vec::new());
    for file in inputs.custom.iter().filter_map(|found| found.label.path()) {
        let Some((cause, warning)) = find(file, owners) else { continue };
        if !causes.contains(&cause) {
            causes.push(cause);
            warnings.push(warning);
        }
    }
    warnings
}

/// Returns the warning that another user can replace the directory `out`, or its files.
pub(crate) fn directory(out: &Path, owners: Owners) -> Option<Diagnostic> {
    find(out, owners).map(|(_, warning)| warning)
}

/// Returns the first cause on the way to `named`, and the warning.
fn find(named: &Path, owners: Owners) -> Option<(String, Diagnostic)> {
    let path = path::absolute(named).ok()?;
    let (at, why) = owners.replaceable_on_the_way(&path).into_iter().next()?;
    let place = if at == path {
        String::new()
    } else {
        format!("on the way to it is {}, ", quote::path(&at))
    };
    let shown = quote::path(named);
    let warning = Diagnostic::statement(format!(
        "another user can replace {shown}, and with it what the services trust: {place}{why}"
    ));
    Some((format!("{place}{why}"), warning.advise(FIX)))
}
