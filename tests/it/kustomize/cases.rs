//! The cases of `trust-compose kustomize`: each folder of tests/kustomize has manifests (`in`), arguments,
//! and the expected component and rendered manifests, which are checked against the schemas of Kubernetes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::desk::{Desk, trust_compose};
use crate::world::{Outcome, Scratch, gallery, is_snapshot};

/// The newest version of Kubernetes with schemas, and the two before it.
const VERSIONS: [&str; 3] = ["1.37.0", "1.36.0", "1.35.0"];

/// Returns the folder into which tests/containers/kubernetes.sh downloads `what`.
fn brings(what: &str) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/containers/kubernetes.sh");
    let output = Command::new(script).arg(what).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().into()
}

/// Returns the folder with kubectl and the other programs for Kubernetes.
pub fn programs() -> &'static Path {
    static PROGRAMS: OnceLock<PathBuf> = OnceLock::new();
    PROGRAMS.get_or_init(|| brings(""))
}

/// A directory with manifests, and a PATH with kubectl and without docker.
pub struct ManifestDir(pub Desk, Scratch);

impl ManifestDir {
    /// Creates a directory with a CA of a fixed name.
    pub fn new() -> Self {
        let desk = Desk::new();
        std::fs::copy(gallery("neighbour/ca.crt"), desk.path("ca.crt")).unwrap();
        // Outside of the desk: kubectl is large, and tests compare the files on the desk.
        let bin = Scratch::new();
        let found = ["/usr/bin/kubectl", "/usr/local/bin/kubectl"].map(PathBuf::from);
        let own = programs().join("kubectl");
        let kubectl =
            if own.exists() { own } else { found.into_iter().find(|it| it.exists()).unwrap() };
        std::os::unix::fs::symlink(kubectl.canonicalize().unwrap(), bin.path().join("kubectl"))
            .unwrap();
        Self(desk, bin)
    }

    /// Returns the only directory in PATH.
    pub fn bin(&self) -> &Path {
        self.1.path()
    }

    /// Creates a directory with these manifests.
    pub fn with(manifests: &str) -> Self {
        let dir = Self::new();
        dir.0.write("manifests.yaml", manifests);
        dir
    }

    /// Runs `trust-compose kustomize` with these options and the output directory `trust`.
    #[track_caller]
    pub fn run(&self, words: &str) -> Outcome {
        let words = words.split_whitespace();
        let words: Vec<_> = ["kustomize", "--out", "trust"].into_iter().chain(words).collect();
        let mut command = self.0.command(&trust_compose(), &words, "022");
        Outcome(command.env("PATH", self.bin()).output().unwrap())
    }

    /// Like [`Self::run`], with --custom-ca.
    #[track_caller]
    pub fn with_ca(&self, words: &str) -> Outcome {
        self.run(&format!("--custom-ca ca.crt {words}"))
    }

    /// Returns a directory as `kubectl kustomize` renders it.
    #[track_caller]
    pub fn render(&self, directory: &str) -> String {
        let kubectl = self.bin().join("kubectl");
        let output = self.0.command(&kubectl, &["kustomize", directory], "022").output().unwrap();
        Outcome(output).succeeds().stdout()
    }

    /// Returns manifests.yaml as kustomize renders it without the component.
    #[track_caller]
    pub fn render_plain(&self) -> String {
        self.0.write("kustomization.yaml", "resources: [manifests.yaml]\n");
        self.render(".")
    }

    /// Returns manifests.yaml as kustomize renders it with the component.
    #[track_caller]
    pub fn render_all(&self) -> String {
        let text = "resources: [manifests.yaml]\ncomponents: [trust]\n";
        self.0.write("kustomization.yaml", text);
        self.render(".")
    }
}

/// Replaces certificates and values that depend on them: new root certificates are no change here.
fn without_certificates(text: &str) -> String {
    let (mut kept, mut inside) = (Vec::new(), false);
    for line in text.lines() {
        inside |= line.contains("-----BEGIN");
        if !inside {
            kept.push(line.to_owned());
        }
        inside &= !line.contains("-----END");
    }
    let mut text = kept.join("\n") + "\n";
    for stem in ["ca-bundle-", "custom-ca-", "trust-init-"] {
        let parts: Vec<_> = text.split(stem).map(str::to_owned).collect();
        let (first, rest) = parts.split_first().unwrap();
        let rest = rest.iter().map(|part| {
            let digits = part.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(part.len());
            // Digests of trust-compose have 16 digits, those of kustomize 10.
            match digits {
                16 | 10 => format!("{stem}DIGEST{}", &part[digits..]),
                _ => format!("{stem}{part}"),
            }
        });
        text = first.clone() + &rest.collect::<String>();
    }
    text
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kustomize");
    let mut cases: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 7, "{cases:?}");
    cases
}

/// The snapshot of a case is in its folder.
fn is_as_written(case: &Path, name: &str, text: &str) {
    let folder = case.file_name().unwrap().to_str().unwrap();
    is_snapshot(text, &format!("../kustomize/{folder}/{name}"));
}

#[test]
fn every_case_gives_its_component_and_is_removed_without_a_trace() {
    for case in cases() {
        let dir = ManifestDir::new();
        if case.join("in").is_dir() {
            copy(&case.join("in"), &dir.0.path("."));
        }
        let before = dir.0.contents(".");
        let words = std::fs::read_to_string(case.join("words")).unwrap();
        // kustomize renders an overlay only after the component that it lists exists.
        let overlay = dir.0.path("prod/kustomization.yaml");
        if let Ok(text) = std::fs::read_to_string(&overlay) {
            std::fs::write(&overlay, text.replace("components: [../trust]\n", "")).unwrap();
            dir.with_ca(&words).succeeds();
            std::fs::write(&overlay, text).unwrap();
        }

        let run = dir.with_ca(&words).succeeds();
        is_as_written(&case, "said.txt", &without_certificates(&(run.stdout() + &run.stderr())));
        let first = dir.0.state("trust");
        dir.with_ca(&words).succeeds();
        assert_eq!(dir.0.state("trust"), first, "{}: a second run changed it", case.display());
        dir.with_ca(&format!("{words} --check")).succeeds().prints("in step\n");

        for name in ["kustomization.yaml", "trust-manager.yaml"] {
            if dir.0.has(&format!("trust/{name}")) {
                let text = dir.0.read(&format!("trust/{name}"));
                is_as_written(&case, name, &without_certificates(&text));
            }
        }
        if dir.0.has("trust/trust-manager.yaml") {
            judged(&dir, "trust-manager", "trust/trust-manager.yaml").succeeds();
        }
        if dir.0.has("trust/kustomization.yaml") {
            let rendered = if dir.0.has("prod") { dir.render("prod") } else { dir.render_all() };
            is_as_written(&case, "rendered.yaml", &without_certificates(&rendered));
            passes(&dir, &rendered);
        }

        dir.run("--remove").succeeds();
        let _ = std::fs::remove_file(dir.0.path("kustomization.yaml"));
        assert_eq!(dir.0.contents("."), before, "{}: not restored", case.display());
    }
}

/// Asserts that the schemas of every version accept the manifests.
#[track_caller]
fn passes(dir: &ManifestDir, rendered: &str) {
    dir.0.write("rendered.yaml", rendered);
    for version in VERSIONS {
        let words = ["-k", version, "--strict", "rendered.yaml"];
        let validate = programs().join("kubernetes-validate");
        let output = dir.0.command(&validate, &words, "022").output().unwrap();
        let outcome = Outcome(output).succeeds();
        let said = outcome.stdout() + &outcome.stderr();
        assert!(said.contains("passed for") && !said.contains("WARN"), "{version}: {said}");
    }
    dir.0.remove("rendered.yaml");
}

#[test]
fn rendered_helm_charts_get_the_ca() {
    let mut charts: Vec<_> =
        std::fs::read_dir(brings("charts")).unwrap().map(|it| it.unwrap().path()).collect();
    charts.retain(|path| path.is_file());
    assert_eq!(charts.len(), 2, "{charts:?}");
    for chart in charts {
        let dir = ManifestDir::with(&std::fs::read_to_string(&chart).unwrap());
        let before = dir.render_plain();
        dir.with_ca("-f manifests.yaml").succeeds().shows("  trust    ");
        let rendered = dir.render_all();
        assert!(rendered.contains("value: /run/trust-init/ca-bundle.crt"), "{}", chart.display());
        passes(&dir, &rendered);
        dir.run("--remove").succeeds();
        assert_eq!(dir.render_plain(), before);
    }
}

/// Checks a file against the schema of a custom resource.
fn judged(dir: &ManifestDir, schema: &str, file: &str) -> Outcome {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kubernetes");
    let judge = folder.join("judge.py").display().to_string();
    let schema = folder.join(format!("{schema}.schema.json")).display().to_string();
    let program = programs().join("kubernetes-validate").canonicalize().unwrap();
    let python = program.with_file_name("python");
    let output = dir.0.command(&python, &[&judge, &schema, file], "022").output().unwrap();
    Outcome(output)
}

/// Returns the policies in docs/kyverno.md.
fn policies() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/kyverno.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, rest) = page.split_once("```yaml\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn kyverno_policies_set_the_variables_of_a_component() {
    let dir = ManifestDir::with(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n\
         spec: {containers: [{name: web, image: 'registry.invalid/web:1'}]}\n",
    );
    dir.with_ca("-f manifests.yaml").succeeds();
    let (component, policies) = (dir.0.read("trust/kustomization.yaml"), policies());
    let lines: Vec<_> = component.lines().map(str::trim).collect();
    let mut variables = 0;
    for pair in lines.windows(2) {
        let (Some(name), Some(value)) =
            (pair[0].strip_prefix("- name: "), pair[1].strip_prefix("value: "))
        else {
            continue;
        };
        let entry = format!("value: {{name: {name}, value: {value}}}");
        assert_eq!(policies.matches(&entry).count(), 2, "{entry}");
        variables += 1;
    }
    assert!(variables > 5, "{component}");
    // For two lists of containers, plus the mount.
    assert_eq!(policies.matches("op: add").count(), 2 * (variables + 1));
}

#[test]
fn custom_resource_schemas_refuse_wrong_files() {
    let dir = ManifestDir::with(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n\
         spec: {containers: [{name: web, image: 'registry.invalid/web:1'}]}\n",
    );
    dir.with_ca("-f manifests.yaml --source trust-manager").succeeds();
    let bundles = dir.0.read("trust/trust-manager.yaml");
    let policies = policies();
    for (schema, text, from, to) in [
        ("trust-manager", &bundles, "useDefaultCAs: true", "useDefaultCas: true"),
        ("trust-manager", &bundles, "useDefaultCAs: true", "useDefaultCAs: 'true'"),
        ("trust-manager", &bundles, "    configMap:\n      key:", "    configMap:\n      keys:"),
        ("kyverno", &policies, "generateExisting: true", "generateExistings: true"),
        ("kyverno", &policies, "operator: AnyNotIn", "operator: NotAny"),
        ("kyverno", &policies, "synchronize: true", "synchronize: 'true'"),
    ] {
        assert!(text.contains(from), "{from}");
        dir.0.write("right.yaml", text).write("wrong.yaml", text.replace(from, to));
        judged(&dir, schema, "right.yaml").succeeds();
        judged(&dir, schema, "wrong.yaml").exits(1);
    }
}
