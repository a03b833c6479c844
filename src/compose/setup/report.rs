//! What `setup` tells: who trusts and why, what was written, and what comes next.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Write as _};

use crate::compose::images::{RootSets, RootsChoice, RootsOrigin};
use crate::compose::inputs::Inputs;
pub use crate::compose::output::trusting;
use crate::compose::project::Part;
use crate::compose::select::{self, Choice};
use crate::compose::setup::advice::Advice;
use crate::compose::setup::next_steps::Next;
use crate::compose::setup::write::Changes;
use crate::sys::output;
use crate::trust::bundle::{self, Pem};
use crate::trust::trust_anchors::PublicRoots;

/// Something about the environment of a service.
pub struct OfService<'a> {
    /// The service.
    pub part: Part<'a>,
    /// What.
    pub warning: &'a dyn Display,
}

impl Display for OfService<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.part, self.warning)
    }
}

/// A variable that names a file which cannot be read from here.
pub struct Unseen(pub &'static str);

impl Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} names a file that cannot be read from here, and is left as it is: its readers do not \
             see the CA\n\
             fix: take the variable away, or make trust-init the entrypoint, which reads the file \
             where it is",
            self.0
        )
    }
}

/// A setting of trust-init's own that names other CAs.
pub struct Others(pub &'static str);

impl Display for Others {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variable = self.0;
        write!(
            f,
            "{variable} names other CAs, and as its entrypoint trust-init trusts those alone\n\
             fix: take {variable} away, and name them with --extra-ca"
        )
    }
}

/// Services with files of variables that are not there.
pub struct Unread<'a>(pub &'a [&'a str]);

impl Display for Unread<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "not every `env_file:` of {} can be read: a trust variable in it would be overruled\n\
             fix: write these files, and run this again before `up`",
            self.0.join(", ")
        )
    }
}

/// That the CA goes nowhere.
pub struct Nobody;

impl Display for Nobody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "no service is to trust the CA: all are left as they are\n\
             fix: choose those that make connections: `--service NAME=trust`",
        )
    }
}

/// What there is to tell of a setup.
pub struct Done<'a> {
    /// Every service.
    pub choices: &'a [Choice<'a>],
    /// The services that are switched off.
    pub off: &'a [String],
    /// What was given.
    pub inputs: &'a Inputs,
    /// Whose roots.
    pub grounds: &'a RootSets<'a>,
    /// Those roots.
    pub public: &'a [PublicRoots<'a>],
    /// What there is to say of Java, and of which services.
    pub java: &'a BTreeMap<String, Vec<&'a str>>,
    /// What was written.
    pub changes: &'a Changes,
    /// What else there is to do.
    pub advice: &'a [Advice],
    /// What comes next.
    pub next: &'a Next,
}

/// All of it.
pub fn told(done: &Done<'_>) -> String {
    let mut text = String::new();
    // Without a CA nobody's trust is decided.
    if !done.inputs.custom.is_empty() {
        text.push_str(&select::table(done.choices));
        text.push('\n');
    }
    if !done.off.is_empty() {
        let _ = writeln!(text, "switched off: {}", done.off.join(", "));
    }
    text.push_str(&trusting(done.inputs));
    let mut bases: BTreeMap<(&RootsOrigin, usize, Option<usize>), Vec<&str>> = BTreeMap::new();
    for (service, (set, basis)) in &done.grounds.services {
        let roots = done.public.get(*set).map(|roots| roots.anchors.certificates.as_slice());
        let roots = roots.unwrap_or_default();
        let others = match basis {
            RootsOrigin::Asked(RootsChoice::Host) => Some(strangers(roots)),
            _ => None,
        };
        bases.entry((basis, roots.len(), others)).or_default().push(service);
    }
    for ((basis, count, others), services) in bases {
        let others = others.map_or(String::new(), |others| {
            let are = if others == 1 { "is" } else { "are" };
            format!(", {others} of which {are} not Mozilla's")
        });
        let count = output::count(count, "root");
        let _ = writeln!(text, "with {count} {basis}{others}: {}", services.join(", "));
    }
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

/// How many of this machine's roots are not Mozilla's: whom it trusts beyond what browsers do.
fn strangers(roots: &[Pem<'_>]) -> usize {
    // They are in this program.
    let Ok(source) = crate::trust::root_stores::roots(crate::trust::source::Roots::Mozilla) else {
        return roots.len();
    };
    let mozillas = crate::trust::trust_anchors::roots(&source).anchors.certificates;
    bundle::set(roots).difference(&bundle::set(&mozillas)).count()
}
