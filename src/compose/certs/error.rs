//! Why nothing was made, and what mends it.

use std::fmt::{self, Display};
use std::io;
use std::path::PathBuf;

use crate::compose::certs::report::command;
use crate::compose::certs::{CA, CA_KEY, MOST_DAYS, Order, SERVER, key, server_name};
use crate::sys::exit_code;
use crate::sys::output;
use crate::sys::quote;
use crate::sys::quote::shell;
use crate::trust::inspection;
use crate::trust::source::Label;
use crate::trust::source::Unreadable;
use crate::trust::time::Time;

/// Why nothing was made.
pub enum Refusal {
    /// A word is no name.
    Name(server_name::Error),
    /// No name was given where one is needed.
    NoNames,
    /// More days than clients accept, or none.
    Days(u32),
    /// A name that a CA cannot have.
    AuthorityName(String),
    /// A file cannot be read.
    Unreadable(Unreadable),
    /// A file holds no certificate, or a broken one.
    Unusable(inspection::Error),
    /// A file that should hold a key does not, or not in a usable form.
    Key { label: Label, problem: key::Problem },
    /// A key and a certificate that do not belong together.
    Mismatch { certificate: Label, key: Label, is_authority: bool },
    /// One file of a pair without the other.
    Half { path: PathBuf, present: &'static str, missing: &'static str },
    /// The certificate in the CA's place is none.
    NotAnAuthority { label: Label, subject: String },
    /// The CA's validity is over, or has not begun.
    NotValid { label: Label, has_expired: bool, on: Time },
    /// `--ca` or `--renew` where no CA is.
    NoAuthority(PathBuf),
    /// `--ca`, and a CA in the directory itself.
    OwnAuthority(PathBuf),
    /// A server's certificate, and no CA that could have signed it.
    Stranger { path: PathBuf, issuer: String },
    /// An option that shapes a new CA, and a CA that stands and is not like that.
    Stands { path: PathBuf, option: &'static str, is: String },
    /// A name outside of what the CA may sign for.
    Forbidden { name: String, subject: String },
    /// Names that the present certificate has and the new one would not.
    Dropped { path: PathBuf, dropped: Vec<String>, add: String, apart: String },
    /// The directory cannot be opened or made.
    Directory { path: PathBuf, error: io::Error },
    /// Anybody may write to the directory.
    OpenToAll { path: PathBuf, mode: u32 },
    /// The files cannot be written.
    Write { path: PathBuf, error: io::Error },
    /// Nothing could be signed.
    Sign(String),
}

output::error_of_words!(Refusal);

impl From<server_name::Error> for Refusal {
    fn from(error: server_name::Error) -> Self {
        Self::Name(error)
    }
}

impl From<Unreadable> for Refusal {
    fn from(error: Unreadable) -> Self {
        Self::Unreadable(error)
    }
}

impl From<inspection::Error> for Refusal {
    fn from(error: inspection::Error) -> Self {
        Self::Unusable(error)
    }
}

impl From<rcgen::Error> for Refusal {
    fn from(error: rcgen::Error) -> Self {
        Self::Sign(error.to_string().trim_end().to_lowercase())
    }
}

impl Refusal {
    /// The directory of `order` cannot be written to.
    pub fn write(order: &Order, error: io::Error) -> Self {
        Self::Write { path: order.out.path.clone(), error }
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Name(_) | Self::NoNames | Self::Days(_) | Self::AuthorityName(_) => {
                exit_code::USAGE
            }
            _ => exit_code::TROUBLE,
        }
    }
}

impl Display for Refusal {
    #[expect(clippy::too_many_lines, reason = "one arm for each thing that can be in the way")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => write!(f, "{error}"),
            Self::Unreadable(error) => write!(f, "{error}"),
            Self::Unusable(error) => write!(f, "{error}"),
            Self::NoNames => f.write_str(
                "cannot make a server's certificate: no name was given\n\
                 fix: name the host that clients connect to, as in \
                 `trust-compose certs reflector.local`",
            ),
            Self::Days(days) => {
                let cause = match days {
                    0 => "no client would ever accept it".to_owned(),
                    _ => format!("Apple's systems accept {MOST_DAYS} at most"),
                };
                write!(
                    f,
                    "cannot make a certificate for {days} days (from --days): {cause}\n\
                     fix: give a number from 1 to {MOST_DAYS}"
                )
            }
            Self::AuthorityName(name) => write!(
                f,
                "cannot name a CA {} (from --ca-name): a name has 1 to 64 characters (RFC 5280, \
                 appendix A.1), and none that is invisible\nfix: choose another name",
                quote::word(name)
            ),
            Self::Key { label, problem } => write!(f, "cannot use {label}: {problem}"),
            Self::Mismatch { certificate, key, is_authority } => {
                let fix = if *is_authority {
                    "make a new CA with --force"
                } else {
                    "move both away to have new ones made"
                };
                write!(
                    f,
                    "cannot use {certificate}: the key in {key} is not its key\n\
                     fix: put back the two files that belong together, or {fix}"
                )
            }
            Self::Half { path, present, missing } => {
                let (there, not) = (path.join(present), path.join(missing));
                let (there, not) = (quote::path(&there), quote::path(&not));
                let fix = match *missing {
                    CA_KEY => {
                        "put it back, name the directory that has it with --ca, or make a \
                               new CA with --force"
                    }
                    CA => "put it back, or make a new CA with --force",
                    _ => "put it back, or move the other away to have a new pair made",
                };
                write!(f, "cannot use {there}: {not} is not there\nfix: {fix}")
            }
            Self::NotAnAuthority { label, subject } => write!(
                f,
                "cannot sign with {label}: {} is no CA\n\
                 fix: put the CA's own certificate there",
                quote::word(subject)
            ),
            Self::NotValid { label, has_expired: true, on } => write!(
                f,
                "cannot sign with {label}: it expired on {on}\n\
                 fix: make a new CA with --force, and hand out its certificate"
            ),
            Self::NotValid { label, has_expired: false, on } => write!(
                f,
                "cannot sign with {label}: it is valid only from {on} on\n\
                 fix: check the clock of this host and of the one that made it"
            ),
            Self::NoAuthority(path) => write!(
                f,
                "cannot sign with the CA in {}: there is none ({CA}, {CA_KEY})\n\
                 fix: correct the name, or make one with `trust-compose certs`",
                quote::path(path)
            ),
            Self::OwnAuthority(path) => write!(
                f,
                "cannot use --ca: {} has a CA of its own ({CA_KEY})\n\
                 fix: name another directory with --out",
                quote::path(path)
            ),
            Self::Stranger { path, issuer } => write!(
                f,
                "cannot make a CA in {}: {SERVER} stands there and was issued by {}, which is not \
                 there\nfix: name that CA's directory with --ca, or another one with --out",
                quote::path(path),
                quote::word(issuer)
            ),
            Self::Stands { path, option, is } => write!(
                f,
                "cannot use {option}: the CA in {} stands and is {is}\n\
                 fix: leave it out, or make a new CA with --force",
                quote::path(path)
            ),
            Self::Forbidden { name, subject } => write!(
                f,
                "cannot sign for {}: {} is constrained to other names\n\
                 fix: make a new CA with --force, for all names or with --constrain for these",
                quote::word(name),
                quote::word(subject)
            ),
            Self::Dropped { path, dropped, add, apart } => {
                let names: Vec<_> =
                    dropped.iter().map(|name| quote::word(name).to_string()).collect();
                write!(
                    f,
                    "cannot replace {}: it is also for {}, which was not named\n\
                     fix: add what it has: `{add}`, or, for another server, make another \
                     certificate below the same CA: `{apart}`",
                    quote::path(path),
                    names.join(", ")
                )
            }
            Self::Directory { path, error } => {
                let fix = match error.kind() {
                    io::ErrorKind::NotFound => "make the directory above it first",
                    io::ErrorKind::AlreadyExists => "run it again",
                    _ => "name a directory of your own with --out",
                };
                let cause = output::cause(error);
                write!(f, "cannot use {}: {cause}\nfix: {fix}", quote::path(path))
            }
            Self::OpenToAll { path, mode } => write!(
                f,
                "cannot keep keys in {}: anybody may write to it (mode {mode:04o})\n\
                 fix: close it: `chmod 0700 {}`",
                quote::path(path),
                shell(path)
            ),
            Self::Write { path, error } => write!(
                f,
                "cannot write into {}: {}\nfix: make it writable, or name another one with --out",
                quote::path(path),
                output::cause(error)
            ),
            Self::Sign(cause) => {
                write!(f, "cannot make a certificate: {cause}\nfix: make a new CA with --force")
            }
        }
    }
}

/// The two ways out of a run that would drop names.
pub fn dropped(
    order: &Order,
    given: &[String],
    dropped: Vec<String>,
    present: &[String],
) -> Refusal {
    let mut all: Vec<&str> = present.iter().map(String::as_str).collect();
    all.extend(
        given.iter().map(String::as_str).filter(|name| !present.iter().any(|old| old == name)),
    );
    let mut apart = format!("{}-certs", short(given.first().map_or("server", String::as_str)));
    if order.out.path.ends_with(&apart) {
        apart.insert_str(0, "other-");
    }
    let own: Vec<&str> = given.iter().map(String::as_str).collect();
    Refusal::Dropped {
        path: order.path(SERVER),
        dropped,
        add: command(order, &all),
        apart: format!(
            "{} --ca {} --out {}",
            command_words(&own),
            shell(order.ca.as_ref().map_or(&order.out.path, |ca| &ca.path)),
            shell(&apart)
        ),
    }
}

/// A name as part of a directory's.
fn short(name: &str) -> String {
    let host = name.trim_start_matches("*.");
    match name.parse::<std::net::IpAddr>() {
        Ok(_) => name.replace(':', "-"),
        Err(_) => host.split('.').next().unwrap_or(host).to_owned(),
    }
}

fn command_words(names: &[&str]) -> String {
    let words = names.iter().map(shell);
    format!("trust-compose certs {}", words.collect::<Vec<_>>().join(" "))
}
