//! Calls of trust-doctor to servers that send no certificate, and several calls at once.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;

use crate::desk::Desk;
use crate::doctor::connect::{desk, doctor, lab, probe, server, url};
use crate::world::Outcome;

/// Returns the finding `id`; panics if it is missing or has another sign.
#[track_caller]
pub fn finding(outcome: &Outcome, sign: &str, id: &str) -> serde_json::Value {
    let answer: serde_json::Value = serde_json::from_str(&outcome.stdout()).unwrap();
    let findings = answer["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["id"] == id);
    let found = found.unwrap_or_else(|| panic!("no {id} in {answer:#}"));
    assert_eq!(found["sign"], sign, "{answer:#}");
    found.clone()
}

/// Returns the text of the finding `id` if a process with these anchors calls a server.
#[track_caller]
pub fn found(desk: &Desk, anchors: &str, words: &[&str], sign: &str, id: &str) -> String {
    let outcome = probe(desk, anchors, &[words, &["--json"]].concat());
    let outcome = outcome.exits(i32::from(sign == "error"));
    let found = finding(&outcome, sign, id);
    format!(
        "{} fix: {}",
        found["cause"].as_str().unwrap(),
        found["fix"].as_str().unwrap_or_default()
    )
}

#[track_caller]
pub fn is_in(words: &str, text: &str) {
    assert!(text.contains(words), "{words:?} is missing in: {text}");
}

/// Starts a server that answers the first bytes of each connection with `answer`.
fn answering(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map(Result::unwrap) {
            let mut start = [0; 5];
            stream.read_exact(&mut start).unwrap();
            let _ = stream.write_all(answer);
            // Wait until the client has read the answer: closing with unread bytes would discard it.
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        }
    });
    port
}

#[test]
fn https_to_a_plain_port_and_http_to_a_tls_port_are_explained() {
    let desk = desk();
    let (_server, tls) = lab(&desk);
    let plain = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let call = |scheme: &str, port: u16, sign: &str, id: &str| {
        let url = format!("{scheme}://localhost:{port}");
        found(&desk, "lab/ca.crt", &["--connect", &url], sign, id)
    };
    is_in("plain HTTP: the server speaks no TLS", &call("http", plain, "ok", "plain-http"));
    is_in("its answer begins with `HTTP/1.1 400", &call("https", plain, "error", "no-tls"));
    let found = call("http", tls, "error", "tls-on-http");
    is_in("http:// gets an empty reply, or `400 Bad Request`", &found);
    is_in(&format!("fix: write https://localhost:{tls}"), &found);
    call("https", tls, "ok", "verified");
    let (_old, old) = server(
        &desk,
        "-cert lab/server.pem -key lab/server-key.pem -tls1_1 -cipher ALL:@SECLEVEL=0",
    );
    call("http", old, "error", "tls-on-http");
    call("http", answering(b""), "ok", "plain-http");
    // Without a scheme, and with the port of another scheme.
    let words = ["--connect", &format!("localhost:{tls}")];
    self::found(&desk, "lab/ca.crt", &words, "ok", "verified");
}

#[test]
fn the_tls_alert_of_a_refused_handshake_is_explained() {
    let desk = desk();
    let key = "-cert lab/server.pem -key lab/server-key.pem";
    let reports = |port: u16, id: &str, words: &str| {
        let words_of_it = found(&desk, "lab/ca.crt", &["--connect", &url(port)], "error", id);
        is_in(words, &words_of_it);
    };
    let (_other, port) = server(
        &desk,
        &format!(
            "{key} -servername llm.lan -cert2 lab/server.pem -key2 lab/server-key.pem -servername_fatal"
        ),
    );
    reports(port, "name-not-served", "for the name `localhost` (TLS alert unrecognized_name)");
    let (_other, port) = server(&desk, &format!("{key} -tls1_2 -cipher AES128-SHA"));
    reports(port, "alert", "the server refuses: TLS alert handshake_failure");
    // The answer of Caddy to an unknown name, and to a call by address, which sends no name.
    let caddy = answering(&[21, 3, 3, 0, 2, 2, 80]);
    reports(caddy, "name-not-served", "for the name `localhost` (TLS alert internal_error)");
    let url = format!("https://127.0.0.1:{caddy}");
    let of_address = found(&desk, "lab/ca.crt", &["--connect", &url], "error", "name-not-served");
    is_in("no certificate for this address (TLS alert internal_error)", &of_address);
    is_in("fix: use its name", &of_address);
    reports(answering(&[22, 3, 3, 0, 4, 9, 9, 9, 9]), "handshake", "the handshake fails: ");
    reports(
        answering(b""),
        "hung-up",
        "the server closed the connection during the handshake (an empty reply)",
    );
    for version in ["-tls1_2", "-tls1_3"] {
        let (_wants, port) = server(&desk, &format!("{key} {version} -Verify 1"));
        reports(port, "client-certificate-wanted", "the server requires a client certificate");
        let (_asks, port) = server(&desk, &format!("{key} {version} -verify 1"));
        let words = ["--connect", &self::url(port)];
        found(&desk, "lab/ca.crt", &words, "ok", "client-certificate-optional");
    }
}

#[test]
fn servers_are_called_in_parallel_and_reported_in_order() {
    let desk = desk();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // The server answers only after both calls have arrived.
    let thread = std::thread::spawn(move || {
        let both: [TcpStream; 2] = std::array::from_fn(|_| listener.accept().unwrap().0);
        for mut stream in both {
            let mut start = [0; 5];
            stream.read_exact(&mut start).unwrap();
            stream.write_all(b"SSH-2.0-OpenSSH_9\r\n").unwrap();
        }
    });
    let (_server, other) = lab(&desk);
    let urls = [
        format!("https://127.0.0.1:{port}"),
        format!("https://127.0.0.1:{other}"),
        format!("https://localhost:{port}"),
    ];
    let words: Vec<_> = urls.iter().flat_map(|url| ["--connect", url.as_str()]).collect();
    let outcome = probe(&desk, "lab/ca.crt", &words).exits(1);
    thread.join().unwrap();
    let text = outcome.stdout();
    let lines: Vec<_> = text.lines().filter(|line| line.contains("https://")).collect();
    assert_eq!(lines.len(), urls.len(), "{text}");
    for (line, url) in lines.iter().zip(&urls) {
        is_in(&format!("{url}: "), line);
    }
    assert_eq!(
        text.matches("the server speaks no TLS: its answer begins with `SSH-").count(),
        2,
        "{text}"
    );
}

#[test]
fn a_terminal_shows_the_server_that_has_not_answered() {
    let desk = desk();
    let run = |words: &str| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = url(listener.local_addr().unwrap().port());
        let (begun, waiting) = mpsc::channel();
        // The server answers after the terminal has shown the waiting line; otherwise it never answers.
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _: Result<(), _> = waiting.recv();
            let _ = stream.write_all(b"SSH-2.0\r\n");
        });
        let program = env!("CARGO_BIN_EXE_trust-doctor");
        let pid = std::process::id().to_string();
        let line = format!("{program} --pid {pid} --connect {url} --timeout 3 {words}");
        let mut command = desk.command("script".as_ref(), &["-qec", &line, "typescript"], "022");
        let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
        let mut shown = Vec::new();
        let mut screen = BufReader::new(child.stdout.take().unwrap());
        while screen.read_until(b'K', &mut shown).unwrap() > 0 {
            if String::from_utf8_lossy(&shown).contains("\r\x1b[K") {
                let _ = begun.send(());
            }
        }
        child.wait().unwrap();
        (url, String::from_utf8_lossy(&shown).into_owned())
    };
    let (url, shown) = run("");
    is_in(&format!("\r\x1b[Kwaiting for {url}\r\x1b[K"), &shown);
    is_in("the server speaks no TLS", &shown);
    let (_, shown) = run("--json");
    assert!(!shown.contains("waiting for"), "{shown}");
    is_in("\"hangs\"", &shown);
    let (_, shown) = run("2>errors");
    assert!(!shown.contains("waiting for"), "{shown}");
    assert_eq!(desk.read("errors"), "");
}

#[test]
fn colours_are_printed_on_terminals_without_no_color() {
    let desk = desk();
    let program = env!("CARGO_BIN_EXE_trust-doctor");
    let pid = std::process::id().to_string();
    let shown = |before: &str, after: &str| {
        // No server listens on port 9 (discard, RFC 863).
        let line = format!("{before} {program} --pid {pid} --connect https://127.0.0.1:9 {after}");
        let words = ["-qec", &line, "typescript"];
        let output = desk.command("script".as_ref(), &words, "022").output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    is_in("\x1b[31merror   \x1b[0mhttps://127.0.0.1:9: connection refused", &shown("", ""));
    for plain in [shown("NO_COLOR=1", ""), shown("", "| cat"), shown("", "--json")] {
        is_in("connection refused", &plain);
        assert!(!plain.contains('\x1b'), "{plain}");
    }
    // https://no-color.org: an empty value has no effect.
    is_in("\x1b[31m", &shown("NO_COLOR=", ""));
}

#[test]
fn only_host_and_port_of_a_url_are_ever_printed() {
    let desk = desk();
    let (_server, port) = lab(&desk);
    let secret = |at: &str| format!("https://me:hunter2@{at}/hunter2?hunter2#hunter2");
    let path = desk.path("lab/ca.crt").display().to_string();
    let mut listener = Some(TcpListener::bind("127.0.0.1:0").unwrap());
    let silent = listener.as_ref().unwrap().local_addr().unwrap().port();
    // One URL for each way in which a call ends.
    let places = [
        format!("localhost:{port}"),
        format!("127.0.0.1:{port}"),
        format!("localhost:{silent}"),
        format!("localhost:{}", answering(b"HTTP/1.1 400\r\n")),
        "missing.invalid".to_owned(),
        "localhost:99999".to_owned(),
    ];
    let urls = places.map(|place| secret(&place)).join(";");
    for bundle in [&path, &desk.path("other/ca.crt").display().to_string()] {
        let variables = [("SSL_CERT_FILE", bundle.as_str()), ("BACKENDS", urls.as_str())];
        let connect: Vec<_> = urls.split(';').take(5).flat_map(|url| ["--connect", url]).collect();
        for words in [&[][..], &["--json"], &connect, &["--connect", &secret("localhost:99999")]] {
            let outcome = doctor(&desk, &variables, &[words, &["--timeout", "1"]].concat());
            let text = outcome.stdout() + &outcome.stderr();
            assert!(!text.contains("hunter2"), "{text}");
            let is_called = words.first() != Some(&"--connect") || words.len() > 2;
            assert_eq!(text.contains(&format!("https://127.0.0.1:{port}")), is_called, "{text}");
        }
    }
    drop(listener.take());
}
