//! The other end of a TLS connection: makes certificates, serves HTTPS, and asks for a page.
//!
//! One static program, so that the tests and the demo have a real server, and a real client that
//! runs in an empty image, wherever Rust is. The client trusts what rustls-native-certs finds: the
//! file in SSL_CERT_FILE, else the system's roots.
//!
//!   peer make DIR NAME [SAN]...          DIR/ca.crt, DIR/server.pem and DIR/server-key.pem; with the same
//!                                        key expired.pem, and intermediate.pem by a CA below the CA
//!   peer serve CERT KEY ADDRESS[:PORT]   says `listening on ADDRESS:PORT`, answers until killed
//!   peer get HOST:PORT                   prints what the server says, or why it is not trusted

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a tool of the tests")]

use std::error::Error;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
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

/// A CA of that name, and servers' certificates for localhost and `sans`: by the CA, by the CA in the
/// past, and by an intermediate, which is beside it.
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
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    let config = Arc::new(config);
    let with_port = if address.contains(':') { address.to_owned() } else { format!("{address}:0") };
    let listener = TcpListener::bind(with_port)?;
    println!("listening on {}", listener.local_addr()?);
    std::io::stdout().flush()?;
    for stream in listener.incoming() {
        let (stream, config) = (stream?, Arc::clone(&config));
        // A client that does not trust us hangs up: that is its business, not an error here.
        std::thread::spawn(move || answer(stream, config).ok());
    }
    Ok(())
}

fn answer(stream: TcpStream, config: Arc<ServerConfig>) -> Outcome {
    let mut tls = StreamOwned::new(ServerConnection::new(config)?, stream);
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
    // Who is still writing would never read the answer.
    std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
    let body = "served over a verified connection\n";
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n";
    write!(tls, "{head}Content-Length: {}\r\n\r\n{body}", body.len())?;
    tls.conn.send_close_notify();
    tls.flush()?;
    Ok(())
}

fn get(address: &str) -> Outcome {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let (host, _) = address.rsplit_once(':').ok_or("HOST:PORT is wanted")?;
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
