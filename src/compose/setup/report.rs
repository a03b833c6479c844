//! The output of `setup`: which services trust the CA and why, the files that were written, the next
//! commands.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::compose::images::{RootSets, RootsChoice, RootsOrigin};
use crate::compose::inputs::Inputs;
use crate::compose::output::{outcome, write_remark};
use crate::compose::select::Choice;
use crate::compose::setup::next_steps::NextCommands;
use crate::compose::setup::write::changes::Changes;
use crate::sys::output;
use crate::sys::styled::Styled;
use crate::trust::bundle::{self, Pem};
use crate::trust::root_stores;
use crate::trust::source;
use crate::trust::trust_anchors::{self, PublicRoots};

/// The result of a setup.
pub(crate) struct SetupReport<'a> {
    /// Every service.
    pub choices: &'a [Choice<'a>],
    /// The disabled services.
    pub disabled: &'a [String],
    /// The CAs.
    pub inputs: &'a Inputs,
    /// The lines that [`roots`] returned.
    pub roots: &'a [String],
    /// Remarks about Java and Chromium, each with its services.
    pub remarks: &'a BTreeMap<String, Vec<String>>,
    /// The changes of files.
    pub changes: &'a Changes,
    /// The differences from the overlay of the last setup.
    pub differences: &'a [String],
    /// Further steps for the user.
    pub advice: &'a [String],
    /// The next commands.
    pub next: &'a NextCommands,
}

impl SetupReport<'_> {
    /// Returns the text: the outcome, the changes, remarks, and the next commands.
    pub(crate) fn text(&self) -> Styled {
        let Self { choices, inputs, changes, .. } = self;
        // Without a CA, no service was selected.
        let mut text = if inputs.custom.is_empty() {
            Styled::default()
        } else {
            let services = ("service", *choices);
            outcome(inputs, services, changes.is_dry(), |reason| reason.to_string())
        };
        if !self.disabled.is_empty() {
            let verb = if changes.is_dry() { "would switch off" } else { "switched off" };
            let _ = writeln!(text, "{verb} {}", self.disabled.join(", "));
        }
        let _ = write!(text, "{changes}");
        let remarks = self.differences.iter().chain(self.roots);
        remarks.for_each(|line| write_remark(&mut text, line));
        for (line, services) in self.remarks {
            write_remark(&mut text, format_args!("{line}: {}", services.join(", ")));
        }
        let _ = writeln!(text, "\nnext:");
        for advice in self.advice {
            let _ = writeln!(text, "  # {advice}");
        }
        for command in self.next.commands().lines() {
            let _ = writeln!(text, "  {command}");
        }
        text
    }
}

/// Returns remarks: the number and origin of the public roots, each with its services.
pub(crate) fn roots(root_sets: &RootSets<'_>, public: &[PublicRoots<'_>]) -> Vec<String> {
    let mut origins: BTreeMap<(&RootsOrigin, usize, Option<usize>), Vec<&str>> = BTreeMap::new();
    for (service, (set, roots_origin)) in &root_sets.services {
        let roots = public.get(*set).map(|roots| roots.anchors.certificates.as_slice());
        let roots = roots.unwrap_or_default();
        let others = match roots_origin {
            RootsOrigin::Asked(RootsChoice::Host) => Some(count_not_mozillas(roots)),
            _ => None,
        };
        origins.entry((roots_origin, roots.len(), others)).or_default().push(service);
    }
    let line = |((roots_origin, count, others), services): (
        (&RootsOrigin, usize, Option<usize>),
        Vec<&str>,
    )| {
        let others = others.map_or(String::new(), |others| {
            let are = if others == 1 { "is" } else { "are" };
            format!(", {others} of which {are} not Mozilla's")
        });
        let count = output::count(count, "public root");
        format!("{count} {roots_origin}{others}: {}", services.join(", "))
    };
    origins.into_iter().map(line).collect()
}

/// Returns how many of `roots` Mozilla does not include.
fn count_not_mozillas(roots: &[Pem<'_>]) -> usize {
    // Mozilla's roots are embedded in this program.
    let Ok(source) = root_stores::find_roots(source::Roots::Mozilla) else { return roots.len() };
    let mozillas = trust_anchors::roots(&source).anchors.certificates;
    bundle::certificate_set(roots).difference(&bundle::certificate_set(&mozillas)).count()
}
