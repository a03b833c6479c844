//! A certificate that lacks the address by which its server is reached.

use super::Voice;

#[test]
fn certificate_without_the_address() {
    let voice = Voice::new();
    voice.types("docker compose up -d --wait").exits(0);
    voice.records();
    voice.starts_servers("IP:10.89.77.10");
    let outcome =
        voice.setup("--custom-ca certs/ --without speaches --without kokoro --activate --up");
    voice.types("docker compose up -d --wait").exits(0);
    voice.asks("hear --data-binary @hello.wav").prints("Hello there");
    let subnet = &voice.subnet;
    let mismatch = format!("IP address mismatch, certificate is not valid for '{subnet}.11'");
    for what in ["voices", "say -d Hello", "turn --data-binary @hello.wav"] {
        voice.asks(what).prints("CERTIFICATE_VERIFY_FAILED").prints(&mismatch);
    }

    // setup warned about it, with a fix that can be pasted.
    let lacks =
        format!("`certs/server.pem` is not valid for `{subnet}.11` (KOKORO_URL of `agent`), ");
    let outcome = outcome.exits(0).says(&lacks);
    let fix = outcome.stderr.split_once("fix: add the address: `").expect("a fix").1;
    voice.types(fix.split_once('`').unwrap().0).exits(0);
    voice.types("cd servers && docker compose restart").exits(0);
    voice.types("cd servers && docker compose up -d --wait").exits(0);
    voice.repeats_the_recording();
    voice.setup("--check").exits(0).never_says("certs/server.pem` is not valid for");
}
