//! Output for programs: JSON, and a server's chain in a file.

use serde_json::Value;

use super::TestProject;

#[test]
fn a_chain_is_saved_and_printed_as_json() {
    let test = TestProject::new();
    let call = "--connect https://llm.lan:8443 --save-chain llm.pem";
    let kept = || test.project.types("cat llm.pem").exits(0).stdout;
    test.doctor(call).exits(0);
    let first = kept();
    assert!(first.contains("They are not verified"), "{first}");
    test.project.types("trust-compose inspect llm.pem").exits(0).prints("DNS:llm.lan");
    // The same chain again is accepted; another chain is refused, and the file keeps the first one.
    test.doctor(call).exits(0);
    test.project.types("cp gpu-certs/s* served/").exits(0);
    test.project.compose("restart -t 0 llm").exits(0);
    test.doctor(call).exits(1).says("cannot write `llm.pem`");
    assert_eq!(kept(), first);
    test.doctor(&call.replace("llm.pem", "nowhere/llm.pem")).exits(1).says("`nowhere/llm.pem`");

    let answer: Value = serde_json::from_str(&test.doctor("--json").exits(1).stdout).unwrap();
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
