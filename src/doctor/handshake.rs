//! A TLS handshake: what the server sent, and how it ended.
//!
//! Every certificate is verified with the given anchors. What the server sent is recorded before that,
//! because it shows why verification fails. A connection that is not verified ends there, and no application
//! data is sent over any.

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

use crate::doctor::endpoint::Endpoint;

/// The result of a handshake.
#[derive(Debug)]
pub(crate) struct HandshakeResult {
    /// The certificates that the server sent, its own first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The negotiated protocol.
    pub version: Option<ProtocolVersion>,
    /// Whether the server asked for a client certificate.
    pub is_client_certificate_requested: bool,
    /// Whether the connection is verified.
    pub end: Result<(), HandshakeError>,
}

/// Why there is no verified connection.
#[derive(Debug)]
pub(crate) enum HandshakeError {
    /// The host name has no address.
    UnknownHost,
    /// The name service did not answer in time.
    LookupTimeout,
    /// No process listens on the port.
    Refused,
    /// No connection in time.
    ConnectTimeout,
    /// The server accepted the connection, and sent nothing in time.
    ReadTimeout,
    /// Another network error.
    Network(io::Error),
    /// The server does not speak TLS: its first bytes.
    NotTls(Vec<u8>),
    /// The server closed the connection.
    Closed,
    /// The server speaks no protocol later than TLS 1.1.
    OldProtocol,
    /// The server requires a client certificate.
    ClientCertificateRequired,
    /// The server refused with this alert.
    Alert(AlertDescription),
    /// The server's certificate is not valid.
    Certificate(CertificateError),
    /// Another TLS error.
    Tls(Error),
}

/// Performs a handshake with `endpoint`, and waits at most `timeout` for each step.
pub(crate) fn call(
    endpoint: &Endpoint,
    roots: &Arc<RootCertStore>,
    timeout: Duration,
) -> HandshakeResult {
    let recorder = Arc::new(ChainRecorder::default());
    let end = attempt(endpoint, roots, timeout, &recorder);
    let is_requested = recorder.is_requested.load(Ordering::Relaxed);
    let chain = recorder.chain.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let (version, end) = match end {
        Ok(version) => (version, Ok(())),
        // Before TLS 1.3 no alert has this meaning.
        Err(HandshakeError::Alert(_)) if is_requested => {
            (None, Err(HandshakeError::ClientCertificateRequired))
        }
        Err(end) => (None, Err(end)),
    };
    HandshakeResult { chain, version, is_client_certificate_requested: is_requested, end }
}

fn attempt(
    endpoint: &Endpoint,
    roots: &Arc<RootCertStore>,
    timeout: Duration,
    recorder: &Arc<ChainRecorder>,
) -> Result<Option<ProtocolVersion>, HandshakeError> {
    let mut stream = connect(endpoint, timeout)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let verifier = verifier(roots);
    let recording = RecordingVerifier { verifier, algorithms, recorder: Arc::clone(recorder) };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(HandshakeError::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(recording))
        .with_client_cert_resolver(Arc::<ChainRecorder>::clone(recorder));
    let name =
        ServerName::try_from(endpoint.host.clone()).map_err(|_| HandshakeError::UnknownHost)?;
    let mut tls = ClientConnection::new(Arc::new(config), name).map_err(HandshakeError::Tls)?;
    let mut first = Vec::new();
    let until = Instant::now() + timeout;
    while tls.is_handshaking() {
        step(&mut tls, &mut stream, &mut first, until)?;
    }
    let version = tls.protocol_version();
    // Only now does a server of TLS 1.3 refuse or accept that there is no client certificate (RFC 8446,
    // section 4.4.2.4); one that accepts waits for data.
    tls.send_close_notify();
    let _ = tls.write_tls(&mut stream);
    while recorder.is_requested.load(Ordering::Relaxed) {
        match step(&mut tls, &mut stream, &mut first, until) {
            Err(HandshakeError::ReadTimeout | HandshakeError::Closed) => break,
            other => other?,
        }
    }
    Ok(version)
}

/// Looks up the addresses of `endpoint`. The system's lookup has no time limit, so its thread may outlive
/// this call.
fn addresses(endpoint: &Endpoint, timeout: Duration) -> Result<Vec<SocketAddr>, HandshakeError> {
    let (sender, receiver) = mpsc::channel();
    let (host, port) = (endpoint.host.clone(), endpoint.port);
    thread::spawn(move || {
        sender.send((host.as_str(), port).to_socket_addrs().map(Iterator::collect))
    });
    receiver
        .recv_timeout(timeout)
        .map_err(|_| HandshakeError::LookupTimeout)?
        .map_err(|_| HandshakeError::UnknownHost)
}

fn connect(endpoint: &Endpoint, timeout: Duration) -> Result<TcpStream, HandshakeError> {
    let mut end = HandshakeError::UnknownHost;
    for address in addresses(endpoint, timeout)? {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => {
                stream.set_write_timeout(Some(timeout)).map_err(HandshakeError::Network)?;
                return Ok(stream);
            }
            // Keep the more informative error: often there is no route for IPv6.
            Err(_) if matches!(end, HandshakeError::Refused | HandshakeError::ConnectTimeout) => {}
            Err(error) if is_late(&error) => end = HandshakeError::ConnectTimeout,
            Err(error) => end = network(error),
        }
    }
    Err(end)
}

fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

fn network(error: io::Error) -> HandshakeError {
    match error.kind() {
        _ if is_late(&error) => HandshakeError::ReadTimeout,
        io::ErrorKind::ConnectionRefused => HandshakeError::Refused,
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::UnexpectedEof
        | io::ErrorKind::BrokenPipe => HandshakeError::Closed,
        _ => HandshakeError::Network(error),
    }
}

/// Sends pending data, and reads once, until `until` at the latest. `first` gets the first bytes that the
/// server sent, which show its protocol if that is not TLS.
fn step(
    tls: &mut ClientConnection,
    stream: &mut TcpStream,
    first: &mut Vec<u8>,
    until: Instant,
) -> Result<(), HandshakeError> {
    while tls.wants_write() {
        tls.write_tls(stream).map_err(network)?;
    }
    stream.flush().map_err(network)?;
    let left = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
    stream
        .set_read_timeout(Some(left.ok_or(HandshakeError::ReadTimeout)?))
        .map_err(HandshakeError::Network)?;
    let mut bytes = [0; 16 << 10];
    let read = stream.read(&mut bytes).map_err(network)?;
    let Some(mut read) = bytes.get(..read).filter(|read| !read.is_empty()) else {
        return Err(HandshakeError::Closed);
    };
    if first.is_empty() {
        first.extend(read);
    }
    while !read.is_empty() {
        tls.read_tls(&mut read).map_err(network)?;
        if let Err(error) = tls.process_new_packets() {
            // Send the alert with the cause.
            let _ = tls.write_tls(stream);
            return Err(classify_error(error, first));
        }
    }
    Ok(())
}

fn classify_error(error: Error, first: &[u8]) -> HandshakeError {
    use rustls::PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig;
    match error {
        Error::InvalidMessage(_) | Error::PeerIncompatible(_) if !is_tls(first) => {
            HandshakeError::NotTls(first.to_vec())
        }
        Error::PeerIncompatible(ServerTlsVersionIsDisabledByOurConfig)
        | Error::AlertReceived(AlertDescription::ProtocolVersion) => HandshakeError::OldProtocol,
        Error::InvalidCertificate(error) => HandshakeError::Certificate(error),
        Error::AlertReceived(AlertDescription::CertificateRequired) => {
            HandshakeError::ClientCertificateRequired
        }
        Error::AlertReceived(alert) => HandshakeError::Alert(alert),
        other => HandshakeError::Tls(other),
    }
}

/// Whether bytes are a TLS record: a handshake or an alert, of version 3 (RFC 8446, section 5.1).
fn is_tls(first: &[u8]) -> bool {
    matches!(first, [0x15 | 0x16, 3, ..])
}

/// Records the server's chain, and whether it asks for a client certificate.
#[derive(Debug, Default)]
struct ChainRecorder {
    chain: Mutex<Vec<CertificateDer<'static>>>,
    is_requested: AtomicBool,
}

impl ResolvesClientCert for ChainRecorder {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.is_requested.store(true, Ordering::Relaxed);
        None
    }

    /// Otherwise rustls would not call `resolve`.
    fn has_certs(&self) -> bool {
        true
    }
}

/// Returns the verifier for `roots`; `None` if there are no roots, and then no certificate is valid.
pub(crate) fn verifier(roots: &Arc<RootCertStore>) -> Option<Arc<WebPkiServerVerifier>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    WebPkiServerVerifier::builder_with_provider(Arc::clone(roots), provider).build().ok()
}

/// rustls' own verification, after the chain has been recorded.
#[derive(Debug)]
struct RecordingVerifier {
    verifier: Option<Arc<WebPkiServerVerifier>>,
    algorithms: WebPkiSupportedAlgorithms,
    recorder: Arc<ChainRecorder>,
}

impl ServerCertVerifier for RecordingVerifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let all = std::iter::once(own).chain(intermediates);
        *self.recorder.chain.lock().unwrap_or_else(PoisonError::into_inner) =
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
