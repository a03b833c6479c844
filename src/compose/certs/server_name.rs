//! The names in a server certificate: parsed from arguments, in the form that clients compare.
//!
//! A typing error in a certificate would be found only when a client refuses it ("certificate is not valid
//! for …"), so every name is checked before the certificate is issued.

use std::fmt::{self, Display};
use std::net::IpAddr;

use idna::AsciiDenyList;

use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// A name that clients connect to. Hosts are ordered before addresses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServerName {
    /// A host name in lower case, in the form of DNS (A-labels); may begin with `*.`.
    Dns(String),
    /// An IP address.
    Ip(IpAddr),
}

/// The names that every server certificate has, for clients on the same host.
pub(crate) const LOOPBACK_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Longest host name in bytes (RFC 1035, section 2.3.4, without the length bytes at both ends).
const MAX_NAME_LENGTH: usize = 253;
/// Longest label in bytes (RFC 1035, section 2.3.4).
const MAX_LABEL_LENGTH: usize = 63;

/// Why an argument is not a valid name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NameError {
    Empty,
    Url,
    Port,
    Network,
    Zone,
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
    /// Returns the cause and the fix.
    fn cause_and_fix(self) -> (String, &'static str) {
        let (cause, fix) = match self {
            Self::TooLong => {
                let cause = format!(
                    "DNS allows {MAX_NAME_LENGTH} bytes in a name, and {MAX_LABEL_LENGTH} in a label"
                );
                return (cause, "choose a shorter name");
            }
            Self::ForbiddenCharacter(letter) => {
                let letter = quote::word(letter.encode_utf8(&mut [0; 4])).to_string();
                return (format!("{letter} is not allowed in a host name"), "correct the name");
            }
            Self::Empty => ("it is empty", "name the host that clients connect to"),
            Self::Url => ("it is a URL", "write only its host"),
            Self::Port => ("a certificate is for a host, on every port", "omit the port"),
            Self::Network => (
                "a certificate names single addresses, not networks",
                "list the addresses that clients connect to",
            ),
            Self::Zone => (
                "a certificate names an address without its zone (RFC 4007, section 11)",
                "omit `%` and the text after it",
            ),
            Self::UnknownPrefix => (
                "clients compare `DNS:` and `IP:` names only",
                "write DNS: or IP: or nothing in front of it",
            ),
            Self::MailAddress => ("it is a mail address", "write only the host"),
            Self::MisplacedWildcard => (
                "`*` must be the whole leftmost label (RFC 6125, section 6.4.3)",
                "write it as in `*.lab.local`",
            ),
            Self::WildcardAboveOneLabel => (
                "OpenSSL accepts a wildcard only before two labels or more",
                "write it as in `*.lab.local`, or list the hosts",
            ),
            Self::NotAnAddress => (
                "it is not an IP address",
                "correct the address, or write DNS: in front of a host name",
            ),
            Self::LikeAnAddress => {
                ("it looks like an IP address but is not a valid one", "correct the address")
            }
            Self::Unspecified => (
                "it means all addresses of a host, and no client connects to it",
                "list the addresses that clients connect to",
            ),
            Self::EmptyLabel => ("it contains an empty label", "correct the name"),
            Self::Hyphen => {
                ("a label begins or ends with a hyphen (RFC 1123, section 2.1)", "correct the name")
            }
            Self::Idn => (
                "it cannot be written as an international host name (UTS 46)",
                "correct the name, or write it as DNS carries it (`xn--…`)",
            ),
        };
        (cause.to_owned(), fix)
    }
}

/// Parses `words`, without duplicates and in their order. A word may be a list as in OpenSSL's configuration:
/// `DNS:a.lan,IP:10.0.0.1`.
///
/// # Errors
/// At the first name that is not valid.
pub(crate) fn parse_names<W: AsRef<str>>(words: &[W]) -> Result<Vec<ServerName>, Diagnostic> {
    let mut names = Vec::new();
    for word in words.iter().flat_map(|word| word.as_ref().split(',')) {
        let name = ServerName::parse(word)?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

impl ServerName {
    /// Parses `DNS:host` or `IP:address`, or either without its prefix.
    ///
    /// # Errors
    /// When no client could connect to it.
    pub fn parse(word: &str) -> Result<Self, Diagnostic> {
        Self::parse_from(word, "a name for the certificate")
    }

    /// The same for a name from `origin`, which the diagnostic names.
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
            // Clients compare an address with IP names only, and OpenSSL's users write `DNS:10.0.0.1`.
            Some((kind, name)) if kind.eq_ignore_ascii_case("dns") => match parse_address(name)? {
                Some(address) => Ok(address),
                None => parse_host(name),
            },
            Some((kind, name)) if kind.eq_ignore_ascii_case("ip") => {
                parse_address(name)?.ok_or(NameError::NotAnAddress)
            }
            _ => match parse_address(word)? {
                Some(name) => Ok(name),
                None => parse_host(word),
            },
        }
    }

    /// Whether it contains an underscore: RFC 1123 does not allow it, but names in container networks have
    /// it.
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

/// Parses an IP address, with or without the brackets of URLs; `None` if it does not look like one.
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
    let is_address = |split: Option<(&str, &str)>| {
        split.is_some_and(|(address, _)| address.parse::<IpAddr>().is_ok())
    };
    if is_address(bare.split_once('/')) {
        return Err(NameError::Network);
    }
    if is_address(bare.split_once('%')) {
        return Err(NameError::Zone);
    }
    Ok(None)
}

/// Parses a host name into its A-labels (RFC 5890).
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
    // No top-level domain is numeric (RFC 3696, section 2): clients would parse it as an address.
    let last = host.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NameError::LikeAnAddress);
    }
    if star.len() + host.len() > MAX_NAME_LENGTH {
        return Err(NameError::TooLong);
    }
    // `valid_star` in OpenSSL's crypto/x509/v3_utl.c requires two dots.
    if !star.is_empty() && !host.contains('.') {
        return Err(NameError::WildcardAboveOneLabel);
    }
    Ok(ServerName::Dns(format!("{star}{host}")))
}
