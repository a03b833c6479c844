//! The parts of a release: a bill of materials for each program, and workflows that only call scripts and
//! pinned actions.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::repository::promises::{document, marked};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn bill(program: &str) -> (String, Value) {
    let mut command = Command::new(root().join("scripts/sbom.py"));
    command.arg(program).args(["x86_64-unknown-linux-gnu", "/bin/busybox"]);
    let output = command.env("SOURCE_DATE_EPOCH", "1700000000").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let bill = serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (text, bill)
}

fn texts<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|part| part[key].as_str().unwrap()).collect()
}

/// The fields that https://cyclonedx.org/schema/bom-1.6.schema.json requires.
#[test]
fn the_bill_of_materials_is_complete_and_reproducible() {
    for program in ["trust-init", "trust-compose", "trust-doctor"] {
        let (text, bill) = bill(program);
        assert_eq!(
            (&bill["bomFormat"], &bill["specVersion"]),
            (&"CycloneDX".into(), &"1.6".into())
        );
        assert_eq!(bill["metadata"]["timestamp"], "2023-11-14T22:13:20Z");
        assert_eq!(bill["metadata"]["component"]["name"], program);
        let digest = &bill["metadata"]["component"]["hashes"][0]["content"];
        assert_eq!(digest.as_str().unwrap().len(), 64);
        let serial = bill["serialNumber"].as_str().unwrap();
        assert!(serial.starts_with("urn:uuid:") && serial.len() == 45, "{serial}");

        let components = &bill["components"];
        for component in components.as_array().unwrap() {
            assert_eq!(component["type"], "library", "{component}");
            assert!(component["licenses"][0]["expression"].is_string(), "{component}");
            let is_crate = component["purl"].is_string();
            assert_eq!(component["hashes"][0]["content"].is_string(), is_crate, "{component}");
        }
        let known: BTreeSet<_> =
            texts(components, "bom-ref").into_iter().chain([program]).collect();
        assert_eq!(known.len(), components.as_array().unwrap().len() + 1, "duplicate reference");
        let dependencies = &bill["dependencies"];
        for dependency in dependencies.as_array().unwrap() {
            let mut on = dependency["dependsOn"].as_array().unwrap().iter();
            assert!(on.all(|on| known.contains(on.as_str().unwrap())), "{dependency}");
        }
        assert!(texts(dependencies, "ref").contains(&program));

        if program == "trust-init" {
            assert_eq!(self::bill(program).0, text);
            let linked = components.as_array().unwrap().iter();
            let linked =
                linked.filter(|part| part["scope"] == "required" && part["purl"].is_string());
            let linked: BTreeSet<_> = linked.map(|part| part["name"].as_str().unwrap()).collect();
            let document = document();
            let listed = marked(&document, "dependencies")[0].lines();
            let listed = listed.map(|line| line.trim_start_matches("- "));
            // The build embeds the roots.
            assert_eq!(linked, listed.chain(["webpki-root-certs"]).collect());
        }
    }
}

/// Returns every step of a workflow with its job.
fn steps(file: &str) -> Vec<(String, serde_yaml::Value)> {
    let text = std::fs::read_to_string(root().join(".github/workflows").join(file)).unwrap();
    let workflow: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
    assert!(
        workflow.get("permissions").is_some(),
        "{file}: the permissions of the token are not limited"
    );
    let mut steps = Vec::new();
    for (name, job) in workflow["jobs"].as_mapping().unwrap() {
        let name = format!("{file}: {}", name.as_str().unwrap());
        let of_job = job.get("steps").and_then(|steps| steps.as_sequence()).cloned();
        steps.extend(of_job.into_iter().flatten().map(|step| (name.clone(), step)));
        if let Some(other) = job.get("uses") {
            assert_eq!(other.as_str(), Some("./.github/workflows/ci.yml"), "{name}");
        }
    }
    steps
}

#[test]
fn workflows_call_only_scripts_and_pinned_actions() {
    let steps = [steps("ci.yml"), steps("release.yml")].concat();
    let scripts = ["./scripts/test.sh", "./scripts/release.sh"];
    let tools = ["sudo ", "rustup ", "docker ", "gh ", "echo \"$GH_TOKEN\" | docker login "];
    let mut called: BTreeSet<&str> = BTreeSet::new();
    for (job, step) in &steps {
        if let Some(action) = step.get("uses").and_then(|action| action.as_str()) {
            let (name, commit) = action.split_once('@').unwrap();
            assert!(name.starts_with("actions/"), "{job}: {name} is not GitHub's own");
            let is_commit = commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
            assert!(is_commit, "{job}: {action} is no commit");
            let keeps = &step["with"]["persist-credentials"];
            assert!(
                name != "actions/checkout" || *keeps == serde_yaml::Value::Bool(false),
                "{job}"
            );
            continue;
        }
        let line = step["run"].as_str().unwrap();
        assert!(!line.contains('\n'), "{job}: more than a line: {line}");
        let script = scripts.iter().find(|script| line.contains(*script));
        called.extend(script.copied());
        assert!(
            script.is_some() || tools.iter().any(|tool| line.starts_with(tool)),
            "{job}: {line}"
        );
        // Text that an outsider chooses, such as the name of a branch or a title, is never pasted into a
        // command.
        assert!(!line.contains("${{ github"), "{job}: {line}");
    }
    assert_eq!(called.len(), scripts.len(), "{called:?}");
}
