//! Fields that strict clients require and a certificate lacks.

/// A fault for which OpenSSL rejects a CA under X509_V_FLAG_X509_STRICT, which Python 3.13 sets by default
/// (<https://docs.python.org/3.13/library/ssl.html#ssl.create_default_context>, and `check_extensions` in
/// OpenSSL's crypto/x509/x509_vfy.c).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StrictGap {
    /// No basic constraints.
    NoConstraints,
    /// Basic constraints that are not critical.
    OptionalConstraints,
    /// No key usage.
    NoKeyUsage,
    /// A key usage without keyCertSign: no client accepts the certificates that it signed.
    MayNotSign,
    /// No subject key identifier.
    NoSubjectKeyIdentifier,
    /// No authority key identifier, in a certificate that another CA issued.
    NoAuthorityKeyIdentifier,
    /// No subject.
    EmptySubject,
}

impl StrictGap {
    /// Returns the message of OpenSSL, if it has one (`X509_verify_cert_error_string` in
    /// crypto/x509/x509_txt.c).
    #[cfg(feature = "doctor")]
    pub fn openssl(self) -> Option<&'static str> {
        match self {
            Self::NoKeyUsage => Some("CA cert does not include key usage extension"),
            Self::NoSubjectKeyIdentifier => Some("Missing Subject Key Identifier"),
            Self::NoAuthorityKeyIdentifier => Some("Missing Authority Key Identifier"),
            Self::OptionalConstraints => Some("Basic Constraints of CA cert not marked critical"),
            Self::NoConstraints | Self::MayNotSign | Self::EmptySubject => None,
        }
    }

    /// Returns the fault in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoConstraints => "it has no basic constraints",
            Self::OptionalConstraints => "its basic constraints are not critical",
            Self::NoKeyUsage => "it has no key usage",
            Self::MayNotSign => "its key usage does not allow signing certificates",
            Self::NoSubjectKeyIdentifier => "it has no subject key identifier",
            Self::NoAuthorityKeyIdentifier => "it has no authority key identifier",
            Self::EmptySubject => "its subject is empty",
        }
    }
}
