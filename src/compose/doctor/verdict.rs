//! The verdict after `setup --up`: what `doctor` finds, in three lines.

use std::fmt::Write as _;

use crate::compose::cli::Doctor;
use crate::compose::cli::setup::ProjectArgs;
use crate::compose::doctor::files::context::CheckContext;
use crate::compose::doctor::{doctor_command, files, inspect_containers};
use crate::compose::project::files::ProjectFiles;
use crate::sys::finding::{Finding, Severity};
use crate::sys::output;
use crate::sys::quote;
use crate::sys::styled::{Styled, Tone};
use crate::trust::time::Time;

/// Inspects the project and its containers, and returns how many checks passed, the worst finding, and the command
/// that prints all.
pub(crate) fn verdict(project: &ProjectArgs, project_files: &ProjectFiles) -> Styled {
    let options = Doctor::of_project(project.clone());
    let context =
        CheckContext { project_files, now: Time::now(), days: options.days, ca: &options.ca };
    let mut findings = files::check(&context);
    let stopped = inspect_containers(&options, project_files, &mut findings);
    let stopped = stopped.unwrap_or_else(Some).map(|error| error.to_string());
    let count =
        |severity: Severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings, passed) =
        (count(Severity::Error), count(Severity::Warning), count(Severity::Ok));
    let tone = match (errors, warnings, &stopped) {
        (0, 0, None) => Tone::Good,
        (0, ..) => Tone::Warning,
        _ => Tone::Bad,
    };
    let mut text = Styled::default();
    let passed = output::count(passed, "check");
    let (errors, warnings) = (output::count(errors, "error"), output::count(warnings, "warning"));
    text.push(tone, format!("doctor: {passed} passed, {errors}, {warnings}"));
    let _ = writeln!(text);
    let worst = findings.iter().max_by_key(|finding| finding.severity);
    let worst = worst.filter(|finding| finding.severity >= Severity::Warning);
    let worst = worst.map(|Finding { service, subject, cause, .. }| {
        let service = service.as_ref().map(|service| format!("{service}: ")).unwrap_or_default();
        format!("{service}{subject}: {cause}")
    });
    if let Some(line) = worst.or(stopped) {
        // It may be the text of a container.
        let _ = writeln!(text, "  {}", quote::visible(&line));
    }
    let _ = writeln!(text, "  details: {}", doctor_command(&options, project_files));
    text
}
