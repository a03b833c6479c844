//! A component that an overlay lists: the commands of README, secrets, and a second run.

use std::path::Path;

use crate::desk::trust_compose;
use crate::kustomize::cases::Clerk;
use crate::world::Outcome;

/// Creates an overlay of one Deployment, and a CA with a server certificate.
fn overlay(clerk: &Clerk) {
    let desk = &clerk.0;
    desk.certs(&["gpu.local"]).succeeds();
    desk.directory("base", 0o755).directory("overlays", 0o755).directory("overlays/prod", 0o755);
    desk.write(
        "base/app.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  \
         selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    \
         spec: {containers: [{name: web, image: 'registry.invalid/web:1'}]}\n---\n\
         apiVersion: v1\nkind: Secret\nmetadata: {name: web}\nstringData: {password: hunter2}\n",
    );
    desk.write("base/kustomization.yaml", "resources: [app.yaml]\n");
    desk.write("overlays/prod/kustomization.yaml", "namePrefix: prod-\nresources: [../../base]\n");
}

#[test]
fn the_commands_in_the_readme_work() {
    let clerk = Clerk::new();
    overlay(&clerk);
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"));
    let readme = readme.unwrap();
    let block = readme.split_once("<!-- test: kustomize -->\n```sh\n").unwrap().1;
    let block = block.split_once("```").unwrap().0;
    std::os::unix::fs::symlink(trust_compose(), clerk.bin().join("trust-compose")).unwrap();
    let script = format!("set -e\n{block}");
    let mut command = clerk.0.command(Path::new("/bin/sh"), &["-c", &script], "022");
    let outcome = Outcome(command.env("PATH", clerk.bin()).output().unwrap()).succeeds();
    let outcome = outcome.tells("\nin step\n").tells("name: prod-trust-init-");
    let told = outcome.tells("value: /run/trust-init/ca-bundle.crt").stdout();
    let key = told.split("custom-ca.crt: |\n").nth(1).unwrap();
    assert!(key.trim_start().starts_with("-----BEGIN CERTIFICATE-----"));
}

#[test]
fn secrets_are_written_nowhere() {
    let clerk = Clerk::new();
    overlay(&clerk);
    // Files of the trial build are checked too.
    clerk.0.directory("tmp", 0o700);
    let log = clerk.0.path("log").display().to_string();
    let program = trust_compose().display().to_string();
    let words = format!(
        "-f -qq -s 1000000 -e trace=write,writev -o {log} {program} kustomize \
                         -k overlays/prod --custom-ca certs --out trust"
    );
    let words: Vec<_> = words.split_whitespace().collect();
    let mut command = clerk.0.command(&crate::world::tool("strace"), &words, "022");
    command.env("PATH", clerk.bin()).env("TMPDIR", clerk.0.path("tmp"));
    Outcome(command.output().unwrap()).succeeds();
    let written: String =
        clerk.0.read("log").lines().filter(|line| line.contains("writev(")).collect();
    assert!(written.contains("kind: Component"), "{written}");
    let key = clerk.0.read("certs/server-key.pem");
    for secret in ["hunter2", "PRIVATE KEY", key.lines().nth(1).unwrap()] {
        assert!(!written.contains(secret), "{secret}");
        for name in clerk.0.path("trust").read_dir().unwrap() {
            let text = std::fs::read_to_string(name.unwrap().path()).unwrap();
            assert!(!text.contains(secret), "{secret}");
        }
    }
}

#[test]
fn a_second_run_keeps_a_listed_component_with_pinned_variables() {
    let clerk = Clerk::with(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n\
         spec: {containers: [{name: web, image: 'registry.invalid/web:1', env: [\
         {name: NODE_EXTRA_CA_CERTS, value: /etc/ssl/certs/ca-certificates.crt}, \
         {name: JAVA_TOOL_OPTIONS, value: -Xmx1g}]}]}\n",
    );
    clerk.0.write("kustomization.yaml", "resources: [manifests.yaml]\n");
    clerk.trusts("-k .").succeeds();
    let first = clerk.0.state("trust");
    let text = "resources: [manifests.yaml]\ncomponents: [trust]\n";
    clerk.0.write("kustomization.yaml", text);
    clerk.trusts("-k . --check").succeeds().prints("in step\n");
    clerk.trusts("-k .").succeeds();
    assert_eq!(clerk.0.state("trust"), first);
    // The readers of the pinned file keep its certificates and get the CA; other variables are unchanged.
    let rendered = clerk.renders(".");
    let pinned = "- name: NODE_EXTRA_CA_CERTS\n      value: /run/trust-init/ca-bundle.crt\n";
    assert!(rendered.contains(pinned), "{rendered}");
    assert!(rendered.contains("- name: JAVA_TOOL_OPTIONS\n      value: -Xmx1g\n"), "{rendered}");
}
