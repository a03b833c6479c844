//! The parts of a release: a bill of materials for each program, and workflows that only call scripts and
//! pinned actions.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::desk::Desk;
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

/// One bill for the image, of the programs for both of its architectures.
#[test]
fn the_bill_of_the_image_contains_that_of_each_program() {
    let desk = Desk::new();
    let (mut refs, mut targets) = (BTreeSet::new(), Vec::new());
    for program in ["trust-init", "trust-doctor"] {
        let (text, bill) = bill(program);
        refs.extend(texts(&bill["components"], "bom-ref").into_iter().map(str::to_owned));
        for target in ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"] {
            let file = format!("{program}-{target}.json");
            desk.write(&file, text.replace("x86_64-unknown-linux-gnu", target));
            targets.push(format!("{program} for {target}"));
            refs.insert(format!("{program} for {target}"));
        }
    }
    let files =
        ["trust-init-x86_64", "trust-init-aarch64", "trust-doctor-x86_64", "trust-doctor-aarch64"];
    let files = files.map(|name| desk.path(&format!("{name}-unknown-linux-musl.json")));
    let output = Command::new(root().join("scripts/sbom.py")).arg("image").args(files).output();
    let merged: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
    assert_eq!(merged["metadata"]["component"]["type"], "container");
    let found = texts(&merged["components"], "bom-ref");
    assert_eq!(found.len(), refs.len(), "a component is listed twice");
    assert_eq!(found.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), refs);
    let dependencies = merged["dependencies"].as_array().unwrap();
    let image = dependencies.iter().find(|entry| entry["ref"] == "image").unwrap();
    targets.sort();
    assert_eq!(image["dependsOn"], serde_json::json!(targets));
    for target in targets {
        let entry = dependencies.iter().find(|entry| entry["ref"] == *target).unwrap();
        assert!(entry["dependsOn"].as_array().unwrap().len() > 5, "{entry}");
    }
}

/// The fields that https://openvex.dev/ns/v0.2.0 requires.
#[test]
fn the_vex_names_locked_crates_and_why_they_are_not_affected() {
    let mut command = Command::new(root().join("scripts/vex.py"));
    let output = command.env("SOURCE_DATE_EPOCH", "1700000000").output().unwrap();
    let vex: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(vex["@context"], "https://openvex.dev/ns/v0.2.0");
    assert!(vex["@id"].as_str().unwrap().starts_with("urn:trust-init:vex:"));
    assert_eq!((&vex["timestamp"], &vex["version"]), (&"2023-11-14T22:13:20Z".into(), &1.into()));
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let mut known = BTreeSet::new();
    for statement in vex["statements"].as_array().unwrap() {
        known.insert(statement["vulnerability"]["name"].as_str().unwrap().to_owned());
        assert_eq!(statement["status"], "not_affected");
        let reasons = [
            "component_not_present",
            "vulnerable_code_not_present",
            "vulnerable_code_not_in_execute_path",
            "vulnerable_code_cannot_be_controlled_by_adversary",
            "inline_mitigations_already_exist",
        ];
        assert!(reasons.contains(&statement["justification"].as_str().unwrap()), "{statement}");
        let product = &statement["products"][0];
        assert!(product["@id"].as_str().unwrap().starts_with("pkg:cargo/trust-init@"));
        let part = product["subcomponents"][0]["@id"].as_str().unwrap();
        let (name, version) = part.strip_prefix("pkg:cargo/").unwrap().split_once('@').unwrap();
        assert!(lock.contains(&format!("name = \"{name}\"\nversion = \"{version}\"\n")), "{part}");
    }
    assert!(!known.is_empty());
    // What cargo-deny is made to ignore has its reason there.
    let deny = std::fs::read_to_string(root().join("deny.toml")).unwrap();
    let ignored = deny.split('"').filter(|text| text.starts_with("RUSTSEC-"));
    assert!(ignored.into_iter().all(|advisory| known.contains(advisory)), "{known:?}");
}

/// Reads a workflow.
fn workflow(file: &str) -> serde_yaml::Value {
    let text = std::fs::read_to_string(root().join(".github").join(file)).unwrap();
    serde_yaml::from_str(&text).unwrap()
}

#[test]
fn a_token_is_in_the_environment_of_single_steps_only() {
    for file in ["workflows/ci.yml", "workflows/release.yml"] {
        let workflow = workflow(file);
        let text = |value: &serde_yaml::Value| serde_yaml::to_string(value).unwrap().to_lowercase();
        let has_token = |place: &serde_yaml::Value| {
            place
                .get("env")
                .is_some_and(|env| text(env).contains("token") || text(env).contains("secrets."))
        };
        assert!(!has_token(&workflow), "{file}");
        for (name, job) in workflow["jobs"].as_mapping().unwrap() {
            assert!(!has_token(job), "{file}: {name:?}");
            for step in job.get("steps").and_then(|steps| steps.as_sequence()).into_iter().flatten()
            {
                let run = step.get("run").and_then(|run| run.as_str()).unwrap_or_default();
                let needs = run.starts_with("gh ") || run.contains("$GH_TOKEN");
                assert_eq!(has_token(step), needs, "{file}: {step:?}");
            }
        }
    }
}

#[test]
fn crates_actions_and_images_are_updated_and_advisories_checked_every_night() {
    let updates = workflow("dependabot.yml")["updates"].clone();
    let updates = updates.as_sequence().unwrap().iter();
    let kinds: BTreeSet<_> =
        updates.map(|update| update["package-ecosystem"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["cargo", "docker", "github-actions"].map(str::to_owned).into());
    let ci = workflow("workflows/ci.yml");
    let job = &ci["jobs"]["advisories"];
    assert_eq!(job["if"].as_str(), Some("github.event_name == 'schedule'"));
    assert_eq!(job["env"]["ADVISORIES"].as_str(), Some("required"));
    let runs = steps("ci.yml");
    let runs = runs.iter().filter(|(name, _)| name == "ci.yml: advisories");
    assert!(runs.into_iter().any(|(_, step)| {
        step["run"].as_str().is_some_and(|run| run.ends_with("test.sh licences"))
    }));
}

#[test]
fn images_of_a_build_are_pinned_by_digest() {
    for file in ["Dockerfile", "release.Dockerfile"] {
        let text = std::fs::read_to_string(root().join("docker").join(file)).unwrap();
        for image in text.lines().filter_map(|line| line.strip_prefix("FROM ")) {
            let is_ours = image == "scratch" || image.starts_with("${BASE} ");
            let digest =
                image.split_once("@sha256:").map(|(_, digest)| digest.split(' ').next().unwrap());
            assert!(is_ours || digest.is_some_and(|digest| digest.len() == 64), "{file}: {image}");
        }
        // The default of a base is another stage of the same file.
        let base = text.lines().find_map(|line| line.strip_prefix("ARG BASE="));
        assert!(
            base.is_none_or(|base| text.contains(&format!(" AS {base}\n"))),
            "{file}: {base:?}"
        );
    }
}

/// Returns every step of a workflow with its job.
fn steps(file: &str) -> Vec<(String, serde_yaml::Value)> {
    let workflow = workflow(&format!("workflows/{file}"));
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
