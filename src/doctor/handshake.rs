//! A real TLS handshake, with all that it tells: what the server sent, and how it ended.
//!
//! Every certificate is verified, against the bundle that was asked about. What the server sent is
//! noted before that, because it says why verification fails; a connection that is not verified ends
//! there, and nothing is ever sent over any.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct,
    Error, ProtocolVersion, RootCertStore, SignatureScheme,
};

use crate::doctor::endpoint::Target;

/// What came of a call.
#[derive(Debug)]
pub struct Heard {
    /// What the server sent, its own certificate first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The protocol that was agreed upon.
    pub version: Option<ProtocolVersion>,
    /// Whether it asked for a certificate of ours.
    pub asks: bool,
    /// How it ended.
    pub end: Result<(), End>,
}

/// Why there is no verified connection.
#[derive(Debug)]
pub enum End {
    /// The name is not known.
    NoHost(io::Error),
    /// Nobody says in time whether it is known.
    Lookup,
    /// Nobody listens there.
    Refused,
    /// No connection in time.
    Silent,
    /// It takes the connection, and says nothing in time.
    Hangs,
    /// The network says something else.
    Network(io::Error),
    /// The server answers, but not in TLS: its first bytes.
    Plain(Vec<u8>),
    /// It hung up.
    Closed,
    /// It speaks no protocol later than TLS 1.1.
    Old,
    /// It does not go on without a certificate of ours.
    WantsCertificate,
    /// It refuses for a reason of its own.
    Alert(AlertDescription),
    /// Its certificate does not pass.
    Certificate(CertificateError),
    /// Something else in TLS.
    Tls(Error),
}

/// Calls `target`, and waits for each step no longer than `patience`.
pub fn call(target: &Target, roots: &Arc<RootCertStore>, patience: Duration) -> Heard {
    let witness = Arc::new(Witness::default());
    let end = attempt(target, roots, patience, &witness);
    let asks = witness.asked.load(Ordering::Relaxed);
    let chain = witness.chain.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let (version, end) = match end {
        Ok(version) => (version, Ok(())),
        // Before TLS 1.3 there is no alert that says so.
        Err(End::Alert(_)) if asks => (None, Err(End::WantsCertificate)),
        Err(end) => (None, Err(end)),
    };
    Heard { chain, version, asks, end }
}

fn attempt(
    target: &Target,
    roots: &Arc<RootCertStore>,
    patience: Duration,
    witness: &Arc<Witness>,
) -> Result<Option<ProtocolVersion>, End> {
    let mut stream = connect(target, patience)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let verifier = verifier(roots);
    let noting = Noting { verifier, algorithms, witness: Arc::clone(witness) };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(End::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(noting))
        .with_client_cert_resolver(Arc::<Witness>::clone(witness));
    let name = ServerName::try_from(target.host.clone())
        .map_err(|_| End::NoHost(io::ErrorKind::InvalidInput.into()))?;
    let mut tls = ClientConnection::new(Arc::new(config), name).map_err(End::Tls)?;
    let mut first = Vec::new();
    let until = Instant::now() + patience;
    while tls.is_handshaking() {
        step(&mut tls, &mut stream, &mut first, until)?;
    }
    let version = tls.protocol_version();
    // In TLS 1.3 a server says only now that it goes on without a certificate or not (RFC 8446, section
    // 4.4.2.4), and one that does would wait for words of ours.
    tls.send_close_notify();
    let _ = tls.write_tls(&mut stream);
    while witness.asked.load(Ordering::Relaxed) {
        match step(&mut tls, &mut stream, &mut first, until) {
            Err(End::Hangs | End::Closed) => break,
            other => other?,
        }
    }
    Ok(version)
}

/// The addresses of `target`. The system's own lookup knows no limit, so it is left to itself.
fn addresses(target: &Target, patience: Duration) -> Result<Vec<SocketAddr>, End> {
    let (sender, receiver) = mpsc::channel();
    let (host, port) = (target.host.clone(), target.port);
    thread::spawn(move || {
        sender.send((host.as_str(), port).to_socket_addrs().map(Iterator::collect))
    });
    receiver.recv_timeout(patience).map_err(|_| End::Lookup)?.map_err(End::NoHost)
}

fn connect(target: &Target, patience: Duration) -> Result<TcpStream, End> {
    let mut end = End::NoHost(io::ErrorKind::NotFound.into());
    for address in addresses(target, patience)? {
        match TcpStream::connect_timeout(&address, patience) {
            Ok(stream) => {
                stream.set_write_timeout(Some(patience)).map_err(End::Network)?;
                return Ok(stream);
            }
            // Of several addresses the one that tells most: often there is no IPv6.
            Err(_) if matches!(end, End::Refused | End::Silent) => {}
            Err(error) if is_late(&error) => end = End::Silent,
            Err(error) => end = network(error),
        }
    }
    Err(end)
}

fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

fn network(error: io::Error) -> End {
    match error.kind() {
        _ if is_late(&error) => End::Hangs,
        io::ErrorKind::ConnectionRefused => End::Refused,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::UnexpectedEof
        | io::ErrorKind::BrokenPipe => End::Closed,
        _ => End::Network(error),
    }
}

/// Sends what there is to send, and takes in what comes, not later than `until`. `first` are the first bytes that came: they
/// tell what speaks there if it is not TLS.
fn step(
    tls: &mut ClientConnection,
    stream: &mut TcpStream,
    first: &mut Vec<u8>,
    until: Instant,
) -> Result<(), End> {
    while tls.wants_write() {
        tls.write_tls(stream).map_err(network)?;
    }
    stream.flush().map_err(network)?;
    let left = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
    stream.set_read_timeout(Some(left.ok_or(End::Hangs)?)).map_err(End::Network)?;
    let mut bytes = [0; 16 << 10];
    let read = stream.read(&mut bytes).map_err(network)?;
    let Some(mut read) = bytes.get(..read).filter(|read| !read.is_empty()) else {
        return Err(End::Closed);
    };
    if first.is_empty() {
        first.extend(read);
    }
    while !read.is_empty() {
        tls.read_tls(&mut read).map_err(network)?;
        if let Err(error) = tls.process_new_packets() {
            // The server is told why, as politeness demands.
            let _ = tls.write_tls(stream);
            return Err(judge(error, first));
        }
    }
    Ok(())
}

fn judge(error: Error, first: &[u8]) -> End {
    use rustls::PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig;
    match error {
        Error::InvalidMessage(_) | Error::PeerIncompatible(_) if !is_tls(first) => {
            End::Plain(first.to_vec())
        }
        Error::PeerIncompatible(ServerTlsVersionIsDisabledByOurConfig)
        | Error::AlertReceived(AlertDescription::ProtocolVersion) => End::Old,
        Error::InvalidCertificate(error) => End::Certificate(error),
        Error::AlertReceived(AlertDescription::CertificateRequired) => End::WantsCertificate,
        Error::AlertReceived(alert) => End::Alert(alert),
        other => End::Tls(other),
    }
}

/// Whether bytes are a record of TLS: a handshake or an alert, of version 3 (RFC 8446, section 5.1).
fn is_tls(first: &[u8]) -> bool {
    matches!(first, [0x15 | 0x16, 3, ..])
}

/// Notes what the server sends and asks.
#[derive(Debug, Default)]
struct Witness {
    chain: Mutex<Vec<CertificateDer<'static>>>,
    asked: AtomicBool,
}

impl ResolvesClientCert for Witness {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        None
    }

    /// Else nobody would ask us.
    fn has_certs(&self) -> bool {
        true
    }
}

/// What verifies against `roots`; `None` if there are none, and then nothing passes.
pub fn verifier(roots: &Arc<RootCertStore>) -> Option<Arc<WebPkiServerVerifier>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    WebPkiServerVerifier::builder_with_provider(Arc::clone(roots), provider).build().ok()
}

/// Verification as it always is, after a note of what is verified.
#[derive(Debug)]
struct Noting {
    verifier: Option<Arc<WebPkiServerVerifier>>,
    algorithms: WebPkiSupportedAlgorithms,
    witness: Arc<Witness>,
}

impl ServerCertVerifier for Noting {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let all = std::iter::once(own).chain(intermediates);
        *self.witness.chain.lock().unwrap_or_else(PoisonError::into_inner) =
            all.map(|certificate| certificate.clone().into_owned()).collect();
        match &self.verifier {
            Some(verifier) => verifier.verify_server_cert(own, intermediates, name, ocsp, now),
            None => Err(CertificateError::UnknownIssuer.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
