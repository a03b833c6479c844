//! A server to call: host and port of a URL, without anything else in it, which may be secret.

use std::fmt::{self, Display};

use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// A server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Endpoint {
    /// A name or an address, in lower case.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether the URL is an https:// one.
    pub is_https: bool,
}

/// The beginning of a URL, and its default port (RFC 9110, sections 4.2.1 and 4.2.2).
const HTTPS: (&str, u16) = ("https://", 443);
const HTTP: (&str, u16) = ("http://", 80);

impl Endpoint {
    /// Reads a URL, or HOST[:PORT].
    ///
    /// # Errors
    /// When it contains no host, or has another scheme.
    pub(crate) fn parse(word: &str) -> Result<Self, Diagnostic> {
        let (rest, is_https) = match word.split_once("://") {
            Some(("https", rest)) => (rest, true),
            Some(("http", rest)) => (rest, false),
            Some(_) => return Err(not_a_url(word)),
            None => (word, true),
        };
        Self::of_authority(rest, is_https).ok_or_else(|| not_a_url(word))
    }

    /// Returns the server of each https:// URL in `text`, the value of a variable.
    pub(crate) fn all_in(text: &str) -> Vec<Self> {
        let (https, _) = HTTPS;
        text.match_indices(https)
            .filter_map(|(at, _)| Self::of_authority(text.get(at + https.len()..)?, true))
            .collect()
    }

    /// Parses host and port of `user:password@host:port/path` (RFC 3986, section 3.2).
    fn of_authority(rest: &str, is_https: bool) -> Option<Self> {
        let end = rest.find(|end: char| "/?#\\\"' ,;|<>".contains(end) || end.is_whitespace());
        let authority = rest.get(..end.unwrap_or(rest.len()))?;
        let authority = authority.rsplit('@').next()?;
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, after) = rest.split_once(']')?;
                (host, after.strip_prefix(':'))
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

/// The error of a word that is not a URL. Only its scheme is printed: the rest may be secret.
fn not_a_url(word: &str) -> Diagnostic {
    let scheme = word.split_once("://").map_or(String::new(), |(scheme, _)| format!("{scheme}://"));
    Diagnostic::cannot("call", quote::word(&format!("{scheme}…")))
        .named("from --connect")
        .because("it is not the URL of a server")
        .advise("write https://HOST:PORT")
}

impl Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, is_https } = self;
        let (scheme, usual) = if *is_https { HTTPS } else { HTTP };
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        write!(f, "{scheme}{host}")?;
        if *port == usual { Ok(()) } else { write!(f, ":{port}") }
    }
}
