//! What a custom CA's certificate says of itself, as far as somebody's verdict depends on it.

use std::fmt::{self, Display};

use rustls_pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};
use x509_parser::prelude::{
    ASN1Time, FromDer as _, ParsedExtension, X509Certificate, X509Version,
};
use x509_parser::public_key::PublicKey;

use crate::discover::Label;

/// One certificate that somebody asked us to trust.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate, byte for byte.
    pub der: CertificateDer<'static>,
    /// Where it came from.
    pub label: Label,
    /// The subject's name, as text.
    pub subject: String,
    /// The issuer's name, as text.
    pub issuer: String,
    /// Whether subject and issuer are the same name, byte for byte.
    pub is_self_issued: bool,
    /// Start of validity.
    pub not_before: Time,
    /// End of validity.
    pub not_after: Time,
    /// Whether it may sign other certificates.
    pub is_ca: bool,
    /// X.509 version 1 or 2: it cannot say whether it is a CA.
    pub is_old: bool,
    /// What strict clients miss in it.
    pub misses: Vec<&'static str>,
    /// Bits of an RSA key, where it is one.
    pub rsa_bits: Option<usize>,
    subject_der: Vec<u8>,
    issuer_der: Vec<u8>,
}

/// A moment of the calendar, in seconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(ASN1Time);

impl Time {
    /// This moment.
    pub fn now() -> Self {
        Self(ASN1Time::now())
    }
}

/// The day, as in RFC 3339.
impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.0.to_datetime().date();
        write!(f, "{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
    }
}

/// A SHA-256 digest, shown in lower-case hexadecimal digits.
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl Certificate {
    /// Reads a certificate.
    ///
    /// # Errors
    /// `None` where the bytes are no certificate, or more than one.
    pub fn read(der: &[u8], label: &Label) -> Option<Self> {
        let (rest, x509) = X509Certificate::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let is_old = x509.version() != X509Version::V3;
        let is_self_issued = x509.subject().as_raw() == x509.issuer().as_raw();
        let constraints = x509.basic_constraints().ok()?;
        let is_ca = match &constraints {
            Some(constraints) => constraints.value.ca,
            None => is_old && is_self_issued,
        };
        Some(Self {
            der: CertificateDer::from(der.to_vec()),
            label: label.clone(),
            subject: x509.subject().to_string(),
            issuer: x509.issuer().to_string(),
            is_self_issued,
            not_before: Time(x509.validity().not_before),
            not_after: Time(x509.validity().not_after),
            is_ca,
            is_old,
            misses: if is_ca { strictly_missing(&x509, is_self_issued) } else { Vec::new() },
            rsa_bits: match x509.public_key().parsed() {
                Ok(PublicKey::RSA(key)) => Some(key.key_size()),
                _ => None,
            },
            subject_der: x509.subject().as_raw().to_vec(),
            issuer_der: x509.issuer().as_raw().to_vec(),
        })
    }

    /// SHA-256 of the DER.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.der)
    }

    /// Whether `other` bears the name of this certificate's issuer.
    pub fn is_issued_by(&self, other: &Self) -> bool {
        self.issuer_der == other.subject_der
    }

    /// Whether the DER `root` bears the name of this certificate's issuer.
    pub fn is_issued_by_root(&self, root: &[u8]) -> bool {
        memchr::memmem::find(root, &self.issuer_der).is_some()
            && X509Certificate::from_der(root)
                .is_ok_and(|(_, root)| root.subject().as_raw() == self.issuer_der)
    }
}

/// What OpenSSL refuses under X509_V_FLAG_X509_STRICT in a CA, which Python 3.13 switches on for
/// everybody (<https://docs.python.org/3.13/library/ssl.html#ssl.create_default_context>, and
/// `check_extensions` in OpenSSL's crypto/x509/x509_vfy.c). An empty list if nothing.
fn strictly_missing(x509: &X509Certificate<'_>, is_self_issued: bool) -> Vec<&'static str> {
    let mut misses = Vec::new();
    match x509.basic_constraints() {
        Ok(Some(constraints)) if !constraints.critical => {
            misses.push("its basic constraints are not critical");
        }
        Ok(Some(_)) => {}
        _ => misses.push("it has no basic constraints"),
    }
    match x509.key_usage() {
        Ok(Some(usage)) if !usage.value.key_cert_sign() => {
            misses.push("its key usage does not allow signing certificates");
        }
        Ok(Some(_)) => {}
        _ => misses.push("it has no key usage"),
    }
    let has = |wanted: fn(&ParsedExtension<'_>) -> bool| {
        x509.extensions().iter().any(|extension| wanted(extension.parsed_extension()))
    };
    if !has(|extension| matches!(extension, ParsedExtension::SubjectKeyIdentifier(_))) {
        misses.push("it has no subject key identifier");
    }
    if !is_self_issued
        && !has(|extension| matches!(extension, ParsedExtension::AuthorityKeyIdentifier(_)))
    {
        misses.push("it has no authority key identifier");
    }
    if x509.subject().iter().next().is_none() {
        misses.push("its subject is empty");
    }
    misses
}
