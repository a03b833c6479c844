//! The subject alternative names of a certificate (RFC 5280, section 4.2.1.6), which clients compare with the
//! host that they connect to.

use std::fmt::{self, Display, Write as _};
use std::net::IpAddr;

use x509_parser::extensions::GeneralName;

/// One subject alternative name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectAltName {
    /// A host name in lower case, possibly with the prefix `*.`.
    Dns(String),
    /// An address.
    Ip(IpAddr),
    /// A name of another kind, as it is printed: no client compares it with a host.
    Other(String),
}

impl SubjectAltName {
    pub(crate) fn read(name: &GeneralName<'_>) -> Self {
        match name {
            GeneralName::DNSName(name) => Self::Dns(name.to_ascii_lowercase()),
            GeneralName::IPAddress(bytes) => match address(bytes) {
                Some(address) => Self::Ip(address),
                None => Self::Other(bytes.iter().fold("IP:".to_owned(), |mut text, byte| {
                    let _ = write!(text, "{byte:02x}");
                    text
                })),
            },
            GeneralName::RFC822Name(name) => Self::Other(format!("email:{name}")),
            GeneralName::URI(name) => Self::Other(format!("URI:{name}")),
            _ => Self::Other("other".to_owned()),
        }
    }

    /// Returns the host name or address as a user types it; `None` for a name of another kind.
    pub fn host(&self) -> Option<String> {
        match self {
            Self::Dns(name) => Some(name.clone()),
            Self::Ip(address) => Some(address.to_string()),
            Self::Other(_) => None,
        }
    }

    /// Returns the same, or a name of another kind as it is printed.
    pub fn host_or_text(&self) -> String {
        self.host().unwrap_or_else(|| self.to_string())
    }
}

/// As `openssl x509 -text` prints it: `DNS:host`, `IP:address`.
impl Display for SubjectAltName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "DNS:{name}"),
            Self::Ip(address) => write!(f, "IP:{address}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}
