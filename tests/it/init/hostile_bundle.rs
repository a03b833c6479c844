//! An attacker in the container who tries to make the service trust another CA: the attack runs before
//! every step of trust-init, and in a loop beside it. No outside file changes, and the service reads our
//! bytes.

use std::os::unix::fs::MetadataExt as _;
use std::process::{Command, Stdio};

use crate::init::stopped::{self, Step};
use crate::world::{BUNDLE, CUSTOM_CA, Outcome, ROOTS, Run, World, tool};

/// The uid and gid of the attacker.
const ATTACKER: &str = "65534:65534";

/// What the attacker puts in place of our files.
const PLANTS: [&str; 7] = ["empty", "directory", "copy", "link", "own", "file", "bundle"];

/// The attack on every path that trust-init is known to create: destroy what exists, and plant something
/// else.
const ATTACK: &str = r#"
b=/bin/busybox; plant=$1; shift
$b mkdir -m 777 /dev/shm/evil; $b cp /evil.crt /dev/shm/evil/ca-bundle.crt
for at in "$@"; do
    $b chmod 777 "$at"
    for file in "$at" "$at"/* "$at"/.[!.]*; do
        [ ! -f "$file" ] || echo evil >>"$file"
        $b mv "$file" "$file.moved"; $b ln -sfn /outside/file "$file"; $b rm -f "$file"
    done
    $b rm -rf "$at"
    case $plant in
        empty) $b mkdir -m 777 "$at" ;;
        copy)
            case $at in
                */custom-ca.crt) $b cp /ca.crt "$at" ;;
                *.crt) $b cp /ours.crt "$at" ;;
                *) $b mkdir "$at" && $b cp /ours.crt "$at/ca-bundle.crt" && $b cp /ca.crt "$at/custom-ca.crt" ;;
            esac
            ;;
        directory) $b mkdir -m 777 "$at" && $b cp /evil.crt "$at/ca-bundle.crt" ;;
        link) $b ln -sn /outside "$at" ;;
        own) $b ln -sn /dev/shm/evil "$at" ;;
        file) $b cp /evil.crt "$at" ;;
        bundle)
            case $at in *.crt) ;; *) $b mkdir -m 777 "$at"; at=$at/ca-bundle.crt ;; esac
            $b ln -sn /dev/shm/evil/ca-bundle.crt "$at" ;;
    esac
done
"#;

/// A container with the attacker in it.
struct Scene {
    what: &'static str,
    uid: u32,
    prepare: fn(&World),
    words: &'static [&'static str],
    /// The directories in which the bundle may be afterwards.
    ends: &'static [&'static str],
}

const SCENES: [Scene; 6] = [
    Scene {
        what: "the service is uid 1000, `/tmp` and `/dev/shm` are writable by all users",
        uid: 1000,
        prepare: |_| {},
        words: &[],
        ends: &["/tmp/", "/dev/shm/", "/proc/"],
    },
    Scene {
        what: "the service is root, `/run` is writable by all users",
        uid: 0,
        prepare: |world| {
            world.mode("/run", 0o777);
        },
        words: &[],
        ends: &["/tmp/", "/dev/shm/", "/proc/"],
    },
    Scene {
        what: "the service is root, `/run` is writable by all users, with the sticky bit",
        uid: 0,
        prepare: |world| {
            world.mode("/run", 0o1777);
        },
        words: &[],
        ends: &["/run/", "/tmp/", "/dev/shm/", "/proc/"],
    },
    Scene {
        what: "the service is root, `/run/trust-init` is writable by all users, with the sticky bit",
        uid: 0,
        prepare: |world| {
            world.directory("/run/trust-init", 0o1777);
        },
        words: &[],
        ends: &["/run/", "/tmp/", "/dev/shm/", "/proc/"],
    },
    Scene {
        what: "the service is uid 1000, `/tmp` is writable by all users without the sticky bit",
        uid: 1000,
        prepare: |world| {
            world.mode("/tmp", 0o777);
        },
        words: &[],
        ends: &["/dev/shm/", "/proc/"],
    },
    Scene {
        what: "the service is root, and `--dir` names a directory that is writable by all users, with the sticky bit",
        uid: 0,
        prepare: |world| {
            world.directory("/volume", 0o1777);
        },
        words: &["--dir", "/volume"],
        ends: &["/volume/"],
    },
];

/// Returns the table of the scenes.
pub fn table() -> String {
    let mut text = "\n## The bundle's directory\n\n\
        An attacker with uid 65534 runs before the start, after every system call that looks up a name or \
        changes a file, and in a loop beside trust-init. Each time the attacker destroys what exists and plants one of: \
        an empty directory, a directory with a foreign bundle or a copy of ours, a link to a foreign directory, a \
        file, a link to a bundle. No file outside changes, \
        and the service reads our bytes, from a file that the attacker cannot change afterwards.\n\n\
        | container | the bundle is in one of |\n|---|---|\n"
        .to_owned();
    for scene in &SCENES {
        let ends: Vec<_> = scene.ends.iter().map(|end| format!("`{end}`")).collect();
        text.push_str(&format!("| {} | {} |\n", scene.what, ends.join(", ")));
    }
    text
}

impl Scene {
    fn world(&self) -> World {
        let world = World::new().with_ca();
        let evil = world.read(CUSTOM_CA) + &world.read(ROOTS);
        world
            .copy("ca-ec.crt", "/evil.crt")
            .write("/ours.crt", &evil)
            .write("/ca.crt", world.read(CUSTOM_CA));
        world.write("/evil.crt", evil + &world.read("/evil.crt")).write("/attack", ATTACK);
        for name in ["file", "ca-bundle.crt"] {
            world.write(&format!("/outside/{name}"), "not ours").owner("/outside", self.uid);
            world.owner(&format!("/outside/{name}"), self.uid);
        }
        world.mode("/outside", 0o700);
        (self.prepare)(&world);
        world
    }

    /// Restores the initial state.
    fn reset(&self, world: &World) {
        for place in ["/run", "/tmp", "/dev/shm", "/volume"] {
            if world.has(place) {
                std::fs::remove_dir_all(world.path(place)).unwrap();
            }
        }
        world.directory("/run", 0o755).directory("/tmp", 0o1777).directory("/dev/shm", 0o1777);
        (self.prepare)(world);
    }

    fn run<'a>(&self, world: &'a World) -> Run<'a> {
        let service = ["sh", "-c", "echo \"$SSL_CERT_FILE\"; cat \"$SSL_CERT_FILE\""];
        world.trust_init(&[self.words, &service].concat()).uid(self.uid)
    }

    /// Returns the paths that trust-init creates in such a container.
    fn targets(&self) -> Vec<String> {
        let world = self.world();
        let mut targets = vec!["/run/trust-init".to_owned()];
        targets.extend([BUNDLE.to_owned(), BUNDLE.replace("ca-bundle", "custom-ca")]);
        for shared in ["/tmp", "/dev/shm", "/volume"].into_iter().filter(|it| world.has(it)) {
            let named = ["--dir", shared, "true"];
            world.mode(shared, 0o1777).trust_init(&named).uid(self.uid).run().succeeds();
            let names = world.names(shared).into_iter().filter(|name| name.starts_with("trust-"));
            targets.extend(names.map(|name| format!("{shared}/{name}")));
        }
        targets
    }

    /// Asserts that the service got our bytes, from a file that the attacker cannot change.
    #[track_caller]
    fn holds(&self, world: &World, outcome: &Outcome, attack: impl FnOnce()) {
        let text = outcome.stdout();
        let outside = ["file", "ca-bundle.crt"].map(|name| world.read(&format!("/outside/{name}")));
        assert_eq!(outside, ["not ours"; 2]);
        assert_eq!(world.names("/outside"), ["ca-bundle.crt", "file"]);
        assert_eq!(world.path("/outside").metadata().unwrap().mode() & 0o7777, 0o700);
        if outcome.0.status.code() == Some(125) && self.ends == ["/volume/"] {
            return;
        }
        assert_eq!(outcome.0.status.code(), Some(0), "{}", outcome.stderr());
        let (path, bundle) = text.split_once('\n').unwrap();
        let ours = world.read(CUSTOM_CA) + &world.read(ROOTS);
        assert_eq!(bundle, ours, "{}: {path}\n{}", self.what, outcome.stderr());
        assert!(self.ends.iter().any(|end| path.starts_with(end)), "{}: {path}", self.what);
        if path.starts_with("/proc/") {
            return;
        }
        attack();
        let found = world.path(path).symlink_metadata().unwrap();
        assert!(found.is_file() && [0, self.uid].contains(&found.uid()), "{path}");
        assert_eq!(world.read(path), ours, "{path} was changed afterwards");
    }
}

/// Runs the attack in the image.
fn attack(world: &World, plant: &str, targets: &[String]) {
    let root = world.path("/");
    let mut command = Command::new(tool("chroot"));
    command.args([&format!("--userspec={ATTACKER}"), "--groups="]).arg(root);
    command.args(["/bin/busybox", "sh", "/attack", plant]).args(targets).env_clear();
    assert!(command.stdin(Stdio::null()).stderr(Stdio::null()).status().unwrap().code().is_some());
}

/// The system calls after which an attack matters: those that look up a name, and those that change a file.
const STEPS: &str = "%file,fchmod,write,writev";

/// Returns those calls of trust-init, from the moment when it looks for a directory.
#[track_caller]
fn steps(scene: &Scene, world: &World) -> Vec<Step> {
    let is_look = |line: &str| ["\"run\"", "\"/volume\""].iter().any(|it| line.contains(it));
    stopped::steps(scene.run(world), STEPS, is_look, |_| false)
}

/// Runs the attack before the start, and after every step.
fn before_every_step(number: usize) {
    let scene = &SCENES[number];
    let targets = scene.targets();
    let world = scene.world();
    let steps = steps(scene, &world);
    let steps = std::iter::once(None).cycle().take(PLANTS.len()).chain(steps.iter().map(Some));
    for (step, plant) in steps.zip(PLANTS.iter().cycle()) {
        scene.reset(&world);
        let turn = || attack(&world, plant, &targets);
        let outcome = if let Some(step) = step {
            stopped::stopped(scene.run(&world), step, turn)
        } else {
            turn();
            scene.run(&world).run()
        };
        scene.holds(&world, &outcome, turn);
    }
}

#[test]
fn a_link_to_a_mounted_file_is_no_mounted_bundle() {
    let world = SCENES[3].world();
    SCENES[3].reset(&world);
    let shm = format!("mount -t tmpfs -o mode=1777 tmpfs '{}'", world.path("/dev/shm").display());
    let plant = format!(
        "chroot --userspec={ATTACKER} '{}' /bin/busybox sh /attack bundle {BUNDLE}",
        world.path("/").display()
    );
    let outcome = SCENES[3].run(&world).before(&shm).before(&plant).run().succeeds();
    let said =
        "`/run/trust-init` is not used: `ca-bundle.crt` in it belongs to uid 65534, not to uid 0";
    SCENES[3].holds(&world, &outcome.says(said), || {});
}

#[test]
fn a_private_directory_of_our_name_stays_private() {
    let world = World::new().with_ca();
    let run = || world.directory("/volume", 0o777).trust_init(&["--dir", "/volume", "true"]);
    run().run().succeeds();
    let ours = format!("/volume/{}", world.names("/volume")[0]);
    // A umask may cause this mode.
    world.mode(&ours, 0o700);
    run().run().succeeds();
    assert_eq!(world.path(&ours).metadata().unwrap().mode() & 0o7777, 0o755);
    // A user who can rename the directory can replace it.
    std::fs::remove_dir_all(world.path(&ours)).unwrap();
    world.write(&format!("{ours}/secret"), "").mode(&ours, 0o700);
    run().run().exits(125).says("it already contains");
    assert_eq!(world.path(&ours).metadata().unwrap().mode() & 0o7777, 0o700);
    assert_eq!(world.names(&ours), ["secret"]);
}

/// The number of starts beside the attacker.
const ROUNDS: usize = 21;

/// The attack runs in a loop.
#[test]
fn an_attacker_in_a_loop_changes_nothing() {
    for scene in &SCENES {
        let (world, targets) = (scene.world(), scene.targets());
        for round in 0..ROUNDS {
            scene.reset(&world);
            let (root, plant) = (world.path("/"), PLANTS[round % PLANTS.len()]);
            let turns =
                format!("while :; do sh /attack {plant} {}; : >/tmp/turn; done", targets.join(" "));
            let attacker = format!(
                "(chroot --userspec={ATTACKER} --groups= '{}' /bin/busybox sh -c '{turns}' \
                 >/dev/null 2>&1 </dev/null &) && until [ -e '{}/tmp/turn' ]; do :; done",
                root.display(),
                root.display()
            );
            let outcome = scene.run(&world).before(&attacker).run();
            scene.holds(&world, &outcome, || attack(&world, plant, &targets));
        }
    }
}

#[test]
fn attacks_before_every_step_of_uid_1000_fail() {
    before_every_step(0);
}

#[test]
fn attacks_on_root_with_a_world_writable_run_fail() {
    before_every_step(1);
}

#[test]
fn attacks_on_root_with_a_sticky_run_fail() {
    before_every_step(2);
}

#[test]
fn attacks_on_root_with_a_sticky_output_directory_fail() {
    before_every_step(3);
}

#[test]
fn attacks_on_uid_1000_without_a_sticky_tmp_fail() {
    before_every_step(4);
}

#[test]
fn attacks_on_root_in_a_named_directory_fail() {
    before_every_step(5);
}
