//! The context of all diagnoses of a server's chain: anchors, candidates and dates.

use std::sync::Arc;

use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::{CertificateError, Error, RootCertStore};

use crate::doctor::anchor_file::AnchorFile;
use crate::doctor::endpoint::Endpoint;
use crate::doctor::handshake::{HandshakeResult, verifier};
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::is_signed_by;
use crate::trust::time::Time;

/// The context of a diagnosis.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    /// The files of anchors that programs in the container read, that of most programs first.
    pub files: &'a [AnchorFile],
    /// Certificates of `--ca`: reported if trusting one would fix a connection.
    pub candidates: &'a [Certificate],
    /// The current time.
    pub now: Time,
    /// The days that a certificate should still be valid.
    pub days: i64,
}

/// Returns the signed part of the chain: from the server's own certificate on, each signed by the next.
pub(crate) fn signing_path(chain: &[Certificate]) -> Vec<&Certificate> {
    let mut path: Vec<&Certificate> = chain.first().into_iter().collect();
    while let Some(last) = path.last().filter(|last| !last.is_self_issued) {
        let is_next = |one: &&Certificate| {
            path.iter().all(|other| other.der != one.der) && is_signed_by(last, one)
        };
        let Some(next) = chain.iter().find(is_next) else { break };
        path.push(next);
    }
    path
}

/// Whether a client that trusts `roots` accepts the issuer of the chain that the server sent. The name in the
/// certificate is not checked.
pub(crate) fn accepts(
    roots: &Arc<RootCertStore>,
    endpoint: &Endpoint,
    result: &HandshakeResult,
) -> bool {
    let unknown = || Error::from(CertificateError::UnknownIssuer);
    let verify = || {
        let verifier = verifier(roots).ok_or_else(unknown)?;
        let (own, rest) = result.chain.split_first().ok_or_else(unknown)?;
        let name = ServerName::try_from(endpoint.host.clone()).map_err(|_| unknown())?;
        verifier.verify_server_cert(own, rest, &name, &[], UnixTime::now()).map(|_| ())
    };
    match verify() {
        Ok(()) => true,
        Err(Error::InvalidCertificate(error)) => matches!(
            error,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        ),
        Err(_) => false,
    }
}

/// What to do about a server's certificate that has to be issued again for the same names.
pub(crate) const RENEW: &str = "renew it where it was issued (`trust-compose certs --renew`, if trust-compose \
     issued it), then restart the server";
