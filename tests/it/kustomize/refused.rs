//! Input that `trust-compose kustomize` refuses, each with its cause and fix; no file is written.

use crate::kustomize::cases::ManifestDir;
use crate::setup::flags::has;

/// Returns a Deployment of this name, with additions to its spec and its container.
fn deployment(name: &str, spec: &str, container: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  \
         selector: {{matchLabels: {{app: web}}}}\n  template:\n    \
         metadata: {{labels: {{app: web}}}}\n    spec: {{{spec} containers: [{{name: web, image: \
         \"registry.invalid/web:1\"{container}}}]}}\n"
    )
}

#[track_caller]
fn is_refused(manifests: &str, words: &str, code: i32, says: &[&str]) {
    let dir = ManifestDir::with(manifests);
    let before = dir.0.contents(".");
    let said = dir.with_ca(words).exits(code).stderr();
    says.iter().for_each(|words| has(&said, words));
    assert!(said.contains("trust-compose: fix: "), "{said}");
    assert_eq!(dir.0.contents("."), before);
}

#[test]
fn invalid_manifests_are_refused() {
    let read = "-f manifests.yaml";
    is_refused("a: [", read, 1, &["cannot read `manifests.yaml`: it is not YAML: ", "line 2"]);
    is_refused("", read, 1, &["cannot find a workload in `manifests.yaml`"]);
    let rollout = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: web}\n\
                   spec: {template: {spec: {containers: [{name: web, image: web}]}}}\n";
    is_refused(rollout, read, 1, &["but `Rollout/web`, whose kind kustomize cannot patch"]);
    let database = deployment("web", "", "").replace("registry.invalid/web:1", "postgres:17");
    let says =
        "no container was selected to trust the CA (`Deployment/web/web`: database (postgres))";
    is_refused(&database, read, 1, &[says, "`--workload NAME=trust`"]);
    let nameless = deployment("web", "", "").replace("{name: web}", "{generateName: web-}");
    is_refused(&nameless, read, 1, &["a Deployment in it has no name"]);
    let twice = [deployment("web", "", ""), deployment("web", "", "")].join("---\n");
    is_refused(&twice, read, 1, &["`Deployment/web/web` is in it twice"]);
    let form = deployment("web", "", ", env: {LEVEL: info}");
    is_refused(&form, read, 1, &["`Deployment/web` is not valid", "`env` is not a list"]);
    for (bad, shown) in [("\\e[31m", "\\u{1b}[31m"), (".*", ".*"), ("a/b", "a/b"), ("Web", "Web")] {
        let bad = format!("metadata: {{name: \"{bad}\"}}");
        let manifests = deployment("web", "", "").replacen("metadata: {name: web}", &bad, 1);
        is_refused(&manifests, read, 1, &[&format!("{shown}` is not valid"), " is not a name"]);
    }
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n\
                c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n\
                e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n\
                g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n";
    is_refused(bomb, read, 1, &["it is not YAML: repetition limit exceeded"]);
    is_refused(&"[".repeat(100_000), read, 1, &["it is nested too deeply"]);
    is_refused(&"# x\n".repeat(5 << 20), read, 1, &["it is larger than 16 MiB"]);
    is_refused(
        "",
        "-f nothing.yaml",
        1,
        &["cannot read `nothing.yaml` (from -f): there is no such"],
    );
    is_refused(
        "",
        "-k nothing",
        1,
        &["cannot render `nothing`: ", "until `kubectl kustomize nothing`"],
    );
}

#[test]
fn conflicting_mounts_volumes_and_annotations_are_refused() {
    let read = "-f manifests.yaml";
    let volumes = "volumes: [{name: own, configMap: {name: own}}],";
    for place in [
        "/run/trust-init",
        "/run/trust-init/own",
        "/run",
        "/var/run/trust-init",
        "/var/run/trust-init/own",
        "/var/run",
    ] {
        let mount = format!(", volumeMounts: [{{name: own, mountPath: {place}}}]");
        let manifests = deployment("web", volumes, &mount);
        let says = format!("`Deployment/web/web`: its own mount at `{place}` conflicts");
        is_refused(&manifests, read, 1, &[&says, "`--workload Deployment/web/web=leave`"]);
    }
    let volumes = "volumes: [{name: trust-init, emptyDir: {}}],";
    let mount = ", volumeMounts: [{name: trust-init, mountPath: /data}]";
    let manifests = deployment("web", volumes, mount);
    is_refused(&manifests, read, 1, &["a volume of its own named `trust-init`"]);
    let role = deployment("web", "", "").replace(
        "metadata: {name: web}",
        "metadata: {name: web, annotations: {trust-init.org/role: yes!}}",
    );
    is_refused(
        &role,
        read,
        1,
        &["cannot read the annotation trust-init.org/role of `Deployment/web`"],
    );
}

#[test]
fn conflicting_options_are_refused() {
    let manifests = deployment("web", "", "");
    let says = ["cannot find `api` (from --workload): the manifests have `Deployment/web/web`"];
    is_refused(&manifests, "-f manifests.yaml --workload api=leave", 1, &says);
    for (typed, meant) in
        [("wbe", "web"), ("Deployent/web", "Deployment/web"), ("web/wbe", "web/web")]
    {
        let options = format!("-f manifests.yaml --workload {typed}=leave");
        is_refused(&manifests, &options, 1, &[&format!("fix: write `{meant}`")]);
    }
    is_refused(&manifests, "", 2, &["no manifests are named (-k, -f)"]);
    is_refused(&manifests, "-f manifests.yaml -k .", 2, &["cannot be used with"]);
    is_refused(&manifests, "-f manifests.yaml --ca-from secret/a:b", 2, &["cannot use --ca-from"]);
    let roots = "-f manifests.yaml --source trust-manager --roots mozilla";
    is_refused(&manifests, roots, 2, &["trust-manager brings public roots of its own"]);
    is_refused(&manifests, "-f manifests.yaml --ca-from a", 2, &["write it as configmap/NAME:KEY"]);
    let kyverno = "-f manifests.yaml --source kyverno";
    is_refused(&manifests, kyverno, 2, &["invalid value `kyverno`", "write `configmap` or"]);
    let dir = ManifestDir::with(&manifests);
    dir.run("-f manifests.yaml").exits(2).says("no CA is named (--custom-ca)");
}

#[test]
fn a_bundle_larger_than_a_config_map_is_refused() {
    let dir = ManifestDir::with(&deployment("web", "", ""));
    let der = std::fs::read(crate::world::gallery("ca-ec.der")).unwrap();
    let (front, _) = der.split_last_chunk::<2>().unwrap();
    let many = |number: u16| -> Vec<u8> {
        let one = |number: u16| {
            let der = [front, &number.to_be_bytes()].concat();
            trust_init::trust::bundle::Pem::encode(&der).text().to_vec()
        };
        (0..number).flat_map(one).collect()
    };
    dir.0.write("ca.crt", many(900));
    let outcome = dir.with_ca("-f manifests.yaml").exits(1);
    outcome.says("cannot put the certificates into the ConfigMap `trust-init`: they have 1");
    assert!(!dir.0.has("trust"));
    // A bundle that fits, but is too large for an annotation: the program prints how to apply it.
    dir.0.write("ca.crt", many(200));
    let outcome = dir.with_ca("-f manifests.yaml").succeeds().stdout();
    has(&outcome, "kubectl apply --server-side -k DIRECTORY");
}

#[test]
fn files_of_the_user_are_kept() {
    let dir = ManifestDir::with(&deployment("web", "", ""));
    dir.0.directory("trust", 0o755).write("trust/kustomization.yaml", "resources: []\n");
    let before = dir.0.contents(".");
    let outcome = dir.with_ca("-f manifests.yaml").exits(1);
    outcome.says(
        "cannot write `trust/kustomization.yaml`: a file of that name exists and was not created",
    );
    dir.run("--remove").exits(1).says("was not created by trust-compose");
    assert_eq!(dir.0.contents("."), before);

    dir.0.remove("trust/kustomization.yaml").write("trust/notes.txt", "mine");
    dir.with_ca("-f manifests.yaml").succeeds();
    let text = dir.0.read("trust/kustomization.yaml");
    let bundle = text.split("ca-bundle.crt=").nth(1).unwrap().lines().next().unwrap();
    dir.0.write(&format!("trust/{bundle}"), "mine now");
    dir.with_ca("-f manifests.yaml --check").exits(1).shows("was edited\n");
    dir.run("--remove").succeeds().shows("kept, because it was edited: ");
    assert_eq!(dir.0.read("trust/notes.txt"), "mine");
    assert_eq!(dir.0.read(&format!("trust/{bundle}")), "mine now");
    assert!(!dir.0.has("trust/kustomization.yaml"));
}

#[test]
fn drift_is_reported() {
    let dir = ManifestDir::with(&deployment("web", "", ""));
    dir.with_ca("-f manifests.yaml").succeeds();
    let check = "-f manifests.yaml --check";
    dir.with_ca(check).succeeds().prints("in step\n");
    dir.run(&format!("--custom-ca {} {check}", crate::world::gallery("ca-ec.crt").display()))
        .exits(1)
        .shows("is older than the CA, an image or a manifest");
    dir.0.write("manifests.yaml", deployment("other", "", ""));
    dir.with_ca(check).exits(1).shows("out of step: `trust/kustomization.yaml` is older");
    dir.run("--remove").succeeds();
    dir.with_ca(check).exits(1).shows("`trust/kustomization.yaml` is missing");
}

#[test]
fn a_component_that_misses_its_container_is_reported() {
    let dir = ManifestDir::with(&deployment("web", "", ""));
    // A custom transformer renames in a way that no key of the kustomization shows.
    let prefix = "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: it}\nprefix: blue-\n\
                  fieldSpecs: [{path: metadata/name}]\n";
    let text = "resources: [manifests.yaml]\ntransformers: [prefix.yaml]\n";
    dir.0.write("prefix.yaml", prefix).write("kustomization.yaml", text);
    dir.with_ca("-k .").succeeds();
    dir.0.write("kustomization.yaml", format!("{text}components: [trust]\n"));
    let says = "container Deployment/blue-web/web is missing its mount or variables";
    dir.with_ca("-k . --check").exits(1).shows(says);
    dir.run("--remove").succeeds();
    dir.0.write("kustomization.yaml", text);
    dir.with_ca("-k .").succeeds();
}

#[test]
fn a_container_that_is_excluded_later_loses_the_ca() {
    let two = [deployment("web", "", ""), deployment("api", "", "")].join("---\n");
    let dir = ManifestDir::with(&two);
    dir.0.write("kustomization.yaml", "resources: [manifests.yaml]\n");
    let before = dir.render(".");
    dir.with_ca("-k .").succeeds();
    dir.0.write("kustomization.yaml", "resources: [manifests.yaml]\ncomponents: [trust]\n");
    dir.with_ca("-k . --check").succeeds();
    dir.with_ca("-k . --workload web=leave").succeeds();
    dir.with_ca("-k . --workload web=leave --check").succeeds().prints("in step\n");
    let rendered = dir.render(".");
    let web = |text: &str| {
        text.split("---\n").find(|it| it.contains("name: web\nspec")).unwrap().to_owned()
    };
    assert_eq!(web(&rendered), web(&before));
    assert!(rendered.contains("value: /run/trust-init/ca-bundle.crt"));
}

#[test]
fn without_kubectl_the_missing_trial_is_reported() {
    let dir = ManifestDir::with(&deployment("web", "", ""));
    std::fs::remove_file(dir.bin().join("kubectl")).unwrap();
    dir.with_ca("-f manifests.yaml").succeeds().says("the component was not test-built");
    dir.with_ca("-k .").exits(1).says("neither kubectl nor kustomize is installed");
}

/// A cloned repository may bring a kustomization that names programs.
#[test]
fn no_program_of_a_kustomization_is_run() {
    let function = "apiVersion: v1\nkind: Run\nmetadata:\n  name: run\n  annotations:\n    \
                    config.kubernetes.io/function: |\n      exec: {path: ./run.sh}\n";
    let chart =
        "helmGlobals: {chartHome: charts}\nhelmCharts: [{name: chart, releaseName: chart}]\n";
    for (text, says) in [
        ("generators: [function.yaml]\n", "plugins"),
        ("transformers: [function.yaml]\n", "plugins"),
        ("validators: [function.yaml]\n", "plugins"),
        (chart, "helm"),
    ] {
        let dir = ManifestDir::with(&deployment("web", "", ""));
        dir.0.write("kustomization.yaml", format!("resources: [manifests.yaml]\n{text}"));
        dir.0.write("function.yaml", function).directory("charts", 0o755);
        dir.0
            .directory("charts/chart", 0o755)
            .write("charts/chart/Chart.yaml", "name: chart\nversion: 1.0.0\n");
        let run = format!("#!/bin/sh\necho >>{}\n", dir.0.path("ran").display());
        dir.0.write("run.sh", &run).chmod("run.sh", 0o755);
        std::fs::copy(dir.0.path("run.sh"), dir.bin().join("helm")).unwrap();
        let outcome = dir.with_ca("-k .").exits(1);
        assert!(outcome.stderr().contains(says), "{text}: {}", outcome.stderr());
        assert!(!dir.0.has("ran") && !dir.0.has("trust"), "{text}");
    }
}
