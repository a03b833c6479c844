//! What becomes of a service and why, in words, and the table that a set-up prints of them.

use std::fmt::{self, Display, Write as _};

use crate::compose::project::{Role, Service};
use crate::compose::select::image_table::Kind;
use crate::sys::quote;
use crate::sys::styled::{Styled, Tone};

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
    pub reason: Reason<'a>,
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason<'a> {
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
    Image(Kind, &'static str),
    /// It keeps a database's data at this path.
    Volume(&'static str),
    /// It has the image of this service, which is trusted.
    SameImage(&'a str),
    /// It is built on an image that is left alone.
    BuiltOn(&'static str),
    /// It is called like something that is left alone, and nothing else is known of it.
    Called(Kind),
    /// It is built from sources.
    Built,
    /// Its image is a known back end.
    BackEnd(&'static str),
    /// Nothing is known of its image: `--unknown` decides.
    Unknown(Outcome),
}

impl Reason<'_> {
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
            | Self::Called(_) => Outcome::Leave,
        }
    }

    /// Whether it gives way where the same image is trusted as another service.
    pub(crate) fn is_weak(&self) -> bool {
        matches!(self, Self::BuiltOn(_) | Self::Called(_) | Self::Unknown(_))
    }
}

impl Display for Reason<'_> {
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
            Self::Called(kind) => write!(f, "{kind} (by its name)"),
            Self::Built => f.write_str("built here"),
            Self::BackEnd(entry) => write!(f, "image {entry}"),
            Self::Unknown(outcome) => write!(f, "unknown image (--unknown {outcome})"),
        }
    }
}

/// Writes a line for each part of a project: its name, whether it trusts the CA, and why in the words of `say`.
/// Those that trust come first.
pub fn write_table(
    text: &mut Styled,
    heading: &str,
    choices: &[Choice<'_>],
    say: impl Fn(&Reason<'_>) -> String,
) {
    let widths = choices.iter().map(|choice| bare(choice.name).chars().count());
    let width = widths.chain([heading.len()]).max().unwrap_or_default();
    let _ = writeln!(text, "{heading:width$}  OUTCOME  REASON");
    for (outcome, tone) in [(Outcome::Trust, Tone::Good), (Outcome::Leave, Tone::Faint)] {
        for choice in choices.iter().filter(|choice| choice.outcome == outcome) {
            let _ = write!(text, "{:width$}  ", bare(choice.name));
            text.push(tone, format!("{outcome:7}"));
            let _ = writeln!(text, "  {}", say(&choice.reason));
        }
    }
}

/// A name without the backticks that it has in a sentence.
fn bare(name: &str) -> String {
    quote::word(name).to_string().trim_matches('`').to_owned()
}
