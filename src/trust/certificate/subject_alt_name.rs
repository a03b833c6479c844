//! A certificate's subject alternative names (RFC 5280, section 4.2.1.6), as far as clients compare them with
//! the host that they connect to.

use std::fmt::{self, Display, Write as _};
use std::net::IpAddr;

use x509_parser::extensions::GeneralName;

/// One name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectAltName {
    /// A host name in lower case, perhaps with `*.` in front.
    Dns(String),
    /// An address.
    Ip(IpAddr),
    /// A name of another kind, which no client compares with a host, as it is shown.
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

    /// The host name or address as it is typed; `None` for a name of another kind.
    pub fn host(&self) -> Option<String> {
        match self {
            Self::Dns(name) => Some(name.clone()),
            Self::Ip(address) => Some(address.to_string()),
            Self::Other(_) => None,
        }
    }

    /// The same, or a name of another kind as it is shown.
    pub fn host_or_text(&self) -> String {
        self.host().unwrap_or_else(|| self.to_string())
    }
}

/// As `openssl x509 -text` writes it: `DNS:host`, `IP:address`.
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
