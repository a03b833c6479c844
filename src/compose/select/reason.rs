//! The outcome for each service, the reason for it, and the table of both that `setup` prints.

use std::fmt::{self, Display, Write as _};

use crate::compose::project::{Role, Service};
use crate::compose::select::image_table::ImageKind;
use crate::sys::quote;
use crate::sys::styled::{Styled, Tone};

/// The outcome for a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outcome {
    /// The service trusts the custom CAs.
    #[default]
    Trust,
    /// The service is not changed: no mount, no variable, no label.
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

/// The decision about a service.
#[derive(Clone, Copy, Debug)]
pub struct Choice<'a> {
    /// The service's name.
    pub name: &'a str,
    /// The service.
    pub service: &'a Service,
    /// The outcome.
    pub outcome: Outcome,
    /// Why.
    pub reason: SelectionReason<'a>,
    /// Whether the image, or the base of the build, contains a Chromium.
    pub has_browser: bool,
}

/// The reason for an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SelectionReason<'a> {
    /// `--service` names the service.
    Asked(Outcome),
    /// `--without` disables the service.
    Without,
    /// `x-trust-init` in the compose file.
    Role(Outcome),
    /// This option names the service as a proxy.
    Proxy(&'static str),
    /// The entrypoint is trust-init.
    Entrypoint,
    /// The image is in the table of images that get no CA.
    Image(ImageKind, &'static str),
    /// The service mounts the data directory of a database or broker.
    Volume(ImageKind, &'static str),
    /// The service starts this proxy.
    Starts(&'static str),
    /// The service mounts the configuration of this proxy at this path, and its image is unknown.
    Configured(&'static str, &'a str),
    /// The service has the same image as this service, which is trusted.
    SameImage(&'a str),
    /// The base image of the build is in the table.
    BuiltOn(&'static str),
    /// The service's name is in the table, and its image is unknown.
    Named(ImageKind),
    /// The image is built from sources.
    Built,
    /// The image is a known back end.
    BackEnd(&'static str),
    /// The image contains a browser.
    Browser(&'static str),
    /// The image is unknown: `--unknown` decides.
    Unknown(Outcome),
}

impl SelectionReason<'_> {
    /// Returns the outcome that follows from this reason.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Asked(outcome) | Self::Role(outcome) | Self::Unknown(outcome) => *outcome,
            Self::Entrypoint
            | Self::SameImage(_)
            | Self::Built
            | Self::BackEnd(_)
            | Self::Browser(_) => Outcome::Trust,
            Self::Without
            | Self::Proxy(_)
            | Self::Image(..)
            | Self::Volume(..)
            | Self::Starts(_)
            | Self::Configured(..)
            | Self::BuiltOn(_)
            | Self::Named(_) => Outcome::Leave,
        }
    }

    /// Whether another service with the same image overrides this reason.
    pub(crate) fn is_weak(&self) -> bool {
        matches!(self, Self::BuiltOn(_) | Self::Configured(..) | Self::Named(_) | Self::Unknown(_))
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
            Self::Volume(kind, path) => write!(f, "{kind} (volume at {path})"),
            Self::Starts(program) => write!(f, "proxy (starts {program})"),
            Self::Configured(program, path) => {
                write!(f, "proxy ({program} configuration at {})", bare(path))
            }
            Self::SameImage(service) => write!(f, "same image as {}", bare(service)),
            Self::BuiltOn(entry) => write!(f, "built on {entry}"),
            Self::Named(kind) => write!(f, "{kind} (by its name)"),
            Self::Built => f.write_str("built here"),
            Self::BackEnd(entry) => write!(f, "image {entry}"),
            Self::Browser(entry) => write!(f, "browser ({entry})"),
            Self::Unknown(Outcome::Trust) => f.write_str("unknown image, trusted by default"),
            Self::Unknown(Outcome::Leave) => f.write_str("unknown image (--unknown leave)"),
        }
    }
}

/// Writes a line for each part of a project: its name, whether it trusts the CA, and why in the words of `say`.
/// Those that trust come first.
pub fn write_table(
    text: &mut Styled,
    heading: &str,
    choices: &[Choice<'_>],
    say: impl Fn(&SelectionReason<'_>) -> String,
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

/// Returns the quoted name without its backticks.
fn bare(name: &str) -> String {
    quote::word(name).to_string().trim_matches('`').to_owned()
}
