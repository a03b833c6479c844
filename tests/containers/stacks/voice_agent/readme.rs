//! The commands of the stack's README, run in order.

use super::Voice;

#[test]
fn followed() {
    let voice = Voice::new();
    let directory = voice.directory();
    let heard = r#"{"text": "You said: Hello there"}"#;
    voice.follows(&voice.block("default")).exits(0).prints(heard);
    voice.follows(&voice.block("external")).exits(0).prints("CERTIFICATE_VERIFY_FAILED");
    assert!(voice.running().contains(&"speaches".into()));
    let outcome = voice.follows(&voice.block("trusted")).exits(0).prints(heard);
    outcome.prints(r#"{"received": {"text": "Hello there"}}"#).prints("llama3.2:1b");
    assert_eq!(voice.running(), ["agent", "livekit", "ollama"]);
    voice.follows(&voice.block("away")).exits(0);
    assert!(voice.ids().is_empty());
    assert_eq!(voice.directory(), directory);
}
