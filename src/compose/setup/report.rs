//! What `setup` prints: which service trusts the CA and why, what was written, and what comes next.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::compose::images::{RootSets, RootsChoice, RootsOrigin};
use crate::compose::inputs::Inputs;
use crate::compose::output::{outcome, write_remark};
use crate::compose::select::Choice;
use crate::compose::setup::next_steps::Next;
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
    /// The services that are switched off.
    pub off: &'a [String],
    /// The CAs.
    pub inputs: &'a Inputs,
    /// What [`roots`] returned.
    pub roots: &'a [String],
    /// What is reported about Java, and for which services.
    pub java: &'a BTreeMap<String, Vec<String>>,
    /// What was written.
    pub changes: &'a Changes,
    /// What else there is to do.
    pub advice: &'a [String],
    /// What comes next.
    pub next: &'a Next,
}

impl SetupReport<'_> {
    /// All of it: the outcome first, then what was written, remarks, and the next commands.
    pub(crate) fn text(&self) -> Styled {
        let Self { choices, inputs, changes, .. } = self;
        // Without a CA no service's trust is decided.
        let mut text = if inputs.custom.is_empty() {
            Styled::default()
        } else {
            let services = ("service", *choices);
            outcome(inputs, services, changes.is_dry(), |reason| reason.to_string())
        };
        if !self.off.is_empty() {
            let verb = if changes.is_dry() { "would switch off" } else { "switched off" };
            let _ = writeln!(text, "{verb} {}", self.off.join(", "));
        }
        let _ = write!(text, "{changes}");
        self.roots.iter().for_each(|line| write_remark(&mut text, line));
        for (line, services) in self.java {
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

/// Remarks: how many public roots, of which origin, the bundles of which services contain.
pub(crate) fn roots(grounds: &RootSets<'_>, public: &[PublicRoots<'_>]) -> Vec<String> {
    let mut origins: BTreeMap<(&RootsOrigin, usize, Option<usize>), Vec<&str>> = BTreeMap::new();
    for (service, (set, basis)) in &grounds.services {
        let roots = public.get(*set).map(|roots| roots.anchors.certificates.as_slice());
        let roots = roots.unwrap_or_default();
        let others = match basis {
            RootsOrigin::Asked(RootsChoice::Host) => Some(not_mozillas(roots)),
            _ => None,
        };
        origins.entry((basis, roots.len(), others)).or_default().push(service);
    }
    let line =
        |((basis, count, others), services): ((&RootsOrigin, usize, Option<usize>), Vec<&str>)| {
            let others = others.map_or(String::new(), |others| {
                let are = if others == 1 { "is" } else { "are" };
                format!(", {others} of which {are} not Mozilla's")
            });
            let count = output::count(count, "public root");
            format!("{count} {basis}{others}: {}", services.join(", "))
        };
    origins.into_iter().map(line).collect()
}

/// How many of this machine's roots are not Mozilla's: those that it trusts and browsers do not.
fn not_mozillas(roots: &[Pem<'_>]) -> usize {
    // They are in this program.
    let Ok(source) = root_stores::find_roots(source::Roots::Mozilla) else { return roots.len() };
    let mozillas = trust_anchors::roots(&source).anchors.certificates;
    bundle::certificate_set(roots).difference(&bundle::certificate_set(&mozillas)).count()
}
