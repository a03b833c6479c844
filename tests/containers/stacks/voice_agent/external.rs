//! The servers are on another machine, with TLS and a private CA: refused, trusted, refused again.

use super::{EXTERNAL, SUBNET, Voice};

const ADDRESSES: &str = "IP:10.89.77.10 IP:10.89.77.11 IP:10.89.77.12";

#[test]
fn trusted_then_removed() {
    let mut voice = Voice::new();
    let bundled = ["agent", "kokoro", "livekit", "ollama", "speaches"];
    voice.types("docker compose up -d --wait").exits(0);
    voice.records();
    voice.starts_servers(ADDRESSES);
    voice.types("docker compose up -d --wait").exits(0);
    voice.is_refused("CERTIFICATE_VERIFY_FAILED");
    voice.asks("models").prints(r#""llama3.2:1b""#);
    let (before, directory) = (bundled.map(|name| voice.configuration(name)), voice.directory());

    // These servers accept only TLS.
    for server in ["10:8000/health", "11:8880/v1/audio/voices", "12:5678/healthz"] {
        let url = format!("http://{SUBNET}.{server}");
        let outcome = voice.follows(&format!("docker compose exec -T agent curl -sS {url}"));
        outcome.exits(52).says("Empty reply from server");
    }

    voice.sets_up("--custom-ca certs/ --without speaches --without kokoro");
    voice.compose("up -d --wait").exits(0);
    let without = ["agent", "livekit", "ollama"];
    assert_eq!(voice.running(), without);
    for what in EXTERNAL {
        voice.asks(&format!("{what} -o answer -f"));
    }
    voice.asks("workflow -d Hello").prints(r#"{"received": {"text": "Hello"}}"#);
    voice.repeats_the_recording();
    voice.asks("models").prints(r#""llama3.2:1b""#);
    voice.asks("health").prints(r#""AW_voice""#);
    voice.is_well("");

    // From `down`: the agent starts only LiveKit, and waits until it is healthy.
    voice.compose("down").exits(0);
    voice.compose("up -d agent").exits(0);
    assert_eq!(voice.running(), ["agent", "livekit"]);
    let state = voice.compose("ps --format '{{.Health}}' livekit").exits(0);
    assert_eq!(state.stdout, "healthy\n", "{state}");
    voice.compose("up -d --wait").exits(0);
    voice.repeats_the_recording();

    voice.sets_up("");
    voice.types("docker compose up -d --wait").exits(0);
    assert_eq!(voice.running(), bundled);
    voice.is_refused("CERTIFICATE_VERIFY_FAILED");
    voice.types("rm answer reply.wav").exits(0);
    assert_eq!(voice.directory(), directory);
    assert_eq!(bundled.map(|name| voice.configuration(name)), before);
    voice.types("rm .env && docker compose up -d --wait").exits(0);
    voice.repeats_the_recording();
}

/// The CA's path, and the variables, of an agent whose code was patched by hand before.
#[test]
fn ca_in_the_folder_of_the_application() {
    let voice = Voice::new();
    voice.types("docker compose up -d --wait").exits(0);
    voice.records();
    voice.starts_servers(ADDRESSES);
    let env = "printf 'SSL_VERIFY=false\\nCA_CERT_PATH=/app/certs/ca-certificate.crt\\n' >>.env";
    voice.types(env).exits(0);
    let mounted = "docker compose -f docker-compose.yml -f docker-compose.mounted.yml";
    voice.types(&format!("{mounted} up -d --wait")).exits(0);
    for what in EXTERNAL {
        voice.asks(&format!("{what} -o answer -f"));
    }
    voice.repeats_the_recording();
    let messages = voice.messages();
    let needless = "SSL_VERIFY=`false` switches certificate verification off in LiteLLM: this is no \
                    longer needed, because the custom CAs are trusted";
    assert!(
        messages.contains(&format!("warning: {needless}\nfix: unset SSL_VERIFY")),
        "{messages}"
    );
    let patched =
        "warning: CA_CERT_PATH=`/app/certs/ca-certificate.crt` is a setting of the program";
    assert!(messages.contains(patched), "{messages}");
    let place = "in `/app/certs/ca-certificate.crt` (from TRUST_INIT_CA)";
    assert!(messages.contains(place), "{messages}");

    let outcome = voice.setup("--custom-ca certs/ --without speaches --without kokoro").exits(0);
    outcome.says(&format!("service `agent`: {needless}"));
}
