//! The fields of a custom CA's certificate that the lints depend on.

#[cfg(feature = "tools")]
pub mod extensions;
#[cfg(feature = "tools")]
pub(crate) mod key_kind;
#[cfg(feature = "tools")]
pub(crate) mod subject_alt_name;
pub(crate) mod strict_gap;
pub(crate) mod encoding;
pub(crate) mod strict_der;
pub(crate) mod java_rules;
pub(crate) mod names;
pub(crate) mod lints;

use crate::trust::fingerprint::Fingerprint;
use crate::trust::time::{DAY, Time};
use std::borrow::Cow;
use std::collections::BTreeSet;

use rustls_pki_types::CertificateDer;
use x509_parser::certificate::X509CertificateParser;
use x509_parser::extensions::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use x509_parser::nom::{self, Parser as _};
use x509_parser::oid_registry::{
    OID_PKCS1_RSAENCRYPTION, OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER, OID_X509_EXT_BASIC_CONSTRAINTS,
    OID_X509_EXT_EXTENDED_KEY_USAGE, OID_X509_EXT_KEY_USAGE, OID_X509_EXT_SUBJECT_ALT_NAME,
    OID_X509_EXT_SUBJECT_KEY_IDENTIFIER, Oid,
};
use x509_parser::prelude::{FromDer, X509Certificate, X509Error, X509Name, X509Version};

use crate::trust::bundle::Pem;
use crate::trust::certificate::strict_gap::StrictGap;
use crate::trust::der::{self, CONTEXT_0, EC_KEY, INTEGER, SEQUENCE};
use crate::trust::source::Label;

/// One certificate that the user asked to trust.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate, byte for byte.
    pub der: CertificateDer<'static>,
    /// The certificate as text.
    pub pem: Pem<'static>,
    /// Its source.
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
    /// Whether it is X.509 version 1 or 2, which have no field that says whether it is a CA.
    pub is_old: bool,
    /// The fields that strict clients require and it lacks.
    pub strict_gaps: Vec<StrictGap>,
    /// Whether its serial number is below zero.
    pub has_negative_serial: bool,
    /// Whether its extended key usage allows servers.
    pub is_for_servers: bool,
    /// Whether it has a critical extension that OpenSSL, and so nearly every client, does not support.
    pub has_unknown_critical: bool,
    /// The bits of its key, if that is RSA.
    pub rsa_bits: Option<usize>,
    /// The kind of its key, if not every client supports it.
    pub rare_key: Option<&'static str>,
    /// Why a JVM cannot read it and would reject a key store that contains it; set by
    /// [`crate::trust::inspection::read_certificate`].
    pub java_flaw: Option<&'static str>,
    /// The public key with its algorithm, as DER.
    pub(crate) public_key: Vec<u8>,
    subject_der: Vec<u8>,
    issuer_der: Vec<u8>,
}

/// The validity below which a certificate counts as short-lived, in days.
const SHORT_LIVED_DAYS: i64 = 45;

impl Certificate {
    /// Reads a certificate.
    ///
    /// # Errors
    /// `None` if the bytes are not exactly one certificate.
    pub fn read(der: &[u8], label: &Label) -> Option<Self> {
        // Only the extensions that a lint depends on are parsed.
        let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
        let (rest, x509) = parser.parse(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let is_old = x509.version() != X509Version::V3;
        let is_self_issued = x509.subject().as_raw() == x509.issuer().as_raw();
        let constraints =
            extension::<BasicConstraints>(&x509, &OID_X509_EXT_BASIC_CONSTRAINTS).ok()?;
        let usage = extension::<KeyUsage>(&x509, &OID_X509_EXT_KEY_USAGE).ok()?;
        let purposes =
            extension::<ExtendedKeyUsage>(&x509, &OID_X509_EXT_EXTENDED_KEY_USAGE).ok()?;
        let is_ca = match &constraints {
            Some((_, constraints)) => constraints.ca,
            None => is_old && is_self_issued,
        };
        Some(Self {
            der: CertificateDer::from(der.to_vec()),
            pem: Pem::encode(der),
            label: label.clone(),
            subject: display_name(x509.subject()),
            issuer: display_name(x509.issuer()),
            is_self_issued,
            not_before: Time(x509.validity().not_before),
            not_after: Time(x509.validity().not_after),
            is_ca,
            is_old,
            strict_gaps: strict_gaps(&x509, constraints.as_ref(), usage.as_ref(), is_self_issued),
            has_negative_serial: x509.raw_serial().first().is_some_and(|byte| *byte >= 0x80),
            is_for_servers: purposes.is_none_or(|(_, usage)| usage.server_auth || usage.any),
            has_unknown_critical: x509
                .extensions()
                .iter()
                .any(|extension| extension.critical && !is_known(extension.oid.as_bytes())),
            rsa_bits: rsa_bits(&x509),
            rare_key: rare_key(&x509),
            java_flaw: None,
            public_key: x509.public_key().raw.to_vec(),
            subject_der: x509.subject().as_raw().to_vec(),
            issuer_der: x509.issuer().as_raw().to_vec(),
        })
    }

    /// Returns the SHA-256 digest of the DER.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of([self.der.as_ref()])
    }

    /// Whether less than `days` of the validity are left, or less than a third of a short one: a certificate of
    /// Caddy or step-ca for a day is renewed in time.
    pub fn ends_within(&self, days: i64, now: Time) -> bool {
        let (from, to) = (self.not_before.seconds(), self.not_after.seconds());
        let is_short = to - from < SHORT_LIVED_DAYS * DAY;
        let window = if is_short { (to - from) / 3 } else { days * DAY };
        to - now.seconds() < window
    }

    /// Returns the subject's name, as DER.
    pub fn subject_der(&self) -> Vec<u8> {
        self.subject_der.clone()
    }

    /// Whether it has the subject's name of `other`, byte for byte.
    pub(crate) fn has_name_of(&self, other: &Self) -> bool {
        self.subject_der == other.subject_der
    }

    /// Whether its issuer's name is among `names`.
    pub fn has_issuer_among(&self, names: &BTreeSet<Vec<u8>>) -> bool {
        names.contains(&self.issuer_der)
    }
}

/// Returns the subject's name in DER, also if the fields after it are broken (RFC 5280, section 4.1).
pub fn subject_der(mut der: &[u8]) -> Option<Vec<u8>> {
    let mut whole = der::take_contents(SEQUENCE, &mut der)?;
    let fields = der::take_contents(SEQUENCE, &mut whole)?;
    let fields = der::skip_values(fields, &[CONTEXT_0]).unwrap_or(fields);
    let name = der::skip_values(fields, &[INTEGER, SEQUENCE, SEQUENCE, SEQUENCE])?;
    Some(name.strip_suffix(der::skip_values(name, &[SEQUENCE])?)?.to_vec())
}

/// The short names of common attribute types (RFC 4519, section 2; RFC 2985 for the e-mail address), by the
/// contents of their OID.
const ATTRIBUTES: &[(&[u8], &str)] = &[
    (&[0x55, 0x04, 0x03], "CN"),
    (&[0x55, 0x04, 0x05], "serialNumber"),
    (&[0x55, 0x04, 0x06], "C"),
    (&[0x55, 0x04, 0x07], "L"),
    (&[0x55, 0x04, 0x08], "ST"),
    (&[0x55, 0x04, 0x0a], "O"),
    (&[0x55, 0x04, 0x0b], "OU"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19], "DC"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01], "emailAddress"),
];

/// Returns a name for messages: `CN=Lab CA, O=Lab`, in the order of the certificate.
fn display_name(name: &X509Name<'_>) -> String {
    let mut text = String::new();
    for part in name.iter_attributes() {
        let oid = part.attr_type();
        let known = ATTRIBUTES.iter().find(|(known, _)| *known == oid.as_bytes());
        let key = known.map_or_else(|| oid.to_id_string().into(), |(_, key)| Cow::from(*key));
        // Text of any string type, or else the bytes with invalid UTF-8 replaced.
        let value = match part.as_str() {
            Ok(text) => Cow::from(text),
            Err(_) => String::from_utf8_lossy(part.as_slice()),
        };
        let comma = if text.is_empty() { "" } else { ", " };
        text.extend([comma, &key, "=", &value]);
    }
    text
}

/// Whether a certificate is a server's; false if it cannot be read. `has_key`: another setting names a
/// private key. Then a certificate counts as a server's unless it is marked as a CA in every way: `openssl
/// req -x509` creates each certificate as a CA, by basicConstraints alone.
pub fn is_server_certificate(der: &[u8], has_key: bool) -> bool {
    let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
    let Ok((_, x509)) = parser.parse(der) else { return false };
    let constraints = extension::<BasicConstraints>(&x509, &OID_X509_EXT_BASIC_CONSTRAINTS);
    let is_ca = constraints.is_ok_and(|found| found.is_some_and(|(_, found)| found.ca));
    let usage = extension::<KeyUsage>(&x509, &OID_X509_EXT_KEY_USAGE);
    let may_sign = usage.is_ok_and(|found| found.is_some_and(|(_, found)| found.key_cert_sign()));
    let has_names = x509.extensions().iter().any(|it| it.oid == OID_X509_EXT_SUBJECT_ALT_NAME);
    // Before version 3 no field says whether it is a CA.
    let is_leaf = !is_ca && x509.version() == X509Version::V3;
    is_leaf || (has_key && (!may_sign || has_names))
}

/// Returns the extension `oid`, if it exists: whether it is critical, and its value.
fn extension<'a, T: FromDer<'a, X509Error>>(
    x509: &'a X509Certificate<'_>,
    oid: &Oid<'_>,
) -> Result<Option<(bool, T)>, nom::Err<X509Error>> {
    let mut extensions = x509.extensions().iter();
    match extensions.find(|extension| extension.oid == *oid) {
        Some(extension) => Ok(Some((extension.critical, T::from_der(extension.value)?.1))),
        None => Ok(None),
    }
}

/// Returns the bits of an RSA key's modulus (`RSAPublicKey`, RFC 8017, appendix A.1.1).
fn rsa_bits(x509: &X509Certificate<'_>) -> Option<usize> {
    let key = x509.public_key();
    if key.algorithm.algorithm != OID_PKCS1_RSAENCRYPTION {
        return None;
    }
    let (_, numbers, _) = der::value(key.subject_public_key.data.as_ref())?;
    let (_, modulus, _) = der::value(numbers)?;
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let first = modulus.get(zeros)?;
    Some((modulus.len() - zeros) * 8 - first.leading_zeros() as usize)
}

/// The critical extensions that OpenSSL accepts, `X509_supported_extension` in
/// <https://github.com/openssl/openssl/blob/openssl-3.0/crypto/x509/v3_purp.c>, by the last byte of their
/// OID after [`ID_CE`]; current CAs use no others.
const KNOWN: &[u8] = &[15, 17, 19, 30, 31, 32, 33, 36, 37, 54];
/// `2.5.29`, id-ce (RFC 5280, section 4.2.1), as OID contents.
const ID_CE: &[u8] = &[0x55, 0x1d];

fn is_known(oid: &[u8]) -> bool {
    oid.split_last().is_some_and(|(last, front)| front == ID_CE && KNOWN.contains(last))
}

/// Returns the kind of a key that rustls does not support with ring, its smaller provider
/// (<https://docs.rs/rustls/0.23/rustls/crypto/ring/>), by the contents of the key's OIDs; `None` for a kind
/// that every client supports.
fn rare_key(x509: &X509Certificate<'_>) -> Option<&'static str> {
    let algorithm = &x509.public_key().algorithm;
    let curve = algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
    match (algorithm.algorithm.as_bytes(), curve.as_ref().map(Oid::as_bytes)) {
        // RFC 5480, section 2.1.1.1: P-256, P-384, P-521; RFC 8410, section 3: Ed25519, Ed448.
        (
            EC_KEY,
            Some([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07] | [0x2b, 0x81, 0x04, 0x00, 0x22]),
        )
        | ([0x2b, 0x65, 0x70], _) => None,
        (EC_KEY, Some([0x2b, 0x81, 0x04, 0x00, 0x23])) => Some("on the curve P-521"),
        (EC_KEY, _) => Some("on a curve other than P-256, P-384 and P-521"),
        ([0x2b, 0x65, 0x71], _) => Some("Ed448"),
        // RFC 3279, section 2.3.2, and RFC 4055, section 1.2.
        ([0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01], _) => Some("DSA"),
        ([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a], _) => Some("RSA for PSS only"),
        _ => rsa_bits(x509).is_some_and(|bits| bits > 8192).then_some("RSA of more than 8192 bits"),
    }
}

/// Returns the fields that strict clients require in a CA and `x509` lacks.
fn strict_gaps(
    x509: &X509Certificate<'_>,
    constraints: Option<&(bool, BasicConstraints)>,
    usage: Option<&(bool, KeyUsage)>,
    is_self_issued: bool,
) -> Vec<StrictGap> {
    let mut gaps = Vec::new();
    match constraints {
        None => gaps.push(StrictGap::NoConstraints),
        Some((false, _)) => gaps.push(StrictGap::OptionalConstraints),
        Some((true, _)) => {}
    }
    match usage {
        None => gaps.push(StrictGap::NoKeyUsage),
        Some((_, usage)) if !usage.key_cert_sign() => {
            gaps.push(StrictGap::MayNotSign);
        }
        Some(_) => {}
    }
    let has = |oid: &Oid<'_>| x509.extensions().iter().any(|extension| extension.oid == *oid);
    if !has(&OID_X509_EXT_SUBJECT_KEY_IDENTIFIER) {
        gaps.push(StrictGap::NoSubjectKeyIdentifier);
    }
    if !is_self_issued && !has(&OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER) {
        gaps.push(StrictGap::NoAuthorityKeyIdentifier);
    }
    if x509.subject().iter().next().is_none() {
        gaps.push(StrictGap::EmptySubject);
    }
    gaps
}
