//! No CA: all servers are bundled and speak HTTP, and trust-init has no effect.

use std::fs;

use super::Voice;
use crate::engine::repository;

#[test]
fn works_without_any_ca() {
    let voice = Voice::new();
    voice.types("docker compose up -d --wait").exits(0);
    assert_eq!(voice.running(), ["agent", "kokoro", "livekit", "ollama", "speaches"]);
    // LiveKit assigned that name.
    voice.asks("health").prints(r#""AW_voice""#);
    voice.asks("voices").prints(r#""af_heart""#);
    voice.asks("models").prints(r#""llama3.2:1b""#);
    voice.records();
    voice.repeats_the_recording();
    voice.asks("workflow -d Hello").prints("WORKFLOW_URL is not set");

    assert_eq!(voice.messages(), "");
    // Neither the service nor `exec` has another variable or file.
    let look =
        "grep -lz ^SSL_CERT_FILE= /proc/1/environ; env | grep ^SSL_CERT_FILE=; ls /run/trust-init";
    let outcome = voice.compose(&format!("exec -T agent sh -c '{look}'"));
    assert_eq!(outcome.stdout, "", "{outcome}");
    let image = voice.compose("exec -T agent cat /proc/1/cmdline").exits(0);
    assert_eq!(image.stdout, "python\0voice_agent.py\0", "{image}");
}

/// The agent's code contains nothing about trust; the setup alone makes it trust the CA.
#[test]
fn code_does_not_mention_a_private_ca() {
    let path = repository().join("compose/voice-agent/agent/voice_agent.py");
    let text = fs::read_to_string(path).unwrap().to_lowercase();
    for word in ["ssl", "tls", "verify", "certifi.", "http_client", "client=", "cafile", "ca_cert"]
    {
        assert!(!text.contains(word), "voice_agent.py contains `{word}`");
    }
    for call in ["base_url=f\"{speaches_url}/v1\"", "base_url=f\"{kokoro_url}/v1\""] {
        assert!(text.contains(call), "voice_agent.py lacks `{call}`");
    }
}
