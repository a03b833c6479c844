//! No verified connection, and no certificate is to blame.

use rustls::AlertDescription;

use crate::doctor::endpoint::Target;
use crate::doctor::handshake::{End, Heard};
use crate::sys::finding::Finding;
use crate::sys::output;
use crate::sys::quote;

/// Why there is no connection.
pub fn diagnose(target: &Target, end: &End) -> Finding {
    let host = quote::word(&target.host);
    let (id, cause, fix) = match end {
        End::NoHost(_) => (
            "no-such-host",
            format!("no such host: {host} has no address here"),
            "correct the name, start its container, or let DNS or `extra_hosts:` have it",
        ),
        End::Lookup => (
            "no-name-server",
            format!("no name server says in time what the address of {host} is"),
            "look whether the servers in /etc/resolv.conf can be reached from there",
        ),
        End::Refused => (
            "refused",
            format!("connection refused: nobody listens on port {}", target.port),
            "start the server, or correct the port",
        ),
        End::Silent => (
            "silent",
            "no answer in time".to_owned(),
            "look whether a firewall is in between, or wait longer with --timeout",
        ),
        End::Hangs => (
            "hangs",
            "it takes the connection and says nothing: no answer in time".to_owned(),
            "look into the server's log: it may be busy, or speak no TLS on that port",
        ),
        End::Network(error) => (
            "unreachable",
            format!("it cannot be reached: {}", output::cause(error)),
            "mend the network first",
        ),
        End::Plain(first) => (
            "no-tls",
            format!("it speaks no TLS{}", plain(first)),
            "call it by http://, or let the server use TLS",
        ),
        End::Closed => (
            "hung-up",
            "it hung up during the handshake (an empty reply)".to_owned(),
            "look into the server's log: it may want another name, or speak no TLS",
        ),
        End::Old => (
            "old-protocol",
            "it speaks no protocol later than TLS 1.1, which clients refuse".to_owned(),
            "switch on TLS 1.2 or 1.3 in the server",
        ),
        End::WantsCertificate => (
            "client-certificate-wanted",
            "it wants a client's certificate".to_owned(),
            "configure one in the client: no trust anchor mends this",
        ),
        // Go says the one where it has no certificate for a name, most others the other.
        End::Alert(
            alert @ (AlertDescription::InternalError | AlertDescription::UnrecognisedName),
        ) => return no_certificate_for_it(target, *alert),
        End::Alert(alert) => {
            ("alert", format!("it refuses: {}", words(*alert)), "look into the server's log")
        }
        End::Certificate(error) => {
            ("unusable-certificate", error.to_string(), "have the certificate made anew")
        }
        End::Tls(error) => {
            ("handshake", format!("the handshake fails: {error}"), "look into the server's log")
        }
    };
    Finding::error(id, target, cause, fix)
}

/// A server that chooses its certificate by the name it is called by has none for this one.
fn no_certificate_for_it(target: &Target, alert: AlertDescription) -> Finding {
    let (host, alert) = (quote::word(&target.host), words(alert));
    let is_address = target.host.parse::<std::net::IpAddr>().is_ok();
    let (cause, fix) = if is_address {
        (
            format!(
                "it refuses a call by an address: {alert}, as servers say that have no certificate for that"
            ),
            "call it by its name, or give the server one for that (Caddy: `default_sni`)"
                .to_owned(),
        )
    } else {
        (
            format!(
                "it refuses the name {host}: {alert}, as servers say that have no certificate for that"
            ),
            format!("call it by a name that it serves, or let it serve {host} too"),
        )
    };
    Finding::error("name-not-served", target, cause, fix)
}

/// What came of a call to a server that is said to speak plain HTTP. All that it was sent is the begin
/// of a handshake, which says whether it speaks TLS instead.
pub fn plainly(target: &Target, heard: &Heard) -> Finding {
    match &heard.end {
        Err(End::Plain(_) | End::Closed | End::Hangs) => {
            let cause = "plain HTTP: it speaks no TLS, and no certificate is involved";
            Finding::ok("plain-http", target, cause)
        }
        Err(
            end @ (End::NoHost(_) | End::Lookup | End::Refused | End::Silent | End::Network(_)),
        ) => diagnose(target, end),
        Ok(()) | Err(_) => {
            let cause = "it speaks TLS: http:// gets an empty reply there, or `400 Bad Request`";
            let https = Target { is_https: true, ..target.clone() };
            Finding::error("tls-on-http", target, cause, format!("write {https}"))
        }
    }
}

/// What speaks there, as far as its first bytes tell.
fn plain(first: &[u8]) -> String {
    let line = first.split(|byte| *byte < b' ').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line.get(..40).unwrap_or(line)).into_owned();
    if line.is_empty() {
        String::new()
    } else {
        format!(": its first words are {}", quote::word(&line))
    }
}

/// The alert's name in its own spelling (RFC 8446, section 6).
fn words(alert: AlertDescription) -> String {
    if alert == AlertDescription::UnrecognisedName {
        return "unrecognized_name".to_owned();
    }
    let mut words = String::new();
    for letter in alert.as_str().unwrap_or("an alert without a name").chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}
