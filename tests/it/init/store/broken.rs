//! Runs that are killed, or run out of space, while they change the image's root store.

use std::process::Command;

use crate::init::store::{CACERTS, install, tree, without};
use crate::steps::{TRACE, changes};
use crate::world::{CUSTOM_CA, ROOTS, Run, World, tool};

/// Returns strace's log of a run.
fn traced(run: &Run<'_>, expression: &str) -> String {
    let (log, run) = (World::empty(), run.command());
    let mut command = Command::new(tool("strace"));
    command.args(["-f", "-qq", "-o"]).arg(log.path("log")).args(["-e", expression]);
    command.arg(run.get_program()).args(run.get_args()).env_clear();
    command.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.output().unwrap();
    log.read("log")
}

fn three_cas() -> World {
    let world = World::new().with_ca();
    world.copy("java/jks", CACERTS).write(ROOTS, world.read(ROOTS).trim_end());
    std::os::unix::fs::chown(world.path(ROOTS), Some(0), Some(42)).unwrap();
    world
}

/// After a kill at any step the bundle is whole, the next run completes the change, and a run without the
/// CA leaves no trace.
#[test]
fn a_run_killed_at_any_step_is_completed_or_undone() {
    let original = three_cas();
    let (before, roots) = (tree(&original), original.read(ROOTS));
    let complete = {
        install(&original).run().succeeds();
        tree(&original)
    };
    let mut steps = 0;
    for (prepare, task) in [(false, true), (true, true), (true, false)] {
        let prepared = || {
            let world = three_cas();
            if prepare {
                // The run replaces another CA, or removes this one.
                let first = if task { "ca-ec.crt" } else { "neighbour/ca.crt" };
                world.copy(first, CUSTOM_CA);
                install(&world).run().succeeds();
                world.copy("neighbour/ca.crt", CUSTOM_CA);
            }
            world
        };
        let disturbed = |world: &World, option: &str| {
            let run = if task { install(world) } else { install(world).env("TRUST_INIT_CA", "") };
            traced(&run, option)
        };
        for (call, n) in changes(&disturbed(&prepared(), TRACE)) {
            let world = prepared();
            let log = disturbed(&world, &format!("inject={call}:signal=SIGKILL:when={n}"));
            assert!(log.contains("killed by SIGKILL"), "{call} {n}: not killed");
            steps += 1;
            let step = format!("{call} {n} {prepare} {task}");
            let now = world.read(ROOTS);
            assert!(
                now.starts_with(&roots) && (now == roots || now.ends_with("-----\n")),
                "{step}"
            );
            if n % 2 == 0 {
                let found = tree(&world).join("\n");
                let run = install(&world).run().succeeds();
                assert_eq!(tree(&world), complete, "{step}: {found}\n{}", run.stderr());
            }
            without(&world);
            assert_eq!(tree(&world), before, "{step}");
            assert!(!world.has("/var/lib/trust-init"), "{step}");
        }
    }
    assert!(steps > 40, "{steps}");
}

/// As on a full disk: no partial installation.
#[test]
fn a_failed_write_leaves_the_store_unchanged() {
    let before = tree(&three_cas());
    for n in 1..5 {
        let world = three_cas();
        let log = traced(&install(&world), &format!("inject=fsync:error=ENOSPC:when={n}"));
        if !log.contains("(INJECTED)") {
            assert!(n > 3);
            break;
        }
        assert_eq!(tree(&world), before, "{n}");
        install(&world).run().succeeds();
    }
}

#[test]
fn a_run_without_a_record_costs_one_system_call() {
    let world = World::new().with_ca();
    let log = traced(&world.trust_init(&["true"]), "trace=all");
    assert_eq!(log.matches("/var/lib/trust-init").count(), 1, "{log}");
}
