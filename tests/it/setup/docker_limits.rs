//! A `docker` command that hangs, or uses all memory: `setup` waits half a minute, kills it with its
//! children, and reports it. The command is a script, because what makes Compose itself hang (aliases that
//! multiply) uses all the memory of a machine.

use std::time::Duration;

use crate::desk::{Desk, trust_compose};
use crate::world::Outcome;

/// Runs setup with a docker command that is this script.
#[track_caller]
fn beside(script: &str) -> (Desk, Outcome) {
    let desk = Desk::with(&["reflector.local"]);
    desk.write("docker-compose.yml", "services:\n  agent:\n    image: registry.invalid/agent\n");
    desk.directory("bin", 0o755).write("bin/docker", script).chmod("bin/docker", 0o755);
    let words = ["setup", "--custom-ca", "certs/ca.crt"];
    let mut command = desk.command(&trust_compose(), &words, "022");
    let path = format!("{}:/usr/bin:/bin", desk.path("bin").display());
    let outcome = Outcome(command.env("PATH", path).output().unwrap()).exits(1);
    (desk, outcome)
}

#[test]
fn a_docker_command_that_hangs_is_killed_with_its_children() {
    // Ignores SIGTERM and SIGINT, as Compose does while it reads.
    let script = "#!/bin/sh\ntrap '' TERM INT\necho $$ >>started\nsh -c 'trap \"\" TERM; echo $$ \
                  >>started; exec sleep 3600' &\nwait\n";
    let (desk, outcome) = beside(script);
    outcome.says("cannot read the project: `docker compose config` gave no answer within 30 s");

    assert!(!desk.has("docker-compose.ca.yml"));
    let started = desk.read("started");
    assert!(started.lines().count() >= 2, "{started}");
    for id in started.lines() {
        // A killed process exists until its new parent has reaped it.
        let is_gone = || !runs(id);
        let mut looks = 0..100;
        assert!(looks.any(|_| is_gone() || {
            std::thread::sleep(Duration::from_millis(20));
            false
        }));
    }
}

/// The script uses much memory once it is limited, and exits as Go's runtime does then.
#[test]
fn the_memory_of_a_docker_command_is_limited() {
    let script = "#!/usr/bin/python3\nimport resource, sys, time\nfor _ in range(1000):\n    if \
                  resource.getrlimit(resource.RLIMIT_DATA)[1] == 1 << 30: break\n    time.sleep(0.01)\n\
                  try: bytearray(2 << 30)\nexcept MemoryError: sys.exit('fatal error: out of memory')\n\
                  print('services: {}')\n";
    let (desk, outcome) = beside(script);
    outcome.says("cannot read the project: `docker compose config` ran out of memory");
    assert!(!desk.has("docker-compose.ca.yml"));
}

fn runs(id: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = status.rsplit(')').next().unwrap_or_default().trim();
    !state.is_empty() && !state.starts_with('Z')
}
