//! The report of all findings: JSON for programs, text for people. In the text, one cause is one finding: what
//! several services have in common is printed once, below their names.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::fmt::Write as _;
use std::io;

use crate::sys::finding::chain;
use crate::sys::finding::{Answer, Finding, Severity};
use crate::sys::output::{self, Report};
use crate::sys::quote;
use crate::sys::styled::{Styled, Tone};

/// Prints all findings, in order.
///
/// # Errors
/// When stdout cannot be written to; the error is printed.
pub(crate) fn print(report: Report, findings: &[Finding], is_json: bool) -> io::Result<()> {
    if is_json {
        report.answer(&output::json(&Answer { format: 1, findings: findings.into() }))
    } else {
        report.result(&text(findings))
    }
}

/// Findings of one cause.
struct Group<'a> {
    /// Their services; empty where they are about no service.
    services: Vec<&'a str>,
    /// What they are about, without repetitions.
    subjects: Vec<&'a str>,
    /// The fix, with [`SERVICE`] in place of the service's name.
    fix: Option<Cow<'a, str>>,
    /// The first of them.
    finding: &'a Finding,
}

/// Placeholder for the names of the services in a command. No name contains it.
const SERVICE: &str = "\0";

/// How commands begin that take several services.
const OF_SERVICES: [&str; 2] = ["docker compose ", "trust-compose doctor "];

fn text(findings: &[Finding]) -> Styled {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for finding in findings {
        let new = Group::of(finding);
        match groups.iter_mut().find(|group| group.has_cause_of(&new)) {
            Some(group) => group.extend(new),
            None => groups.push(new),
        }
    }
    // The sort is stable: apart from that, the findings keep their order.
    groups.sort_by_key(|group| (!group.services.is_empty(), Reverse(group.services.len())));
    let mut text = Styled::default();
    let mut written: Vec<&[&str]> = vec![&[]];
    for group in &groups {
        if !written.contains(&group.services.as_slice()) {
            written.push(&group.services);
            let _ = writeln!(text, "\n{}", quote::visible(&group.services.join(", ")));
            for member in groups.iter().filter(|member| member.services == group.services) {
                member.write(&mut text);
            }
        } else if group.services.is_empty() {
            group.write(&mut text);
        }
    }
    text
}

impl<'a> Group<'a> {
    fn of(finding: &'a Finding) -> Self {
        let service = finding.service.as_deref();
        let fix = finding.fix.as_deref().map(|fix| match service {
            Some(service) => Cow::Owned(without_name(fix, &quote::shell(service))),
            None => Cow::Borrowed(fix),
        });
        let subjects = vec![finding.subject.as_str()];
        Self { services: service.into_iter().collect(), subjects, fix, finding }
    }

    /// Whether `other`, about another service, is the same finding. Its subject may be the service's container.
    fn has_cause_of(&self, other: &Self) -> bool {
        let (one, two) = (self.finding, other.finding);
        let (Some(service), Some(first)) = (&two.service, &one.service) else { return false };
        let is_own = one.subject.contains(first) && two.subject.contains(service);
        let is_same = one.subject == two.subject;
        !self.services.contains(&service.as_str())
            && (is_same || is_own)
            && one.id == two.id
            && one.severity == two.severity
            && one.cause == two.cause
            && self.fix == other.fix
    }

    fn extend(&mut self, other: Self) {
        self.services.extend(other.services);
        for subject in other.subjects {
            if !self.subjects.contains(&subject) {
                self.subjects.push(subject);
            }
        }
    }

    fn write(&self, text: &mut Styled) {
        let Finding { severity, cause, chain, .. } = self.finding;
        let (word, tone) = match severity {
            Severity::Ok => ("ok", Tone::Good),
            Severity::Info => ("info", Tone::Remark),
            Severity::Warning => ("warning", Tone::Warning),
            Severity::Error => ("error", Tone::Bad),
        };
        text.push(tone, format!("{word:<8}"));
        // Both may contain what a container answered, or an image's label.
        let subjects = quote::visible(&self.subjects.join(", "));
        let _ = writeln!(text, "{subjects}: {}", quote::visible(cause));
        // The finding names the server's own certificate, and the rest of the chain only this line does.
        let sent = chain.iter().filter(|link| link.sent).count();
        if !chain.is_empty() && (*severity > Severity::Info || sent > 1) {
            let _ = writeln!(text, "        chain: {}", quote::visible(&chain::line(chain)));
        }
        let label = if *severity > Severity::Info { "fix" } else { "hint" };
        let names: Vec<_> = self.services.iter().map(quote::shell).collect();
        let fix = self.fix.as_deref().map(|fix| fix.replace(SERVICE, &names.join(" ")));
        for line in fix.iter().flat_map(|fix| fix.lines()) {
            let _ = writeln!(text, "        {label}: {}", quote::visible(line));
        }
    }
}

/// `fix` with [`SERVICE`] in place of `service` in commands that take several.
fn without_name(fix: &str, service: &str) -> String {
    let lines = fix.lines().map(|line| {
        if !OF_SERVICES.iter().any(|command| line.starts_with(command)) {
            return line.to_owned();
        }
        let words = line.split(' ').map(|word| if word == service { SERVICE } else { word });
        words.collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}
