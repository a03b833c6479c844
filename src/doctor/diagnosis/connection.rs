//! Explains why there is no verified connection, if the certificate is not the cause.

use std::net::IpAddr;

use rustls::AlertDescription;

use crate::doctor::endpoint::Endpoint;
use crate::doctor::handshake::{HandshakeError, HandshakeResult};
use crate::sys::finding::Finding;
use crate::sys::output;
use crate::sys::quote;

/// Returns the finding about a failed handshake.
pub(crate) fn diagnose(endpoint: &Endpoint, error: &HandshakeError) -> Finding {
    use HandshakeError as E;
    let (id, fix) = match error {
        E::UnknownHost => (
            "no-such-host",
            "correct the name, start its container, or add it to DNS or to `extra_hosts:`",
        ),
        E::LookupTimeout => (
            "no-name-server",
            "check that the name servers in /etc/resolv.conf can be reached from the container",
        ),
        E::Refused => ("refused", "start the server, or correct the port"),
        E::ConnectTimeout => {
            ("silent", "check for a firewall in between, or wait longer with --timeout")
        }
        E::ReadTimeout => {
            ("hangs", "check the server's log: it may be busy, or speak no TLS on that port")
        }
        E::Network(_) => ("unreachable", "fix the network first"),
        E::NotTls(_) => ("no-tls", "use http://, or configure TLS in the server"),
        E::Closed => {
            ("hung-up", "check the server's log: it may expect another name, or speak no TLS")
        }
        E::OldProtocol => ("old-protocol", "enable TLS 1.2 or 1.3 in the server"),
        E::ClientCertificateRequired => {
            ("client-certificate-wanted", "configure one in the client: no trust anchor fixes this")
        }
        // Go sends internal_error where it has no certificate for a name, most other servers
        // unrecognized_name.
        E::Alert(
            alert @ (AlertDescription::InternalError | AlertDescription::UnrecognisedName),
        ) => {
            return no_certificate(endpoint, *alert);
        }
        E::Alert(_) => ("alert", "check the server's log"),
        E::Certificate(_) => ("unusable-certificate", "create the certificate again"),
        E::Tls(_) => ("handshake", "check the server's log"),
    };
    Finding::error(id, endpoint, cause(endpoint, error), fix)
}

fn cause(endpoint: &Endpoint, error: &HandshakeError) -> String {
    use HandshakeError as E;
    let host = quote::word(&endpoint.host);
    match error {
        E::UnknownHost => format!("no such host: {host} has no address here"),
        E::LookupTimeout => {
            format!("no name server answered the query for {host} in time")
        }
        E::Refused => {
            format!("connection refused: nothing is listening on port {}", endpoint.port)
        }
        E::ConnectTimeout => "no answer in time".to_owned(),
        E::ReadTimeout => "the server accepts the connection and sends nothing in time".to_owned(),
        E::Network(error) => format!("it cannot be reached: {}", output::cause(error)),
        E::NotTls(first) => format!("the server speaks no TLS{}", first_line(first)),
        E::Closed => {
            "the server closed the connection during the handshake (an empty reply)".to_owned()
        }
        E::OldProtocol => {
            "the server speaks no protocol later than TLS 1.1, which clients refuse".to_owned()
        }
        E::ClientCertificateRequired => "the server requires a client certificate".to_owned(),
        E::Alert(alert) => format!("the server refuses: TLS alert {}", alert_name(*alert)),
        E::Certificate(error) => error.to_string(),
        E::Tls(error) => format!("the handshake fails: {error}"),
    }
}

/// The finding about a server that has no certificate for the requested name.
fn no_certificate(endpoint: &Endpoint, alert: AlertDescription) -> Finding {
    let (host, alert) = (quote::word(&endpoint.host), alert_name(alert));
    let (cause, fix) = if endpoint.host.parse::<IpAddr>().is_ok() {
        (
            format!("the server has no certificate for this address (TLS alert {alert})"),
            "use its name, or configure a certificate for the address (Caddy: `default_sni`)"
                .to_owned(),
        )
    } else {
        (
            format!("the server has no certificate for the name {host} (TLS alert {alert})"),
            format!("use a name in its certificate, or configure a certificate for {host}"),
        )
    };
    Finding::error("name-not-served", endpoint, cause, fix)
}

/// Returns the finding about an http:// server, which got the beginning of a handshake to test for TLS.
pub(crate) fn plain_http(endpoint: &Endpoint, result: &HandshakeResult) -> Finding {
    use HandshakeError as E;
    match &result.end {
        Err(E::NotTls(_) | E::Closed | E::ReadTimeout) => {
            let cause = "plain HTTP: the server speaks no TLS, so no certificate is involved";
            Finding::ok("plain-http", endpoint, cause)
        }
        Err(
            error @ (E::UnknownHost
            | E::LookupTimeout
            | E::Refused
            | E::ConnectTimeout
            | E::Network(_)),
        ) => diagnose(endpoint, error),
        Ok(()) | Err(_) => {
            let cause = "the server speaks TLS on this port: http:// gets an empty reply, or `400 Bad Request`";
            let https = Endpoint { is_https: true, ..endpoint.clone() };
            Finding::error("tls-on-http", endpoint, cause, format!("write {https}"))
        }
    }
}

/// Quotes the beginning of an answer that is not TLS, if it is text.
fn first_line(first: &[u8]) -> String {
    let line = first.split(|byte| *byte < b' ').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line.get(..40).unwrap_or(line)).into_owned();
    if line.is_empty() {
        String::new()
    } else {
        format!(": its answer begins with {}", quote::word(&line))
    }
}

/// Returns the alert's name as in RFC 8446, section 6.
fn alert_name(alert: AlertDescription) -> String {
    if alert == AlertDescription::UnrecognisedName {
        return "unrecognized_name".to_owned();
    }
    let mut name = String::new();
    for letter in alert.as_str().unwrap_or("without a name").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}
