//! A finding of trust-doctor or `trust-compose doctor`. `report` prints them.

pub(crate) mod chain;
pub(crate) mod report;
pub(crate) mod save_chain;
pub(crate) mod service_fix;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::sys::diagnostic::Diagnostic;
use crate::sys::exit_code;
use crate::sys::finding::chain::Link;
use crate::sys::finding::service_fix::{ServiceCommand, ServiceFix};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// A remark: nothing has to be done, but something can be.
    Info,
    /// It works, but not as expected, or not for long.
    Warning,
    /// It does not work.
    Error,
}

/// One line of the report, with its fix. The names of the JSON fields are those of `format` 1.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// The kind of finding, one of docs/doctor.md: for programs, and to search for.
    pub id: Cow<'static, str>,
    /// How much it matters.
    #[serde(rename = "sign")]
    pub severity: Severity,
    /// The service that it is about; none for the project's files, and from trust-doctor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The file, variable or server that it is about.
    #[serde(rename = "thing")]
    pub subject: String,
    /// What is the case, and why.
    pub cause: String,
    /// The fix: a command or an imperative sentence per line.
    #[serde(default)]
    pub fix: Option<String>,
    /// The same as data, where the host can name the command better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_fix: Option<ServiceFix>,
    /// Of a server: the certificates that it sent, its own first, and the anchor that they end in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<Link>,
}

impl Finding {
    /// A finding without a fix.
    pub fn new(
        id: &'static str,
        severity: Severity,
        subject: &(impl ToString + ?Sized),
        cause: impl Into<String>,
    ) -> Self {
        Self {
            id: id.into(),
            severity,
            service: None,
            subject: subject.to_string(),
            cause: cause.into(),
            fix: None,
            service_fix: None,
            chain: Vec::new(),
        }
    }

    /// Something that is as it should be.
    pub fn ok(
        id: &'static str,
        subject: &(impl ToString + ?Sized),
        cause: impl Into<String>,
    ) -> Self {
        Self::new(id, Severity::Ok, subject, cause)
    }

    /// A remark.
    pub fn info(
        id: &'static str,
        subject: &(impl ToString + ?Sized),
        cause: impl Into<String>,
    ) -> Self {
        Self::new(id, Severity::Info, subject, cause)
    }

    /// Something that works, but not as expected, or not for long.
    pub fn warning(
        id: &'static str,
        subject: &(impl ToString + ?Sized),
        cause: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::new(id, Severity::Warning, subject, cause).with_fix(fix)
    }

    /// Something that does not work.
    pub fn error(
        id: &'static str,
        subject: &(impl ToString + ?Sized),
        cause: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self::new(id, Severity::Error, subject, cause).with_fix(fix)
    }

    /// The failure of another command as a finding, about `otherwise` where it has no subject of its own. Its
    /// origin is left out: the user did not pass that option to this command.
    pub fn failed(id: &'static str, diagnostic: &Diagnostic, otherwise: &str) -> Self {
        let Diagnostic { subject, cause, .. } = diagnostic;
        let finding = if subject.is_empty() || cause.is_empty() {
            Self::new(id, Severity::Error, otherwise, diagnostic.to_string())
        } else {
            Self::new(id, Severity::Error, subject, cause.as_str())
        };
        let fix = diagnostic.fix();
        Self { fix: (!fix.is_empty()).then_some(fix), ..finding }
    }

    /// The same, with its fix, or with what can be done as well.
    #[must_use]
    pub fn with_fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }

    /// The same, with a command about the inspected service as its fix.
    #[must_use]
    pub fn with_service_fix(self, advice: Option<&str>, command: ServiceCommand) -> Self {
        let fix = ServiceFix { advice: advice.map(str::to_owned), command };
        let text = fix.sentence();
        Self { service_fix: Some(fix), ..self.with_fix(text) }
    }

    /// The same, with the certificates that it is about.
    #[must_use]
    pub fn with_chain(self, chain: Vec<Link>) -> Self {
        Self { chain, ..self }
    }
}

/// What `--json` prints. Fields are added, never renamed or removed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer<'a> {
    /// The version of the format: 1.
    pub format: u8,
    /// All findings, in order.
    pub findings: Cow<'a, [Finding]>,
}

/// The exit code of a report; `is_strict`: warnings count as errors.
pub(crate) fn code(findings: &[Finding], is_strict: bool) -> u8 {
    let limit = if is_strict { Severity::Warning } else { Severity::Error };
    let worst = findings.iter().map(|finding| finding.severity).max();
    if worst >= Some(limit) { exit_code::TROUBLE } else { 0 }
}
