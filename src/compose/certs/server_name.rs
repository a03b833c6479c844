//! The names in a server's certificate: typed words become the names that clients compare.
//!
//! A client compares names byte for byte, so a typing error in a certificate comes back later as "certificate
//! is not valid for …". Here it is found before the certificate is issued.

use std::fmt::{self, Display};
use std::net::IpAddr;

use idna::AsciiDenyList;

use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// A name that a client may ask for. Ordered as people list them: hosts, then addresses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServerName {
    /// A host name, in lower case, as DNS carries it; perhaps with `*.` in front.
    Dns(String),
    /// An address.
    Ip(IpAddr),
}

/// The names of every certificate: a service on this machine, seen from this machine.
pub(crate) const LOOPBACK_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A host name is at most this long (RFC 1035, section 2.3.4, less the length bytes at both ends).
const MAX_NAME_LENGTH: usize = 253;
/// A part of one (RFC 1035, section 2.3.4).
const MAX_LABEL_LENGTH: usize = 63;

/// Why a word is no name for a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NameError {
    Empty,
    Url,
    Port,
    Network,
    UnknownPrefix,
    MailAddress,
    MisplacedWildcard,
    WildcardAboveOneLabel,
    NotAnAddress,
    LikeAnAddress,
    Unspecified,
    EmptyLabel,
    TooLong,
    Hyphen,
    ForbiddenCharacter(char),
    Idn,
}

impl NameError {
    /// The cause and the fix.
    fn cause_and_fix(self) -> (String, &'static str) {
        let (cause, fix) = match self {
            Self::TooLong => {
                let cause = format!(
                    "DNS allows {MAX_NAME_LENGTH} bytes, and {MAX_LABEL_LENGTH} between two dots"
                );
                return (cause, "choose a shorter name");
            }
            Self::ForbiddenCharacter(letter) => {
                let letter = quote::word(letter.encode_utf8(&mut [0; 4])).to_string();
                return (format!("{letter} is not allowed in a host name"), "correct the name");
            }
            Self::Empty => ("it is empty", "name the host that clients connect to"),
            Self::Url => ("it is a URL", "write its host alone"),
            Self::Port => ("a certificate is for a host, on every port", "leave the port out"),
            Self::Network => (
                "a certificate names single addresses, not networks",
                "list the addresses that clients connect to",
            ),
            Self::UnknownPrefix => (
                "clients compare `DNS:` and `IP:` names only",
                "write DNS: or IP: or nothing in front of it",
            ),
            Self::MailAddress => ("it is a mail address", "write the host alone"),
            Self::MisplacedWildcard => (
                "`*` may only be the whole leftmost part (RFC 6125, section 6.4.3)",
                "write it as in `*.lab.local`",
            ),
            Self::WildcardAboveOneLabel => (
                "OpenSSL accepts a wildcard only above two parts or more",
                "write it as in `*.lab.local`, or list the hosts",
            ),
            Self::NotAnAddress => (
                "it is no IP address",
                "correct the address, or write DNS: in front of a host name",
            ),
            Self::LikeAnAddress => {
                ("it looks like an IP address and is none", "correct the address")
            }
            Self::Unspecified => (
                "it means all addresses of a host, and no client connects to it",
                "list the addresses that clients connect to",
            ),
            Self::EmptyLabel => ("a part between its dots is empty", "correct the name"),
            Self::Hyphen => {
                ("a part begins or ends with a hyphen (RFC 1123, section 2.1)", "correct the name")
            }
            Self::Idn => (
                "it cannot be written as an international host name (UTS 46)",
                "correct the name, or write it as DNS carries it (`xn--…`)",
            ),
        };
        (cause.to_owned(), fix)
    }
}

/// The names that `words` mean, each once, in their order, followed by [`ALWAYS`].
///
/// # Errors
/// At the first word that is not a name.
pub(crate) fn parse_names(words: &[String]) -> Result<Vec<ServerName>, Diagnostic> {
    let mut names = Vec::new();
    for word in words.iter().map(String::as_str).chain(LOOPBACK_NAMES) {
        let name = ServerName::parse(word)?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

impl ServerName {
    /// Reads `DNS:host`, `IP:address`, or either alone.
    ///
    /// # Errors
    /// When no client could connect to it.
    pub fn parse(word: &str) -> Result<Self, Diagnostic> {
        Self::parse_from(word, "a name for the certificate")
    }

    /// The same, for a word that came from elsewhere.
    ///
    /// # Errors
    /// When no client could connect to it.
    pub fn parse_from(word: &str, origin: &'static str) -> Result<Self, Diagnostic> {
        Self::read(word).map_err(|problem| {
            let (cause, fix) = problem.cause_and_fix();
            let failed = Diagnostic::cannot("use", quote::word(word)).named(origin);
            failed.because(cause).advise(fix).usage()
        })
    }

    fn read(word: &str) -> Result<Self, NameError> {
        let word = word.trim();
        if word.is_empty() {
            return Err(NameError::Empty);
        }
        if word.contains("://") {
            return Err(NameError::Url);
        }
        match word.split_once(':') {
            Some((kind, name)) if kind.eq_ignore_ascii_case("dns") => parse_host(name),
            Some((kind, name)) if kind.eq_ignore_ascii_case("ip") => {
                parse_address(name)?.ok_or(NameError::NotAnAddress)
            }
            _ => match parse_address(word)? {
                Some(name) => Ok(name),
                None => parse_host(word),
            },
        }
    }

    /// Whether it holds the underscore that RFC 1123 does not allow and container networks have.
    pub fn has_underscore(&self) -> bool {
        matches!(self, Self::Dns(name) if name.contains('_'))
    }
}

/// As it is written on the command line.
impl Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(address) => write!(f, "{address}"),
        }
    }
}

/// An IP address, also in the brackets it has in URLs; `None` where it does not look like one.
fn parse_address(word: &str) -> Result<Option<ServerName>, NameError> {
    let bare = word.strip_prefix('[').and_then(|word| word.strip_suffix(']')).unwrap_or(word);
    if let Ok(address) = bare.parse::<IpAddr>() {
        let is_nowhere = address.is_unspecified();
        return if is_nowhere {
            Err(NameError::Unspecified)
        } else {
            Ok(Some(ServerName::Ip(address)))
        };
    }
    match bare.split_once('/') {
        Some((network, _)) if network.parse::<IpAddr>().is_ok() => Err(NameError::Network),
        _ => Ok(None),
    }
}

/// A host name, in the form that DNS carries (RFC 5890's A-labels).
fn parse_host(word: &str) -> Result<ServerName, NameError> {
    let (star, host) = word.strip_prefix("*.").map_or(("", word), |host| ("*.", host));
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.contains('*') {
        return Err(NameError::MisplacedWildcard);
    }
    if host.contains('@') {
        return Err(NameError::MailAddress);
    }
    if let Some((kind, port)) = host.rsplit_once(':') {
        let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        return Err(match is_port {
            true if kind.contains(':') => NameError::LikeAnAddress,
            true => NameError::Port,
            false if kind.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                NameError::UnknownPrefix
            }
            false => NameError::LikeAnAddress,
        });
    }
    if host.contains('/') {
        return Err(NameError::ForbiddenCharacter('/'));
    }
    let host = idna::domain_to_ascii_cow(host.as_bytes(), AsciiDenyList::EMPTY)
        .map_err(|_| NameError::Idn)?;
    let allowed =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if let Some(letter) = host.chars().find(|letter| !allowed(*letter)) {
        return Err(NameError::ForbiddenCharacter(letter));
    }
    for label in host.split('.') {
        match label {
            "" => return Err(NameError::EmptyLabel),
            label if label.len() > MAX_LABEL_LENGTH => return Err(NameError::TooLong),
            label if label.starts_with('-') || label.ends_with('-') => {
                return Err(NameError::Hyphen);
            }
            _ => {}
        }
    }
    // No top-level domain is a number (RFC 3696, section 2), and clients take it for an address.
    let last = host.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NameError::LikeAnAddress);
    }
    if star.len() + host.len() > MAX_NAME_LENGTH {
        return Err(NameError::TooLong);
    }
    // `valid_star` in OpenSSL's crypto/x509/v3_utl.c asks for two dots.
    if !star.is_empty() && !host.contains('.') {
        return Err(NameError::WildcardAboveOneLabel);
    }
    Ok(ServerName::Dns(format!("{star}{host}")))
}
