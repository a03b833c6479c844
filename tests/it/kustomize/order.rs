//! A container's own variables, mounts and volumes stay first and unchanged; the component appends its
//! entries, so that no mount hides another, and patches by index still change the same entries.

use serde_yaml::Value;

use crate::kustomize::cases::ManifestDir;
use crate::setup::flags::has;

const MOUNT: &str = "/run/trust-init";
const BUNDLE: &str = "/run/trust-init/ca-bundle.crt";

/// Returns a Deployment with these containers and volumes.
fn deployment(containers: &str, volumes: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  \
         selector: {{matchLabels: {{app: web}}}}\n  template:\n    \
         metadata: {{labels: {{app: web}}}}\n    spec:\n      containers: [{containers}]\n      \
         volumes: [{volumes}]\n"
    )
}

/// Returns a container with these variables and mounts.
fn container(name: &str, env: &str, mounts: &str) -> String {
    format!(
        "{{name: {name}, image: 'registry.invalid/{name}:1', env: [{env}], volumeMounts: [{mounts}]}}"
    )
}

/// Creates an overlay with these operations on the Deployment of `base`, and a component for it that the
/// overlay does not list yet.
fn overlay(base: &str, operations: &[&str]) -> ManifestDir {
    let dir = ManifestDir::new();
    let desk = &dir.0;
    desk.directory("base", 0o755).directory("prod", 0o755);
    desk.write("base/app.yaml", base);
    desk.write("base/kustomization.yaml", "resources: [app.yaml]\n");
    let mut text = "namePrefix: prod-\nresources: [../base]\n".to_owned();
    if !operations.is_empty() {
        let operations: String =
            operations.iter().map(|operation| format!("    - {operation}\n")).collect();
        text += "patches:\n- target: {kind: Deployment, name: web}\n  patch: |\n";
        text += &operations;
    }
    desk.write("prod/kustomization.yaml", text);
    dir.with_ca("-k prod").succeeds();
    dir
}

/// Lists the component after `others`.
fn list(dir: &ManifestDir, others: &str) {
    let text = dir.0.read("prod/kustomization.yaml");
    dir.0.write("prod/kustomization.yaml", format!("{text}components: [{others}../trust]\n"));
}

/// Returns the pod of the rendered Deployment.
fn pod(dir: &ManifestDir, directory: &str) -> Value {
    let text = dir.render(directory);
    let objects = text.split("\n---\n").map(|it| serde_yaml::from_str::<Value>(it).unwrap());
    let mut deployments = objects.filter(|it| it["kind"] == "Deployment");
    deployments.next().unwrap()["spec"]["template"]["spec"].clone()
}

/// Returns the names of the entries of a list.
fn names(list: &Value, key: &str) -> Vec<String> {
    let all = list.as_sequence().into_iter().flatten();
    all.map(|it| it[key].as_str().unwrap_or_default().to_owned()).collect()
}

/// Asserts that a run changes nothing and that --check succeeds.
#[track_caller]
fn is_settled(dir: &ManifestDir, words: &str) {
    let first = dir.0.state("trust");
    dir.with_ca(&format!("{words} --check")).succeeds().prints("in step\n");
    dir.with_ca(words).succeeds();
    assert_eq!(dir.0.state("trust"), first);
}

#[test]
fn entries_of_the_user_stay_first_and_unchanged() {
    let env = "{name: DATABASE_URL, value: 'postgres://dev'}, {name: 'N', value: 2001-01-01}, \
               {name: SSL_CERT_FILE, value: /etc/ssl/certs/ca-certificates.crt}, {name: EMPTY}, \
               {name: PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}, \
               {name: URL, value: 'https://$(DATABASE_URL)'}";
    let mounts = "{name: data, mountPath: /data, subPath: a, mountPropagation: HostToContainer}, \
                  {name: 'on', mountPath: /var/run/}, \
                  {name: data, mountPath: /logs, subPathExpr: $(DATABASE_URL), readOnly: true}";
    let volumes = "{name: data, persistentVolumeClaim: {claimName: data}}, {name: 'on', emptyDir: {}}, \
                   {name: all, projected: {sources: [{secret: {name: a}}, {configMap: {name: b}}]}}";
    let containers = [container("web", env, mounts), container("side", "", "")].join(", ");
    let dir = overlay(&deployment(&containers, volumes), &[]);
    let before = pod(&dir, "prod");
    list(&dir, "");
    let after = pod(&dir, "prod");
    let starts = |before: &Value, after: &Value| {
        let list = |it: &Value| it.as_sequence().cloned().unwrap_or_default();
        let (before, after) = (list(before), list(after));
        assert!(before.len() < after.len(), "{after:?}");
        for (before, after) in before.iter().zip(&after) {
            if before["name"] == "SSL_CERT_FILE" {
                assert_eq!(after["value"], BUNDLE);
            } else {
                assert_eq!(after, before);
            }
        }
    };
    starts(&before["volumes"], &after["volumes"]);
    for index in 0..2 {
        let (before, after) = (&before["containers"][index], &after["containers"][index]);
        starts(&before["env"], &after["env"]);
        starts(&before["volumeMounts"], &after["volumeMounts"]);
    }
    is_settled(&dir, "-k prod");
}

#[test]
fn a_mount_at_var_run_is_mounted_before_ours() {
    let mount = |path: &str| format!("{{name: run, mountPath: {path}}}");
    for path in ["/var/run", "/var/run/", "/run", "/var"] {
        let manifests =
            deployment(&container("web", "", &mount(path)), "{name: run, emptyDir: {}}");
        let dir = overlay(&manifests, &[]);
        list(&dir, "");
        let mounts = names(&pod(&dir, "prod")["containers"][0]["volumeMounts"], "mountPath");
        assert_eq!(mounts[..2], [path, MOUNT], "{mounts:?}");
        is_settled(&dir, "-k prod");
    }
    // A mount that a patch of the overlay adds after ours cannot be moved; the program reports it.
    let operations = ["{op: add, path: /spec/template/spec/containers/0/volumeMounts/-, \
         value: {name: data, mountPath: /var/run}}"];
    let mounts = "{name: data, mountPath: /data}";
    let manifests = deployment(&container("web", "", mounts), "{name: data, emptyDir: {}}");
    let dir = overlay(&manifests, &operations);
    list(&dir, "");
    let says = "Deployment/prod-web/web mounts `/var/run` after /run/trust-init, and hides it";
    dir.with_ca("-k prod --check").exits(1).shows(says);
    dir.with_ca("-k prod").exits(1).says(says).says("instead, which has `prod` under `resources:`");
}

/// Operations that address entries of `base` by index, and operations that add entries.
const BY_INDEX: [&str; 5] = [
    "{op: replace, path: /spec/template/spec/containers/0/env/0/value, value: postgres://prod}",
    "{op: replace, path: /spec/template/spec/volumes/0, \
     value: {name: data, persistentVolumeClaim: {claimName: data}}}",
    "{op: add, path: /spec/template/spec/containers/0/env/-, value: {name: MORE, value: '1'}}",
    "{op: add, path: /spec/template/spec/volumes/-, value: {name: more, emptyDir: {}}}",
    "{op: add, path: /spec/template/spec/containers/0/volumeMounts/-, \
     value: {name: more, mountPath: /more}}",
];

fn base() -> String {
    let web = container(
        "web",
        "{name: DATABASE_URL, value: 'postgres://dev'}",
        "{name: data, mountPath: /data}",
    );
    deployment(&web, "{name: data, emptyDir: {}}")
}

/// Entries that a patch adds do not exist yet when the component is applied: they come last, and once.
#[track_caller]
fn is_patched_as_before(dir: &ManifestDir, first: &[&str]) {
    let pod = pod(dir, "prod");
    let web = &pod["containers"][0];
    assert_eq!(web["env"][0]["value"], "postgres://prod");
    let env = names(&web["env"], "name");
    assert_eq!(env[..first.len()], *first);
    assert_eq!(env[first.len()], "SSL_CERT_FILE");
    assert_eq!(web["env"][first.len()]["value"], BUNDLE);
    assert_eq!(env.iter().position(|it| it == "MORE"), Some(env.len() - 1), "{env:?}");
    assert_eq!(pod["volumes"][0]["persistentVolumeClaim"]["claimName"], "data");
    assert_eq!(names(&pod["volumes"], "name"), ["data", "trust-init", "more"]);
    let mounts = names(&web["volumeMounts"], "mountPath");
    assert_eq!(mounts[..2], ["/data", MOUNT]);
    assert_eq!((mounts.len(), &*mounts[3]), (4, "/more"));
    is_settled(dir, "-k prod");
}

#[test]
fn patches_by_index_still_change_their_entries() {
    let dir = overlay(&base(), &BY_INDEX);
    list(&dir, "");
    is_patched_as_before(&dir, &["DATABASE_URL"]);
}

#[test]
fn entries_of_an_earlier_component_come_first() {
    let dir = overlay(&base(), &BY_INDEX);
    dir.0.directory("other", 0o755).write(
        "other/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n\
         - target: {kind: Deployment, name: web}\n  patch: |\n    - {op: add, \
         path: /spec/template/spec/containers/0/env/-, value: {name: OTHER, value: '2'}}\n",
    );
    let alone = dir.0.read("prod/kustomization.yaml");
    dir.0.write("prod/kustomization.yaml", format!("{alone}components: [../other]\n"));
    dir.with_ca("-k prod").succeeds();
    dir.0.write("prod/kustomization.yaml", alone);
    list(&dir, "../other, ");
    is_patched_as_before(&dir, &["DATABASE_URL", "OTHER"]);
}

#[test]
fn entries_removed_by_a_later_patch_are_reported() {
    let web = container("web", "{name: LEVEL, value: info}", "");
    let base = deployment(&web, "{name: data, emptyDir: {}}");
    for (operation, says) in [
        (
            "{op: replace, path: /spec/template/spec/volumes, value: [{name: data, emptyDir: {}}]}",
            "out of step: Deployment/prod-web is missing its volume\n",
        ),
        (
            "{op: add, path: /spec/template/spec/containers/0/env, value: []}",
            "out of step: container Deployment/prod-web/web is missing its mount or variables\n",
        ),
        (
            "{op: add, path: /spec/template/spec/containers/-, \
             value: {name: side, image: 'registry.invalid/side:1'}}",
            "out of step: duplicate container Deployment/prod-web/side\n",
        ),
    ] {
        let dir = overlay(&base, &[operation]);
        let alone = dir.0.read("prod/kustomization.yaml");
        list(&dir, "");
        let outcome = dir.with_ca("-k prod --check").exits(1);
        let outcome = outcome.stdout() + &outcome.stderr();
        has(&outcome, says);
        has(
            &outcome,
            "list it in a second kustomization instead, which has `prod` under `resources:`",
        );
        dir.0.write("prod/kustomization.yaml", alone);
        dir.0.directory("above", 0o755);
        dir.0.write("above/kustomization.yaml", "resources: [../prod]\n");
        dir.with_ca("-k above").succeeds();
        let text = "resources: [../prod]\ncomponents: [../trust]\n";
        dir.0.write("above/kustomization.yaml", text);
        is_settled(&dir, "-k above");
    }
}

#[test]
fn the_next_run_removes_entries_of_removed_containers() {
    let old = container(
        "web",
        "{name: OLD, value: '1'}, {name: LEVEL, value: info}",
        "{name: old, mountPath: /var/run}",
    );
    let old = [container("old", "", ""), old, "{name: leave, image: redis}".to_owned()].join(", ");
    let dir = overlay(&deployment(&old, "{name: old, emptyDir: {}}"), &[]);
    list(&dir, "");
    is_settled(&dir, "-k prod");
    let new = container("web", "{name: LEVEL, value: info}", "");
    dir.0.write("base/app.yaml", deployment(&new, ""));
    dir.with_ca("-k prod --check").exits(1).shows("is older than the CA, an image or a manifest");
    dir.with_ca("-k prod").succeeds();
    let pod = pod(&dir, "prod");
    assert_eq!(names(&pod["containers"], "name"), ["web"]);
    let web = &pod["containers"][0];
    assert_eq!(names(&web["env"], "name")[..2], ["LEVEL", "SSL_CERT_FILE"]);
    assert_eq!(names(&web["volumeMounts"], "mountPath")[0], MOUNT);
    assert_eq!(names(&pod["volumes"], "name"), ["trust-init"]);
    is_settled(&dir, "-k prod");
}

#[test]
fn duplicate_variables_are_kept_and_duplicate_mounts_refused() {
    // Kubernetes uses the last of two variables, and so does kustomize.
    let env = "{name: TWICE, value: '1'}, {name: LEVEL, value: info}, {name: TWICE, value: '2'}";
    let dir = overlay(&deployment(&container("web", env, ""), ""), &[]);
    list(&dir, "");
    let web = pod(&dir, "prod")["containers"][0].clone();
    assert_eq!(names(&web["env"], "name")[..3], ["TWICE", "LEVEL", "SSL_CERT_FILE"]);
    assert_eq!(web["env"][0]["value"], "2");
    is_settled(&dir, "-k prod");
    // Kubernetes refuses two mounts at one path; kustomize would drop the first.
    let mounts = "{name: data, mountPath: /data, subPath: a}, {name: data, mountPath: /data}";
    let manifests = deployment(&container("web", "", mounts), "{name: data, emptyDir: {}}");
    let dir = ManifestDir::with(&manifests);
    let says = "the mounts of container Deployment/web/web have changed";
    dir.with_ca("-f manifests.yaml").exits(1).says(says).says("fix: ");
    assert!(!dir.0.has("trust"));
}
