//! Nobody has a CA: everything is bundled, speaks HTTP, and trust-init might as well not be there.

use std::fs;

use super::Voice;
use crate::engine::repository;

#[test]
fn works_without_any_ca() {
    let voice = Voice::new();
    voice.types("docker compose up -d --wait").exits(0);
    assert_eq!(voice.running(), ["agent", "kokoro", "livekit", "ollama", "speaches"]);
    // LiveKit gave it that name.
    voice.asks("health").prints(r#""AW_voice""#);
    voice.asks("voices").prints(r#""af_heart""#);
    voice.asks("models").prints(r#""llama3.2:1b""#);
    voice.records();
    voice.takes_a_turn();
    voice.asks("workflow -d Hello").prints("WORKFLOW_URL is not set");

    assert_eq!(voice.says(), "");
    // Neither the service nor who looks into it has a variable or a file more.
    let look =
        "grep -lz ^SSL_CERT_FILE= /proc/1/environ; env | grep ^SSL_CERT_FILE=; ls /run/trust-init";
    let outcome = voice.compose(&format!("exec -T agent sh -c '{look}'"));
    assert_eq!(outcome.stdout, "", "{outcome}");
    let image = voice.compose("exec -T agent cat /proc/1/cmdline").exits(0);
    assert_eq!(image.stdout, "python\0voice_agent.py\0", "{image}");
}

/// What makes it trust is not in there.
#[test]
fn code_is_that_of_no_private_ca() {
    let path = repository().join("compose/voice-agent/agent/voice_agent.py");
    let text = fs::read_to_string(path).unwrap().to_lowercase();
    for word in ["ssl", "tls", "verify", "certifi.", "http_client", "client=", "cafile", "ca_cert"]
    {
        assert!(!text.contains(word), "voice_agent.py says `{word}`");
    }
    for call in ["base_url=f\"{speaches_url}/v1\"", "base_url=f\"{kokoro_url}/v1\""] {
        assert!(text.contains(call), "voice_agent.py lacks `{call}`");
    }
}
