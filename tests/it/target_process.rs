//! A process in a small image that trust-doctor inspects from outside.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command};

use crate::world::{BUNDLE, CUSTOM_CA, Outcome, ROOTS, Run, World};

/// Creates an image as trust-init leaves it: with the custom CA and a bundle that contains it.
pub fn world() -> World {
    let world = World::new().with_ca();
    let bundle = world.read(ROOTS) + &world.read(CUSTOM_CA);
    world.write(BUNDLE, bundle);
    world
}

/// A container whose process runs until the end of the test.
pub struct Container(Child, #[expect(dead_code, reason = "the process waits for its end")] File);

impl Drop for Container {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts `run` and returns once its program has opened /gate.
#[track_caller]
pub fn start(world: &World, run: &Run<'_>) -> Container {
    // A new pipe each time: an earlier reader may still be running.
    let _ = std::fs::remove_file(world.path("gate"));
    nix::unistd::mkfifo(&world.path("gate"), nix::sys::stat::Mode::from_bits_truncate(0o600))
        .unwrap();
    world.mode("/gate", 0o666);
    let mut child = run.command().spawn().unwrap();
    loop {
        let mut options = OpenOptions::new();
        // Non-blocking: the program may have exited before it opened the pipe.
        options.write(true).custom_flags(nix::libc::O_NONBLOCK);
        if let Ok(gate) = options.open(world.path("gate")) {
            return Container(child, gate);
        }
        assert_eq!(child.try_wait().unwrap(), None);
        std::thread::yield_now();
    }
}

/// Returns the PID, on this machine, of the container's first process.
#[track_caller]
pub fn pid(container: &Container) -> String {
    let parent = container.0.id();
    let children = format!("/proc/{parent}/task/{parent}/children");
    std::fs::read_to_string(children).unwrap().trim().to_owned()
}

/// Runs trust-doctor on the container's first process.
#[track_caller]
pub fn inspect(container: &Container, words: &[&str]) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trust-doctor"));
    command.env_clear().args(["--pid", &pid(container)]).args(words);
    Outcome(command.output().unwrap())
}

/// Prepares `cat /gate` with SSL_CERT_FILE as trust-init sets it.
pub fn service(world: &World) -> Run<'_> {
    world.program(&["cat", "/gate"]).env("SSL_CERT_FILE", BUNDLE)
}

/// Like [`service`], with /app as its working directory.
pub fn app(world: &World) -> Run<'_> {
    world.program(&["sh", "-c", "cd /app && exec cat /gate"]).env("SSL_CERT_FILE", BUNDLE)
}

/// Asserts the exit code of trust-doctor and that its output contains `said`.
#[track_caller]
pub fn reports(world: &World, run: Run<'_>, words: &[&str], code: i32, said: &str) -> Outcome {
    let container = start(world, &run);
    inspect(&container, words).exits(code).shows(said)
}

/// Asserts that trust-doctor prints the warning `said` and no error.
#[track_caller]
pub fn warns(world: &World, run: Run<'_>, said: &str) {
    reports(world, run, &[], 0, said).shows("warning ");
}
