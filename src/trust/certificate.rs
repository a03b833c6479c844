//! What a custom CA's certificate says of itself, as far as a lint depends on it.

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
use crate::trust::time::Time;
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
    /// What strict clients ask for and it lacks.
    pub strict_gaps: Vec<StrictGap>,
    /// Whether its serial number is below zero.
    pub has_negative_serial: bool,
    /// Whether servers are among what it may vouch for.
    pub is_for_servers: bool,
    /// Whether there is a critical extension that OpenSSL does not know, and with it hardly anybody.
    pub has_unknown_critical: bool,
    /// Bits of an RSA key, where it is one.
    pub rsa_bits: Option<usize>,
    /// What its key is, where not every client knows it.
    pub rare_key: Option<&'static str>,
    /// Why a JVM cannot read it, which would lose its whole key store: known of a custom CA, see
    /// [`crate::trust::inspection::read`].
    pub java_flaw: Option<&'static str>,
    subject_der: Vec<u8>,
    issuer_der: Vec<u8>,
}

impl Certificate {
    /// Reads a certificate.
    ///
    /// # Errors
    /// `None` where the bytes are no certificate, or more than one.
    pub fn read(der: &[u8], label: &Label) -> Option<Self> {
        // Of the extensions only those are read that a lint depends on.
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
            subject: text_of(x509.subject()),
            issuer: text_of(x509.issuer()),
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
            subject_der: x509.subject().as_raw().to_vec(),
            issuer_der: x509.issuer().as_raw().to_vec(),
        })
    }

    /// SHA-256 of the DER.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of([self.der.as_ref()])
    }

    /// The subject's name, as DER.
    pub fn name(&self) -> Vec<u8> {
        self.subject_der.clone()
    }

    /// Whether its issuer's name is among `names`.
    pub fn has_issuer_among(&self, names: &BTreeSet<Vec<u8>>) -> bool {
        names.contains(&self.issuer_der)
    }
}

/// The subject's name of any certificate, as DER, whatever is wrong behind it (RFC 5280, section 4.1).
pub fn name(mut der: &[u8]) -> Option<Vec<u8>> {
    let mut whole = der::take(SEQUENCE, &mut der)?;
    let fields = der::take(SEQUENCE, &mut whole)?;
    let fields = der::behind(fields, &[CONTEXT_0]).unwrap_or(fields);
    let name = der::behind(fields, &[INTEGER, SEQUENCE, SEQUENCE, SEQUENCE])?;
    Some(name.strip_suffix(der::behind(name, &[SEQUENCE])?)?.to_vec())
}

/// The names of name parts that people know (RFC 4519, section 2; RFC 2985 for the e-mail address),
/// by the contents of their OID.
const PARTS: &[(&[u8], &str)] = &[
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

/// A name as people read it: `CN=Lab CA, O=Lab`, in the order of the certificate.
fn text_of(name: &X509Name<'_>) -> String {
    let mut text = String::new();
    for part in name.iter_attributes() {
        let oid = part.attr_type();
        let known = PARTS.iter().find(|(known, _)| *known == oid.as_bytes());
        let key = known.map_or_else(|| oid.to_id_string().into(), |(_, key)| Cow::from(*key));
        // Text in any of the string types, or the bytes with what is no UTF-8 marked.
        let value = match part.as_str() {
            Ok(text) => Cow::from(text),
            Err(_) => String::from_utf8_lossy(part.as_slice()),
        };
        let comma = if text.is_empty() { "" } else { ", " };
        text.extend([comma, &key, "=", &value]);
    }
    text
}

/// Whether a certificate is a server's; what cannot be read is none. `has_key`: a setting beside it names a
/// key. Then it is one, too, if it only does not say in every way that it is a CA: `openssl req -x509`
/// makes each certificate a CA, in basicConstraints alone.
pub fn is_servers(der: &[u8], has_key: bool) -> bool {
    let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
    let Ok((_, x509)) = parser.parse(der) else { return false };
    let constraints = extension::<BasicConstraints>(&x509, &OID_X509_EXT_BASIC_CONSTRAINTS);
    let is_ca = constraints.is_ok_and(|found| found.is_some_and(|(_, found)| found.ca));
    let usage = extension::<KeyUsage>(&x509, &OID_X509_EXT_KEY_USAGE);
    let may_sign = usage.is_ok_and(|found| found.is_some_and(|(_, found)| found.key_cert_sign()));
    let has_names = x509.extensions().iter().any(|it| it.oid == OID_X509_EXT_SUBJECT_ALT_NAME);
    // Before version 3 a certificate cannot say whether it is a CA.
    let is_leaf = !is_ca && x509.version() == X509Version::V3;
    is_leaf || (has_key && (!may_sign || has_names))
}

/// The extension `oid`, if it is there: whether it is critical, and its value.
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

/// The length of an RSA key's modulus (`RSAPublicKey`, RFC 8017, appendix A.1.1).
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

/// The extensions that OpenSSL takes where they are critical, `X509_supported_extension` in
/// <https://github.com/openssl/openssl/blob/openssl-3.0/crypto/x509/v3_purp.c>, by the last byte of their
/// OID behind [`ID_CE`]; of the others none is in a CA of today.
const KNOWN: &[u8] = &[15, 17, 19, 30, 31, 32, 33, 36, 37, 54];
/// `2.5.29`, id-ce (RFC 5280, section 4.2.1), as OID contents.
const ID_CE: &[u8] = &[0x55, 0x1d];

fn is_known(oid: &[u8]) -> bool {
    oid.split_last().is_some_and(|(last, front)| front == ID_CE && KNOWN.contains(last))
}

/// What a key is that rustls does not know, as ring, its smaller provider, has it
/// (<https://docs.rs/rustls/0.23/rustls/crypto/ring/>), by the contents of its OIDs: `None` for those that
/// every client knows.
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
        (EC_KEY, _) => Some("on a curve that is none of P-256, P-384 and P-521"),
        ([0x2b, 0x65, 0x71], _) => Some("Ed448"),
        // RFC 3279, section 2.3.2, and RFC 4055, section 1.2.
        ([0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01], _) => Some("DSA"),
        ([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a], _) => Some("RSA for PSS only"),
        _ => rsa_bits(x509).is_some_and(|bits| bits > 8192).then_some("RSA of more than 8192 bits"),
    }
}

/// What a CA lacks for strict clients.
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
