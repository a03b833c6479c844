//! The ConfigMap of a component in a pod with trust-init as entrypoint: trust-init adopts the mounted
//! files.

use std::os::unix::fs::symlink;

use crate::kustomize::cases::ManifestDir;
use crate::world::World;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n\
                   spec: {containers: [{name: web, image: 'registry.invalid/web:1'}]}\n";

#[test]
fn the_mounted_bundle_is_adopted_and_nothing_is_written() {
    let dir = ManifestDir::with(POD);
    dir.with_ca("-f manifests.yaml").succeeds();
    // The files in a ConfigMap volume are links through a link that the kubelet replaces as a whole
    dir.0.directory("volume", 0o777).directory("volume/..2026_11_23", 0o755);
    let component = dir.0.read("trust/kustomization.yaml");
    for key in ["ca-bundle.crt", "custom-ca.crt"] {
        let file = component.split(&format!("{key}=")).nth(1).unwrap().lines().next().unwrap();
        let text = dir.0.read(&format!("trust/{file}"));
        dir.0.write(&format!("volume/..2026_11_23/{key}"), text);
        symlink(format!("..data/{key}"), dir.0.path(&format!("volume/{key}"))).unwrap();
    }
    symlink("..2026_11_23", dir.0.path("volume/..data")).unwrap();

    let world = World::new();
    world.directory("/run/trust-init", 0o755);
    world.write("/usr/local/share/ca-certificates/custom-ca.crt", "");
    let rendered = dir.render_all();
    let pod: serde_yaml::Value = rendered
        .split("\n---\n")
        .map(|text| serde_yaml::from_str::<serde_yaml::Value>(text).unwrap())
        .find(|object| object["kind"] == "Pod")
        .unwrap();
    let container = &pod["spec"]["containers"][0];
    let file = dir.0.path("volume/..2026_11_23/custom-ca.crt");
    let target = world.path("/run/trust-init").display().to_string();
    let mut run = world
        .trust_init(&["env"])
        .uid(12345)
        .read_only()
        .mount(&dir.0.path("volume"), "/run/trust-init")
        .before(&format!("mount -o remount,ro,bind '{target}'"))
        .mount(&file, "/usr/local/share/ca-certificates/custom-ca.crt")
        .env("TRUST_INIT_ROOTS", "mozilla");
    for variable in container["env"].as_sequence().unwrap() {
        let text = |key: &str| variable[key].as_str().unwrap();
        run = run.env(text("name"), text("value"));
    }
    let run = run.run().succeeds();
    let run = run.says("in `/run/trust-init/ca-bundle.crt`").never_says("warning");
    for (name, file) in
        [("SSL_CERT_FILE", "ca-bundle.crt"), ("NODE_EXTRA_CA_CERTS", "custom-ca.crt")]
    {
        assert_eq!(run.value(name), Some(format!("/run/trust-init/{file}")));
    }
}
