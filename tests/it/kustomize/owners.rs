//! A component in a directory that another user can replace.

use crate::kustomize::cases::ManifestDir;
use crate::world::gallery;

#[test]
fn a_component_that_another_user_can_replace_is_reported() {
    let dir = ManifestDir::with(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n\
         spec: {containers: [{name: web, image: 'registry.invalid/web:1'}]}\n",
    );
    let words = format!("--custom-ca {} -f manifests.yaml", gallery("ca-ec.crt").display());
    dir.0.directory("tmp", 0o700);
    dir.run(&words).succeeds().never_says("can replace `trust`");
    dir.0.own("trust", 1001);
    let run = dir.run(&words).succeeds();
    run.says("warning: another user can replace `trust`, and with it what the services trust: it belongs to uid 1001");
}
