//! What `setup` prints: which service trusts the CA and why, what was written, and what comes next.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::compose::images::{RootSets, RootsChoice, RootsOrigin};
use crate::compose::inputs::Inputs;
use crate::compose::output::trusting;
use crate::compose::select::{self, Choice};
use crate::compose::setup::next_steps::Next;
use crate::compose::setup::write::changes::Changes;
use crate::sys::output;
use crate::trust::bundle::{self, Pem};
use crate::trust::root_stores;
use crate::trust::source;
use crate::trust::trust_anchors::{self, PublicRoots};

/// The result of a setup.
pub(crate) struct Done<'a> {
    /// Every service.
    pub choices: &'a [Choice<'a>],
    /// The services that are switched off.
    pub off: &'a [String],
    /// The CAs.
    pub inputs: &'a Inputs,
    /// What [`roots`] returned.
    pub roots: &'a str,
    /// What is reported about Java, and for which services.
    pub java: &'a BTreeMap<String, Vec<String>>,
    /// What was written.
    pub changes: &'a Changes,
    /// What else there is to do.
    pub advice: &'a [String],
    /// What comes next.
    pub next: &'a Next,
}

/// All of it.
pub(crate) fn told(done: &Done<'_>) -> String {
    let mut text = String::new();
    // Without a CA no service's trust is decided.
    if !done.inputs.custom.is_empty() {
        text.push_str(&select::table(done.choices));
        text.push('\n');
    }
    if !done.off.is_empty() {
        let _ = writeln!(text, "switched off: {}", done.off.join(", "));
    }
    text.push_str(&trusting(done.inputs));
    text.push_str(done.roots);
    for (line, services) in done.java {
        let _ = writeln!(text, "{line}: {}", services.join(", "));
    }
    let _ = write!(text, "{}", done.changes);
    for advice in done.advice {
        let _ = writeln!(text, "{advice}");
    }
    text.push_str("\nnext:\n");
    for command in done.next.commands().lines() {
        let _ = writeln!(text, "  {command}");
    }
    text
}

/// The lines that say how many roots of which origin which services have.
pub(crate) fn roots(grounds: &RootSets<'_>, public: &[PublicRoots<'_>]) -> String {
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
    let mut text = String::new();
    for ((basis, count, others), services) in origins {
        let others = others.map_or(String::new(), |others| {
            let are = if others == 1 { "is" } else { "are" };
            format!(", {others} of which {are} not Mozilla's")
        });
        let count = output::count(count, "root");
        let _ = writeln!(text, "with {count} {basis}{others}: {}", services.join(", "));
    }
    text
}

/// How many of this machine's roots are not Mozilla's: those that it trusts and browsers do not.
fn not_mozillas(roots: &[Pem<'_>]) -> usize {
    // They are in this program.
    let Ok(source) = root_stores::find_roots(source::Roots::Mozilla) else { return roots.len() };
    let mozillas = trust_anchors::roots(&source).anchors.certificates;
    bundle::certificate_set(roots).difference(&bundle::certificate_set(&mozillas)).count()
}
