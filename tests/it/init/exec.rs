//! Execution of the service, and the messages if it fails.

use std::path::Path;

use crate::world::{World, copy_program};

#[test]
fn a_missing_program_exits_127() {
    let world = World::new();
    let run = world.trust_init(&["pyhton", "app.py"]).run().exits(127);
    run.says("cannot start `pyhton`: there is no such program in PATH (`/bin:/usr/bin");
    world.trust_init(&["/app/run"]).run().exits(127).says("there is no such file");
    world.trust_init(&[""]).run().exits(127).says("cannot start ``");
}

#[test]
fn a_missing_interpreter_of_a_script_is_named() {
    let world = World::new();
    world.write("/bin/app", "#!/usr/bin/bash -e\ntrue\n").mode("/bin/app", 0o755);
    let run = world.trust_init(&["app"]).run().exits(126);
    run.says("`/bin/app` needs the interpreter `/usr/bin/bash`, which is missing");
    world.write("/bin/app", "#!/bin/sh\r\ntrue\r\n").mode("/bin/app", 0o755);
    world.trust_init(&["app"]).run().exits(126).says("`/bin/sh\\u{d}`").says("Unix line ends");
}

#[test]
fn a_missing_loader_of_a_program_is_named() {
    let world = World::new();
    // A dynamically linked program of the machine, whose loader the image does not contain.
    copy_program(Path::new("/usr/bin/env"), &world.path("/bin/dynamic"));
    let run = world.trust_init(&["dynamic"]).run().exits(126);
    run.says("needs the loader `/lib").says("musl or glibc");
}

#[test]
fn a_program_for_another_processor_names_both() {
    let world = World::new();
    let mut bytes = std::fs::read(world.path("/bin/busybox")).unwrap();
    let other = if cfg!(target_arch = "x86_64") { (183, "arm64") } else { (62, "x86-64") };
    bytes[18..20].copy_from_slice(&u16::to_le_bytes(other.0));
    // Emulators registered with binfmt_misc do not accept a file with this byte set.
    bytes[15] = 1;
    world.write("/bin/foreign", bytes).mode("/bin/foreign", 0o755);
    let run = world.trust_init(&["foreign"]).run().exits(126);
    run.says(&format!("was built for {}, and this machine is", other.1)).says("--platform");
}

#[test]
fn the_error_for_a_file_that_cannot_run_names_mode_or_kind() {
    let world = World::new();
    world.write("/bin/app", "#!/bin/sh\n");
    let run = world.trust_init(&["/bin/app"]).run().exits(126);
    run.says("no permission to execute `/bin/app` (owner 0, mode 0644)").says("chmod +x");
    world.trust_init(&["/etc"]).run().exits(126).says("`/etc` is a directory");
    world.write("/bin/rubbish", b"\x00\x01\x02").mode("/bin/rubbish", 0o755);
    world.trust_init(&["rubbish"]).run().exits(126).says("neither a program nor a script");
}

#[test]
fn a_script_without_an_interpreter_runs_in_the_shell() {
    let world = World::new();
    world.write("/bin/app", "echo \"$0 $1\"\n").mode("/bin/app", 0o755);
    world.trust_init(&["app", "word"]).run().succeeds().prints("/bin/app word\n");
}

#[test]
fn the_path_search_skips_files_that_cannot_run() {
    let world = World::new();
    world.write("/usr/bin/app", "#!/bin/sh\necho found\n").mode("/usr/bin/app", 0o755);
    world.write("/bin/app", "not executable");
    world.trust_init(&["app"]).run().succeeds().prints("found\n");
    world.mode("/usr/bin/app", 0o644);
    world.trust_init(&["app"]).run().exits(126).says("`/bin/app`");
}

#[test]
fn an_argument_list_that_is_too_long_is_explained() {
    let world = World::new().with_ca();
    // With a small stack the kernel allows 128 KiB (execve(2)). For some length below that, the variables
    // of trust-init exceed the limit.
    let runs = (126_000..131_072).step_by(200).map(|length| {
        let words = ["true".to_owned(), "x".repeat(length / 2), "x".repeat(length / 2)];
        world.trust_init(&words).before("ulimit -s 256").run()
    });
    let refused = runs.into_iter().find(|run| run.stderr().contains("trust-init: error"));
    refused.expect("some length is too long").exits(126).says("longer than the system allows");
}
