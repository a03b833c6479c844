//! A TLS server, a TLS client and a generator of certificates, for the tests and the demo.
//!
//! One static program, so that the client runs in an empty image and no program of the machine is needed.
//! The client trusts what rustls-native-certs finds: the file in SSL_CERT_FILE, otherwise the system's roots.
//!
//!   peer make DIR NAME [SAN]...          DIR/ca.crt, DIR/server.pem and DIR/server-key.pem; with the same
//!                                        key expired.pem, and intermediate.pem by a CA below the CA
//!   peer serve CERT KEY ADDRESS[:PORT]   prints `listening on ADDRESS:PORT`, answers until killed
//!   peer get HOST:PORT                   prints the answer of the server, or the TLS error

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a tool of the tests")]

use std::error::Error;
use std::io::{BufRead as _, BufReader, Read as _, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
};
use time::{Duration, OffsetDateTime};

/// The answer of every server.
const PAGE: &str = "served over a verified connection";

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["make", directory, name, sans @ ..] => make(Path::new(directory), name, sans),
        ["serve", certificate, key, address] => serve(certificate, key, address),
        ["get", address] => get(address),
        _ => {
            Err("usage: peer make DIR NAME [SAN]... | serve CERT KEY ADDRESS | get HOST:PORT"
                .into())
        }
    }
}

/// Creates a CA of that name, and server certificates for localhost and `sans`: one signed by the CA, one that
/// has expired, and one signed by an intermediate, with its chain.
fn make(directory: &Path, name: &str, sans: &[&str]) -> Outcome {
    std::fs::create_dir_all(directory)?;
    let [authority_key, intermediate_key, key] =
        [KeyPair::generate()?, KeyPair::generate()?, KeyPair::generate()?];
    let authority = authority(name);
    let certificate = authority.self_signed(&authority_key)?;
    std::fs::write(directory.join("ca.crt"), certificate.pem())?;
    let authority = Issuer::new(authority, authority_key);

    let names = ["localhost", "127.0.0.1"].iter().chain(sans).map(|san| (*san).to_owned());
    let mut server = CertificateParams::new(names.collect::<Vec<_>>())?;
    server.distinguished_name.push(DnType::CommonName, "localhost");
    server.use_authority_key_identifier_extension = true;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    valid(&mut server, Duration::days(365));
    std::fs::write(directory.join("server.pem"), server.signed_by(&key, &authority)?.pem())?;
    std::fs::write(directory.join("server-key.pem"), key.serialize_pem())?;

    let mut intermediate = self::authority(&format!("{name}, intermediate"));
    intermediate.use_authority_key_identifier_extension = true;
    let above = intermediate.signed_by(&intermediate_key, &authority)?.pem();
    let intermediate = Issuer::new(intermediate, intermediate_key);
    let chain = server.signed_by(&key, &intermediate)?.pem() + &above;
    std::fs::write(directory.join("intermediate.pem"), chain)?;

    server.not_before -= Duration::days(30);
    server.not_after = server.not_before + Duration::days(29);
    std::fs::write(directory.join("expired.pem"), server.signed_by(&key, &authority)?.pem())?;
    Ok(())
}

fn authority(name: &str) -> CertificateParams {
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, name);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid(&mut authority, Duration::days(3650));
    authority
}

fn valid(certificate: &mut CertificateParams, length: Duration) {
    let now = OffsetDateTime::now_utc();
    certificate.not_before = now - Duration::hours(1);
    certificate.not_after = now + length;
}

fn serve(certificate: &str, key: &str, address: &str) -> Outcome {
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    // A client that offers both gets the first; gRPC offers only the second.
    config.alpn_protocols = vec![b"http/1.1".to_vec(), b"h2".to_vec()];
    let config = Arc::new(config);
    let with_port = if address.contains(':') { address.to_owned() } else { format!("{address}:0") };
    let listener = TcpListener::bind(with_port)?;
    println!("listening on {}", listener.local_addr()?);
    std::io::stdout().flush()?;
    for stream in listener.incoming() {
        let (stream, config) = (stream?, Arc::clone(&config));
        // A client that does not trust the certificate closes the connection: no error of the server.
        std::thread::spawn(move || answer(stream, config).ok());
    }
    Ok(())
}

fn answer(stream: TcpStream, config: Arc<ServerConfig>) -> Outcome {
    let mut tls = StreamOwned::new(ServerConnection::new(config)?, stream);
    tls.conn.complete_io(&mut tls.sock)?;
    if tls.conn.alpn_protocol() == Some(b"h2") {
        return answer_grpc(tls);
    }
    let mut line = String::new();
    let mut reader = BufReader::new(&mut tls);
    let mut length = 0;
    while reader.read_line(&mut line)? > 2 {
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        }
        line.clear();
    }
    // A client that is still writing would never read the answer.
    std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n";
    write!(tls, "{head}Content-Length: {}\r\n\r\n{PAGE}\n", PAGE.len() + 1)?;
    tls.conn.send_close_notify();
    tls.flush()?;
    Ok(())
}

/// The minimum of HTTP/2 that a gRPC client requires: each call fails at once, with the page as its
/// reason. <https://www.rfc-editor.org/rfc/rfc9113#section-4.1> has the frames,
/// <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses> the headers.
fn answer_grpc(mut tls: StreamOwned<ServerConnection, TcpStream>) -> Outcome {
    const SETTINGS: u8 = 4;
    let headers = [
        (":status", "200"),
        ("content-type", "application/grpc"),
        ("grpc-status", "12"),
        ("grpc-message", PAGE),
    ];
    let mut answer = vec![];
    for (name, value) in headers {
        // HPACK: a literal without indexing, with a new name, in plain text.
        answer.push(0);
        for text in [name, value] {
            answer.push(u8::try_from(text.len())?);
            answer.extend(text.as_bytes());
        }
    }
    tls.read_exact(&mut [0; "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len()])?;
    send_frame(&mut tls, SETTINGS, 0, [0; 4], &[])?;
    loop {
        let mut head = [0; 9];
        tls.read_exact(&mut head)?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        tls.read_exact(&mut payload)?;
        match (kind, flags & 1) {
            // The end of both the headers and the stream.
            (1, _) => send_frame(&mut tls, 1, 5, stream, &answer)?,
            // Settings and pings are acknowledged.
            (SETTINGS, 0) => send_frame(&mut tls, SETTINGS, 1, stream, &[])?,
            (6, 0) => send_frame(&mut tls, 6, 1, stream, &payload)?,
            _ => {}
        }
    }
}

fn send_frame(
    to: &mut impl Write,
    kind: u8,
    flags: u8,
    stream: [u8; 4],
    payload: &[u8],
) -> Outcome {
    let [_, length @ ..] = u32::try_from(payload.len())?.to_be_bytes();
    to.write_all(&[&length[..], &[kind, flags], &stream, payload].concat())?;
    Ok(to.flush()?)
}

fn get(address: &str) -> Outcome {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let (host, _) = address.rsplit_once(':').ok_or("the address must be HOST:PORT")?;
    let name = match host.parse::<IpAddr>() {
        Ok(ip) => ServerName::from(ip),
        Err(_) => ServerName::try_from(host.to_owned())?,
    };
    let stream = TcpStream::connect(address)?;
    let mut tls = StreamOwned::new(ClientConnection::new(Arc::new(config), name)?, stream);
    write!(tls, "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut reply = String::new();
    tls.read_to_string(&mut reply)?;
    print!("{}", reply.split_once("\r\n\r\n").map_or("", |(_, body)| body));
    Ok(())
}
