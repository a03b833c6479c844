//! Certificates that trust-compose does not create, with any validity. For both test programs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rcgen::{CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, SanType};
use time::{Duration, OffsetDateTime};

/// Creates a server certificate and its key in `to`, signed by the CA in `authority`, valid from and to so
/// many days from now.
pub fn sign(authority: &Path, to: &Path, names: &[&str], (begin, end): (i64, i64)) {
    let read = |file| fs::read_to_string(authority.join(file)).unwrap();
    let key = KeyPair::from_pem(&read("ca.key")).unwrap();
    let issuer = Issuer::from_ca_cert_pem(&read("ca.crt"), key).unwrap();
    let mut params = valid(begin, end);
    for name in names {
        params.subject_alt_names.push(match name.parse() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName((*name).try_into().unwrap()),
        });
    }
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, names.first().copied().unwrap_or("server"));
    params.use_authority_key_identifier_extension = true;
    params.is_ca = IsCa::ExplicitNoCa;
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    fs::write(to.join("server.pem"), certificate.pem()).unwrap();
    fs::write(to.join("server-key.pem"), key.serialize_pem()).unwrap();
    let mode = fs::Permissions::from_mode(0o600);
    fs::set_permissions(to.join("server-key.pem"), mode).unwrap();
}

/// Returns the parameters of a certificate that is valid from and to so many days from now.
pub fn valid(begin: i64, end: i64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = OffsetDateTime::now_utc() + Duration::days(begin);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(end);
    params
}
