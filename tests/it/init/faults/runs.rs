//! Every system call of every kind of run fails in turn; tests/snapshots/faults.md lists the outcomes.

use crate::init::faults::service::{OUTCOMES, START, Scene};
use crate::init::faults::{Table, is_all};
use crate::init::store::{CACERTS, install};
use crate::world::{BUNDLE, CUSTOM_CA, ROOTS, Run, World};

/// Two CAs of tests/certs.
pub const CA: &str = include_str!("../../../certs/neighbour/ca.crt");
pub const OTHER_CA: &str = include_str!("../../../certs/ca-ec.crt");

fn plain(run: Run<'_>) -> Run<'_> {
    run
}

/// Creates an image with every file that a run may read or change.
pub fn image() -> World {
    let world = World::new().with_ca();
    world.directory("data", 0o755).directory("opt", 0o755).directory("var", 0o755);
    world
}

fn with_java() -> World {
    let world = image();
    world.copy("java/jks", CACERTS);
    world
}

fn scenes() -> Vec<Scene> {
    let scene = |name, words, set, image, with| Scene { name, words, set, image, with };
    vec![
        scene("a first start", &[], &[], image, plain),
        scene(
            "a restart",
            &[],
            &[],
            || {
                let world = image();
                world.trust_init(&["true"]).run().succeeds();
                world
            },
            plain,
        ),
        scene(
            "a start with another CA",
            &[],
            &[],
            || {
                let world = image();
                world.copy("ca-ec.crt", CUSTOM_CA).trust_init(&["true"]).run().succeeds();
                world.copy("neighbour/ca.crt", CUSTOM_CA);
                world
            },
            plain,
        ),
        scene(
            "a start with one CA fewer",
            &[],
            &[],
            || {
                let world = image();
                world.copy("ca-ec.crt", "/usr/local/share/ca-certificates/other.crt");
                world.trust_init(&["true"]).run().succeeds();
                std::fs::remove_file(world.path("/usr/local/share/ca-certificates/other.crt"))
                    .unwrap();
                world
            },
            plain,
        ),
        scene(
            "no custom CA",
            &[],
            &[],
            || {
                let world = image();
                std::fs::remove_file(world.path(CUSTOM_CA)).unwrap();
                world
            },
            plain,
        ),
        scene("`--on-error=warn`", &["--on-error=warn"], &[], image, plain),
        scene(
            "a pinned variable",
            &[],
            &[("REQUESTS_CA_BUNDLE", "/etc/own.pem")],
            || {
                let world = image();
                world.copy("ca-ec.crt", "/etc/own.pem");
                world
            },
            plain,
        ),
        scene(
            "a mounted bundle",
            &[],
            &[],
            || {
                let world = image();
                let (ca, roots) = (world.read(CUSTOM_CA), world.read(ROOTS));
                world.write("etc/prepared", roots + &ca).write(BUNDLE, "");
                world
            },
            |run| {
                let prepared = run.world.path("etc/prepared");
                run.mount(&prepared, BUNDLE)
            },
        ),
        scene("`--prepare`", &["--prepare"], &[], image, plain),
        scene("`--dir /data`", &["--dir", "/data"], &[], image, plain),
        scene("in `/tmp`, as another user", &[], &[], image, |run| run.uid(1000)),
        scene("in memory", &[], &[], image, |run| run.uid(1000).read_only()),
        scene("`--java on`", &["--java", "on"], &[], with_java, plain),
        scene("`--runtime php,wget,erlang`", &["--runtime", "php,wget,erlang"], &[], image, plain),
        scene("`--install-store`", &["--install-store"], &[], with_java, plain),
        scene(
            "`--install-store --on-error=warn`",
            &["--install-store", "--on-error=warn"],
            &[],
            with_java,
            plain,
        ),
        scene(
            "`--install-store`, again",
            &["--install-store"],
            &[],
            || {
                let world = with_java();
                install(&world).run().succeeds();
                world
            },
            plain,
        ),
        scene(
            "`--install-store`, the CA is gone",
            &["--install-store"],
            &[],
            || {
                let world = with_java();
                install(&world).run().succeeds();
                std::fs::remove_file(world.path(CUSTOM_CA)).unwrap();
                world
            },
            plain,
        ),
    ]
}

/// A fault before the arguments are read can only end the program: no service is started, and no file is
/// left.
#[test]
fn every_fault_at_program_start_has_its_documented_outcome() {
    let scene = Scene { name: START, words: &[], set: &[], image, with: plain };
    let (came, wrong) = scene.inject(&(0..scenes()[0].begun()));
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let mut table = Table::default();
    table.add(START, came);
    table.is_documented("start", &OUTCOMES);
}

#[test]
fn every_failing_system_call_has_its_documented_outcome() {
    let scenes = scenes();
    let begun = scenes[0].begun();
    let (mut table, mut wrong) = (Table::default(), Vec::new());
    // One of the longest runs is enough for a daily test.
    let is_tried = |scene: &&Scene| is_all() || !scene.name.starts_with("`--install-store --on");
    for scene in scenes.iter().filter(is_tried) {
        let (came, own) = scene.inject(&(begun..usize::MAX));
        wrong.extend(own.into_iter().map(|error| format!("{}: {error}", scene.name)));
        table.add(scene.name, came);
    }
    println!("trust-init: {} faults", table.faults());
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n\n"));
    table.is_documented("trust-init", &OUTCOMES);
}
