//! Whom to call: the host and the port of a URL, and nothing else that may be in it.

use std::fmt::{self, Display};

use crate::report;

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// A name or an address, as it was written.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// What is no URL of a TLS server.
#[derive(Debug)]
pub struct Error(String);

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = report::word(&self.0);
        write!(
            f,
            "cannot call {word} (from --connect): it is no https:// URL\nfix: write https://HOST:PORT"
        )
    }
}

impl std::error::Error for Error {}

/// How the URLs begin that are called.
const SCHEME: &str = "https://";

/// The port where a URL names none (RFC 9110, section 4.2.2).
const PORT: u16 = 443;

impl Target {
    /// Reads a URL, or HOST[:PORT].
    ///
    /// # Errors
    /// When no host is in it, or another scheme.
    pub fn parse(word: &str) -> Result<Self, Error> {
        let rest = match word.split_once("://") {
            Some(("https", rest)) => rest,
            Some(_) => return Err(Error(word.to_owned())),
            None => word,
        };
        Self::of_authority(rest).ok_or_else(|| Error(word.to_owned()))
    }

    /// Every server that `text` names by a URL, as a service's variables do.
    pub fn all_in(text: &str) -> Vec<Self> {
        text.match_indices(SCHEME)
            .filter_map(|(at, _)| Self::of_authority(text.get(at + SCHEME.len()..)?))
            .collect()
    }

    /// `user:password@host:port/path` without all but host and port (RFC 3986, section 3.2).
    fn of_authority(rest: &str) -> Option<Self> {
        let end = rest.find(|end: char| "/?#\\\"' ,;|<>".contains(end) || end.is_whitespace());
        let authority = rest.get(..end.unwrap_or(rest.len()))?;
        let authority = authority.rsplit('@').next()?;
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, behind) = rest.split_once(']')?;
                (host, behind.strip_prefix(':'))
            }
            None => match authority.rsplit_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        let port = port.map_or(Ok(PORT), str::parse).ok()?;
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        let host = host.to_ascii_lowercase();
        (!host.is_empty() && host.bytes().all(is_host)).then_some(Self { host, port })
    }
}

impl Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        write!(f, "{SCHEME}{host}")?;
        if *port == PORT { Ok(()) } else { write!(f, ":{port}") }
    }
}
