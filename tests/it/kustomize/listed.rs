//! A component that an overlay lists: the commands of README, secrets, and a second run.

use std::path::Path;

use crate::desk::trust_compose;
use crate::kustomize::cases::ManifestDir;
use crate::world::Outcome;

/// Creates an overlay of one Deployment, and a CA with a server certificate.
fn overlay(dir: &ManifestDir) {
    let desk = &dir.0;
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
    let dir = ManifestDir::new();
    overlay(&dir);
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"));
    let readme = readme.unwrap();
    let block = readme.split_once("<!-- test: kustomize -->\n```sh\n").unwrap().1;
    let block = block.split_once("```").unwrap().0;
    std::os::unix::fs::symlink(trust_compose(), dir.bin().join("trust-compose")).unwrap();
    let script = format!("set -e\n{block}");
    let mut command = dir.0.command(Path::new("/bin/sh"), &["-c", &script], "022");
    let outcome = Outcome(command.env("PATH", dir.bin()).output().unwrap()).succeeds();
    let outcome = outcome.shows("\nin step\n").shows("name: prod-trust-init-");
    let text = outcome.shows("value: /run/trust-init/ca-bundle.crt").stdout();
    let key = text.split("custom-ca.crt: |\n").nth(1).unwrap();
    assert!(key.trim_start().starts_with("-----BEGIN CERTIFICATE-----"));
}

#[test]
fn secrets_are_written_nowhere() {
    let dir = ManifestDir::new();
    overlay(&dir);
    // Files of the trial build are checked too.
    dir.0.directory("tmp", 0o700);
    let log = dir.0.path("log").display().to_string();
    let program = trust_compose().display().to_string();
    let words = format!(
        "-f -qq -s 1000000 -e trace=write,writev -o {log} {program} kustomize \
                         -k overlays/prod --custom-ca certs --out trust"
    );
    let words: Vec<_> = words.split_whitespace().collect();
    let mut command = dir.0.command(&crate::world::tool("strace"), &words, "022");
    command.env("PATH", dir.bin()).env("TMPDIR", dir.0.path("tmp"));
    Outcome(command.output().unwrap()).succeeds();
    let written: String =
        dir.0.read("log").lines().filter(|line| line.contains("writev(")).collect();
    assert!(written.contains("kind: Component"), "{written}");
    let key = dir.0.read("certs/server-key.pem");
    for secret in ["hunter2", "PRIVATE KEY", key.lines().nth(1).unwrap()] {
        assert!(!written.contains(secret), "{secret}");
        for name in dir.0.path("trust").read_dir().unwrap() {
            let text = std::fs::read_to_string(name.unwrap().path()).unwrap();
            assert!(!text.contains(secret), "{secret}");
        }
    }
}

#[test]
fn a_second_run_keeps_a_listed_component_with_pinned_variables() {
    let dir = ManifestDir::with(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n\
         spec: {containers: [{name: web, image: 'registry.invalid/web:1', env: [\
         {name: NODE_EXTRA_CA_CERTS, value: /etc/ssl/certs/ca-certificates.crt}, \
         {name: JAVA_TOOL_OPTIONS, value: -Xmx1g}]}]}\n",
    );
    dir.0.write("kustomization.yaml", "resources: [manifests.yaml]\n");
    dir.with_ca("-k .").succeeds();
    let first = dir.0.state("trust");
    let text = "resources: [manifests.yaml]\ncomponents: [trust]\n";
    dir.0.write("kustomization.yaml", text);
    dir.with_ca("-k . --check").succeeds().prints("in step\n");
    dir.with_ca("-k .").succeeds();
    assert_eq!(dir.0.state("trust"), first);
    // The readers of the pinned file keep its certificates and get the CA; other variables are unchanged.
    let rendered = dir.render(".");
    let pinned = "- name: NODE_EXTRA_CA_CERTS\n      value: /run/trust-init/ca-bundle.crt\n";
    assert!(rendered.contains(pinned), "{rendered}");
    assert!(rendered.contains("- name: JAVA_TOOL_OPTIONS\n      value: -Xmx1g\n"), "{rendered}");
}

/// In a fresh clone whose component git ignores, or after `--remove`.
#[test]
fn a_component_that_is_listed_before_it_exists_can_be_written() {
    let dir = ManifestDir::new();
    overlay(&dir);
    let words = "-k overlays/prod";
    dir.with_ca(words).succeeds();
    let text = "namePrefix: prod-\nresources: [../../base]\ncomponents: [../../trust]\n";
    dir.0.write("overlays/prod/kustomization.yaml", text);
    dir.with_ca(&format!("{words} --check")).succeeds().prints("in step\n");
    let first = dir.0.contents("trust");
    dir.run("--remove").succeeds();
    assert!(!dir.0.has("trust"));

    dir.with_ca(&format!("{words} --check")).exits(1).shows("contains no component");
    dir.with_ca(&format!("{words} --dry-run")).exits(1).says("run this without --dry-run");
    assert!(!dir.0.has("trust"));
    dir.with_ca(words).succeeds();
    assert_eq!(dir.0.contents("trust"), first);
    dir.with_ca(&format!("{words} --check")).succeeds().prints("in step\n");
    assert!(dir.render("overlays/prod").contains("value: /run/trust-init/ca-bundle.crt"));

    // If the kustomization has another fault, nothing is left.
    dir.run("--remove").succeeds();
    dir.0.write(
        "overlays/prod/kustomization.yaml",
        format!("{text}configurations: [absent.yaml]\n"),
    );
    dir.with_ca(words).exits(1).says("absent.yaml");
    assert!(!dir.0.has("trust"));
}
