//! The fields of a certificate that the lints do not need: its names, its key, its usage, its signer. Read
//! only by trust-compose and trust-doctor, never when a container starts.

use std::fmt::Write as _;
use std::net::IpAddr;

use x509_parser::extensions::{
    AccessDescription, ExtendedKeyUsage, GeneralName, NameConstraints, ParsedExtension,
};
use x509_parser::oid_registry::OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS;
use x509_parser::prelude::{FromDer as _, X509Certificate, X509Error};

use crate::trust::certificate::Certificate;
use crate::trust::certificate::key_kind::KeyKind;
use crate::trust::certificate::subject_alt_name::SubjectAltName;

/// Further fields of a certificate.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// The serial number, in hexadecimal digits.
    pub serial: String,
    /// The kind of its key.
    pub key: KeyKind,
    /// Its subject alternative names.
    pub names: Vec<SubjectAltName>,
    /// The key usages, by their names in RFC 5280, section 4.2.1.3.
    pub key_usage: Vec<String>,
    /// The extended key usages, by their names in RFC 5280, section 4.2.1.12.
    pub extended_key_usage: Vec<String>,
    /// The name constraints of a CA.
    pub constraints: Option<Constraints>,
    /// The public key's bits, as in the certificate.
    pub public_key: Vec<u8>,
    /// The subject key identifier (RFC 5280, section 4.2.1.2), as OpenSSL prints it: `3A:07:…`.
    pub key_identifier: Option<String>,
    /// The authority key identifier (section 4.2.1.1).
    pub issuer_key_identifier: Option<String>,
    /// The URL of its issuer's certificate (section 4.2.2.1).
    pub issuer_url: Option<String>,
}

/// The names that a CA may sign for (RFC 5280, section 4.2.1.10).
#[derive(Clone, Debug, Default)]
pub struct Constraints {
    permitted: Vec<Subtree>,
    excluded: Vec<Subtree>,
}

#[derive(Clone, Debug)]
enum Subtree {
    Dns(String),
    Ip { address: Vec<u8>, mask: Vec<u8> },
}

impl Details {
    /// Reads them. Extensions that cannot be read count as missing.
    pub fn of(certificate: &Certificate) -> Self {
        let Ok((_, x509)) = X509Certificate::from_der(&certificate.der) else {
            return Self::default();
        };
        let mut details = Self {
            serial: hexadecimal(without_leading_zero(x509.raw_serial())),
            key: KeyKind::read(&x509),
            public_key: x509.public_key().subject_public_key.data.to_vec(),
            ..Self::default()
        };
        for extension in x509.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectAlternativeName(san) => {
                    details.names = san.general_names.iter().map(SubjectAltName::read).collect();
                }
                ParsedExtension::KeyUsage(usage) => {
                    let usage = usage.flags;
                    let set = KEY_USAGE.iter().enumerate().filter(|(bit, _)| usage >> bit & 1 == 1);
                    details.key_usage = set.map(|(_, name)| (*name).to_owned()).collect();
                }
                ParsedExtension::ExtendedKeyUsage(usage) => {
                    details.extended_key_usage = purposes(usage);
                }
                ParsedExtension::NameConstraints(constraints) => {
                    details.constraints = Some(Constraints::of(constraints));
                }
                ParsedExtension::SubjectKeyIdentifier(id) => {
                    details.key_identifier = Some(with_colons(id.0));
                }
                ParsedExtension::AuthorityKeyIdentifier(authority) => {
                    let id = authority.key_identifier.as_ref();
                    details.issuer_key_identifier = id.map(|id| with_colons(id.0));
                }
                ParsedExtension::AuthorityInfoAccess(access) => {
                    details.issuer_url = access.accessdescs.iter().find_map(issuer_url);
                }
                _ => {}
            }
        }
        details
    }
}

/// Returns the subject key identifier of `certificate` (RFC 5280, section 4.2.1.2).
pub fn key_identifier(certificate: &Certificate) -> Option<Vec<u8>> {
    let (_, x509) = X509Certificate::from_der(&certificate.der).ok()?;
    x509.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
        _ => None,
    })
}

/// Whether `authority` signed `certificate`: its name is the issuer's, and its key verifies the signature.
/// If the kind of signature cannot be verified here (a rare key, RSA below 2048 bits), the name alone
/// decides.
pub fn is_signed_by(certificate: &Certificate, authority: &Certificate) -> bool {
    let read = X509Certificate::from_der(&certificate.der);
    let (Ok((_, below)), Ok((_, above))) = (read, X509Certificate::from_der(&authority.der)) else {
        return false;
    };
    below.issuer().as_raw() == above.subject().as_raw()
        && match below.verify_signature(Some(above.public_key())) {
            Ok(()) | Err(X509Error::SignatureUnsupportedAlgorithm) => true,
            Err(_) => {
                authority.rare_key.is_some() || authority.rsa_bits.is_some_and(|bits| bits < 2048)
            }
        }
}

/// The bits of KeyUsage, in their order.
const KEY_USAGE: &[&str] = &[
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

fn purposes(usage: &ExtendedKeyUsage<'_>) -> Vec<String> {
    let known = [
        (usage.any, "anyExtendedKeyUsage"),
        (usage.server_auth, "serverAuth"),
        (usage.client_auth, "clientAuth"),
        (usage.code_signing, "codeSigning"),
        (usage.email_protection, "emailProtection"),
        (usage.time_stamping, "timeStamping"),
        (usage.ocsp_signing, "OCSPSigning"),
    ];
    let known = known.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name.to_owned());
    known.chain(usage.other.iter().map(ToString::to_string)).collect()
}

/// Returns an integer without the zero that DER puts before a first byte with its highest bit set (X.690,
/// section 8.3).
fn without_leading_zero(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(&[0]).filter(|rest| !rest.is_empty()).unwrap_or(bytes)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn with_colons(bytes: &[u8]) -> String {
    let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

fn issuer_url(access: &AccessDescription<'_>) -> Option<String> {
    match access.access_location {
        GeneralName::URI(url) if access.access_method == OID_PKIX_ACCESS_DESCRIPTOR_CA_ISSUERS => {
            Some(url.to_owned())
        }
        _ => None,
    }
}

impl Constraints {
    fn of(constraints: &NameConstraints<'_>) -> Self {
        let read = |subtrees: &Option<Vec<x509_parser::extensions::GeneralSubtree<'_>>>| {
            let subtrees = subtrees.iter().flatten();
            subtrees.filter_map(|subtree| Subtree::of(&subtree.base)).collect()
        };
        Self {
            permitted: read(&constraints.permitted_subtrees),
            excluded: read(&constraints.excluded_subtrees),
        }
    }

    /// Whether it may sign for this host, or for those below `*.`.
    pub fn allows_host(&self, host: &str) -> bool {
        let host = host.strip_prefix("*.").unwrap_or(host);
        self.allows(|subtree| match subtree {
            Subtree::Dns(base) => Some(is_below(host, base)),
            Subtree::Ip { .. } => None,
        })
    }

    /// Whether it may sign for this address.
    pub fn allows_address(&self, address: IpAddr) -> bool {
        let bytes = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        self.allows(|subtree| match subtree {
            Subtree::Ip { address, mask } => {
                let masked = |bytes: &[u8]| -> Vec<u8> {
                    bytes.iter().zip(mask).map(|(byte, mask)| byte & mask).collect()
                };
                Some(bytes.len() == address.len() && masked(&bytes) == masked(address))
            }
            Subtree::Dns(_) => None,
        })
    }

    /// Whether a name is allowed. `holds` returns whether a subtree contains it, or `None` for a subtree of
    /// another kind. Kinds without a subtree are not restricted.
    fn allows(&self, holds: impl Fn(&Subtree) -> Option<bool>) -> bool {
        let permitted: Vec<_> = self.permitted.iter().filter_map(&holds).collect();
        (permitted.is_empty() || permitted.contains(&true))
            && !self.excluded.iter().any(|subtree| holds(subtree) == Some(true))
    }
}

impl Subtree {
    fn of(base: &GeneralName<'_>) -> Option<Self> {
        match base {
            GeneralName::DNSName(base) => Some(Self::Dns(base.to_ascii_lowercase())),
            GeneralName::IPAddress(bytes) => {
                let (address, mask) = bytes.split_at_checked(bytes.len() / 2)?;
                Some(Self::Ip { address: address.to_vec(), mask: mask.to_vec() })
            }
            _ => None,
        }
    }
}

/// Whether `host` is `base` with zero or more labels added on the left (RFC 5280, section 4.2.1.10).
fn is_below(host: &str, base: &str) -> bool {
    let base = base.strip_prefix('.').unwrap_or(base);
    host.strip_suffix(base)
        .is_some_and(|rest| base.is_empty() || rest.is_empty() || rest.ends_with('.'))
}
