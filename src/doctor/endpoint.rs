//! Whom to call: the host and the port of a URL, and nothing else that may be in it.

use std::fmt::{self, Display};

use crate::sys::quote;

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// A name or an address, as it was written.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether it is said to speak TLS there.
    pub is_https: bool,
}

/// What is no URL of a server.
#[derive(Debug)]
pub struct Error(String);

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = quote::word(&self.0);
        write!(
            f,
            "cannot call {word} (from --connect): it is no URL of a server\nfix: write https://HOST:PORT"
        )
    }
}

impl std::error::Error for Error {}

/// How URLs begin, and the port where one names none (RFC 9110, sections 4.2.1 and 4.2.2).
const HTTPS: (&str, u16) = ("https://", 443);
const HTTP: (&str, u16) = ("http://", 80);

impl Target {
    /// Reads a URL, or HOST[:PORT].
    ///
    /// # Errors
    /// When no host is in it, or another scheme.
    pub fn parse(word: &str) -> Result<Self, Error> {
        let (rest, is_https) = match word.split_once("://") {
            Some(("https", rest)) => (rest, true),
            Some(("http", rest)) => (rest, false),
            Some(_) => return Err(Error(scheme(word))),
            None => (word, true),
        };
        Self::of_authority(rest, is_https).ok_or_else(|| Error(scheme(word)))
    }

    /// Every server of TLS that `text` names by a URL, as a service's variables do.
    pub fn all_in(text: &str) -> Vec<Self> {
        let (https, _) = HTTPS;
        text.match_indices(https)
            .filter_map(|(at, _)| Self::of_authority(text.get(at + https.len()..)?, true))
            .collect()
    }

    /// `user:password@host:port/path` without all but host and port (RFC 3986, section 3.2).
    fn of_authority(rest: &str, is_https: bool) -> Option<Self> {
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
        let (_, usual) = if is_https { HTTPS } else { HTTP };
        let port = port.map_or(Ok(usual), str::parse).ok()?;
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        let host = host.to_ascii_lowercase();
        let is_host = !host.is_empty() && host.bytes().all(is_host);
        is_host.then_some(Self { host, port, is_https })
    }
}

/// What may be said of a word that is no URL of a server: all of it may be a secret but the scheme.
fn scheme(word: &str) -> String {
    word.split_once("://").map_or_else(|| "…".to_owned(), |(scheme, _)| format!("{scheme}://…"))
}

impl Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, is_https } = self;
        let (scheme, usual) = if *is_https { HTTPS } else { HTTP };
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        write!(f, "{scheme}{host}")?;
        if *port == usual { Ok(()) } else { write!(f, ":{port}") }
    }
}
