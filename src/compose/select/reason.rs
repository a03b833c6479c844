//! What becomes of a service and why, in words, and the table that a set-up prints of them.

use std::fmt::{self, Display, Write as _};

use crate::compose::project::{Role, Service};
use crate::compose::select::image_table::ImageKind;
use crate::sys::quote;

/// What becomes of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// It trusts the custom CAs.
    #[default]
    Trust,
    /// It stays as it is: no mount, no variable, no label.
    Leave,
}

impl Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Trust => "trust",
            Self::Leave => "leave",
        })
    }
}

impl From<Role> for Outcome {
    fn from(role: Role) -> Self {
        match role {
            Role::Trust => Self::Trust,
            Role::Leave => Self::Leave,
        }
    }
}

/// What becomes of a service.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// Its name.
    pub name: &'a str,
    /// The service.
    pub service: &'a Service,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Why.
    pub reason: SelectionReason<'a>,
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectionReason<'a> {
    /// `--service` says so.
    Asked(Outcome),
    /// It is taken out of the project by `--without`.
    Without,
    /// The compose file says so.
    Role(Outcome),
    /// This option names it as a proxy.
    Proxy(&'static str),
    /// trust-init is its entrypoint.
    Entrypoint,
    /// Its image is one of those that are left alone.
    Image(ImageKind, &'static str),
    /// It keeps a database's data at this path.
    Volume(&'static str),
    /// It has the image of this service, which is trusted.
    SameImage(&'a str),
    /// It is built on an image that is left alone.
    BuiltOn(&'static str),
    /// It is called like something that is left alone, and nothing else is known of it.
    Named(ImageKind),
    /// It is built from sources.
    Built,
    /// Its image is a known back end.
    BackEnd(&'static str),
    /// Nothing is known of its image: `--unknown` decides.
    Unknown(Outcome),
}

impl SelectionReason<'_> {
    /// What follows from it.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Asked(outcome) | Self::Role(outcome) | Self::Unknown(outcome) => *outcome,
            Self::Entrypoint | Self::SameImage(_) | Self::Built | Self::BackEnd(_) => {
                Outcome::Trust
            }
            Self::Without
            | Self::Proxy(_)
            | Self::Image(..)
            | Self::Volume(_)
            | Self::BuiltOn(_)
            | Self::Named(_) => Outcome::Leave,
        }
    }

    /// Whether it gives way where the same image is trusted as another service.
    pub(crate) fn is_weak(&self) -> bool {
        matches!(self, Self::BuiltOn(_) | Self::Named(_) | Self::Unknown(_))
    }
}

impl Display for SelectionReason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(_) => f.write_str("--service"),
            Self::Without => f.write_str("--without"),
            Self::Role(_) => f.write_str("x-trust-init"),
            Self::Proxy(option) => f.write_str(option),
            Self::Entrypoint => f.write_str("starts trust-init"),
            Self::Image(kind, entry) => write!(f, "{kind} ({entry})"),
            Self::Volume(path) => write!(f, "volume at {path}"),
            Self::SameImage(service) => write!(f, "same image as {}", bare(service)),
            Self::BuiltOn(entry) => write!(f, "built on {entry}"),
            Self::Named(kind) => write!(f, "{kind} (by its name)"),
            Self::Built => f.write_str("built here"),
            Self::BackEnd(entry) => write!(f, "image {entry}"),
            Self::Unknown(outcome) => write!(f, "unknown image (--unknown {outcome})"),
        }
    }
}

/// Every service, what becomes of it, and why.
pub fn table(choices: &[Choice]) -> String {
    format_table("SERVICE", choices, |reason| reason.to_string())
}

/// Every part of a project, what becomes of it, and why in the words of `say`.
pub fn format_table(
    heading: &str,
    choices: &[Choice],
    say: impl Fn(&SelectionReason<'_>) -> String,
) -> String {
    let names: Vec<_> = choices.iter().map(|choice| bare(choice.name)).collect();
    let widths = names.iter().map(|name| name.chars().count());
    let width = widths.chain([heading.len()]).max().unwrap_or_default();
    let mut text = format!("{heading:width$}  OUTCOME  REASON\n");
    for (name, Choice { outcome, reason, .. }) in names.iter().zip(choices) {
        let _ = writeln!(text, "{name:width$}  {outcome:7}  {}", say(reason));
    }
    text
}

/// A name without the backticks that it has in a sentence.
fn bare(name: &str) -> String {
    quote::word(name).to_string().trim_matches('`').to_owned()
}
