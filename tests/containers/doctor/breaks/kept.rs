//! What a program gets of it: JSON, and what a server sent in a file.

use serde_json::Value;

use super::Patient;

#[test]
fn what_a_server_sent_is_kept_and_told_to_programs() {
    let patient = Patient::new();
    let call = "--connect https://llm.lan:8443 --save-chain llm.pem";
    let kept = || patient.project.types("cat llm.pem").exits(0).stdout;
    patient.looks(call).exits(0);
    let first = kept();
    assert!(first.contains("They are not verified"), "{first}");
    patient.project.types("trust-compose inspect llm.pem").exits(0).prints("DNS:llm.lan");
    // The same again is no other file; another chain is, and the first one stays.
    patient.looks(call).exits(0);
    patient.project.types("cp gpu-certs/s* served/").exits(0);
    patient.project.compose("restart -t 0 llm").exits(0);
    patient.looks(call).exits(1).says("cannot write `llm.pem`");
    assert_eq!(kept(), first);
    patient.looks(&call.replace("llm.pem", "nowhere/llm.pem")).exits(1).says("`nowhere/llm.pem`");

    let answer: Value = serde_json::from_str(&patient.looks("--json").exits(1).stdout).unwrap();
    assert_eq!(answer["format"], 1);
    let findings = answer["findings"].as_array().unwrap();
    let of = |id: &str| findings.iter().find(|finding| finding["id"] == id).unwrap();
    assert_eq!(of("ca")["service"], Value::Null);
    let unknown = of("unknown-issuer");
    assert_eq!(unknown["sign"], "error");
    assert_eq!(unknown["service"], "agent");
    assert_eq!(unknown["thing"], "https://llm.lan:8443");
    assert_eq!(unknown["chain"][0]["names"][0], "DNS:llm.lan");
    assert_eq!(unknown["chain"][0]["sent"], true);
}
