//! docker-compose.hardened.yml: the same results with services that run as plain users without capabilities.

use crate::engine::docker;

use super::{App, SERVICES};

const FILES: &str = "-f docker-compose.yml -f docker-compose.hardened.yml";
const GPU_FILES: &str = "-f gpu/docker-compose.yml -f gpu/docker-compose.hardened.yml";

/// Runs the command in the fix of `refusal`.
#[track_caller]
fn follows_the_fix(app: &App, refusal: &str) {
    let (_, command) = refusal.split_once("let its group read it: `").expect("the command");
    let (command, _) = command.split_once('`').expect("its end");
    app.types(&command.replace("sudo ", "")).exits(0);
}

#[track_caller]
fn is_hardened(id: &str) {
    let format = "{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} \
        {{.HostConfig.CapAdd}} {{.HostConfig.SecurityOpt}} {{.HostConfig.Privileged}}";
    let outcome = docker(["inspect", "--format", format, id]).exits(0);
    let shown = outcome.stdout.trim();
    let (user, rest) = shown.split_once(' ').unwrap();
    assert!(["1000:1000", "postgres", "redis"].contains(&user), "{shown}");
    let added = ["[]", "[NET_BIND_SERVICE]", "[CAP_NET_BIND_SERVICE]"];
    let is_so = |added| rest == format!("true [ALL] {added} [no-new-privileges:true] false");
    assert!(added.into_iter().any(is_so), "{shown}");
}

#[test]
fn every_service() {
    let mut app = App { files: FILES, ..App::new() };
    app.types("../../scripts/generate-certs.sh app.local").exits(0);
    app.types("../../scripts/generate-certs.sh gpu.lan --out gpu/certs/").exits(0);
    app.types("chgrp 1000 gpu/certs/server-key.pem && chmod 640 gpu/certs/server-key.pem").exits(0);
    app.types(&format!("docker compose {GPU_FILES} up -d")).exits(0);
    app.types(&format!("docker compose {FILES} up -d")).exits(0);
    let gpu = app.types(&format!("docker compose {GPU_FILES} ps -q")).exits(0);
    is_hardened(gpu.stdout.trim());
    app.serves_by("../caddys-own.crt");
    app.quickly(false);

    let refused = app.follows_readme("hardened").exits(1).says("runs as uid 1000");
    follows_the_fix(&app, &refused.stderr);
    let before = app.state();
    let outcome = app.follows_readme("hardened").exits(0);
    app.follows(&outcome);
    assert_eq!(app.running(), SERVICES);
    app.ids().values().for_each(|id| is_hardened(id));
    app.every_client(true);
    app.grpc();
    app.serves_by("certs/ca.crt");

    app.removes_setup(&before);
    app.serves_by("../caddys-own.crt");
}
