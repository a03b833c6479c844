//! The parts of a setup that depend on the machine: its roots, its host names, SELinux. Each test has its
//! own mount namespace, in which the machine is as the test requires.

use std::os::unix::fs::symlink;

use crate::desk::{Desk, trust_compose};
use crate::setup::flags::{back_end, has, project};
use crate::world::{Outcome, tool};

/// Runs trust-compose in new namespaces, after a shell command in them.
#[track_caller]
fn after(desk: &Desk, prelude: &str, words: &str) -> Outcome {
    let script = format!("{prelude} && exec '{}' {words}", trust_compose().display());
    let words = ["--mount", "/bin/sh", "-c", &script];
    Outcome(desk.command(&tool("unshare"), &words, "022").output().unwrap())
}
#[test]
fn the_roots_of_this_machine_are_compared_with_mozillas() {
    let desk = back_end();
    let text =
        "2 public roots from this machine (--roots host), 2 of which are not Mozilla's: api, queue";
    desk.certs(&["b.lab", "--out", "other", "--ca-name", "Other"]).succeeds();
    desk.write("roots.crt", desk.read("certs/ca.crt") + &desk.read("other/ca.crt"));
    let roots = "/etc/ssl/certs/ca-certificates.crt";
    let bind = format!("mount --bind roots.crt {roots} && export PATH=/nowhere");
    let words = "setup --custom-ca other/ca.crt --roots host";
    has(&after(&desk, &bind, words).succeeds().stdout(), text);
    desk.write("roots.crt", desk.read("certs/ca.crt"));
    let text =
        "1 public root from this machine (--roots host), 1 of which is not Mozilla's: api, queue";
    has(&after(&desk, &bind, words).succeeds().stdout(), text);
    let mozilla = desk.types(".", "setup --custom-ca certs/ca.crt --roots mozilla").succeeds();
    has(&mozilla.stdout(), "public roots from Mozilla (--roots mozilla): api, queue\n");
    // The counted roots are not in Mozilla's list.
    let bundle = desk.read(&desk.overlaid("ca-bundle"));
    let custom = desk.read(&desk.overlaid("custom-ca"));
    desk.write("roots.crt", bundle.replace(&custom, ""));
    has(
        &after(&desk, &bind, words).succeeds().stdout(),
        "(--roots host), 0 of which are not Mozilla's",
    );
}

#[test]
fn an_unresolvable_name_and_selinux_are_reported() {
    let desk = project("services:\n  edge:\n    image: nginx\n");
    desk.write("nsswitch.conf", "hosts: files\n").write("hosts", "127.0.0.1 localhost\n");
    desk.directory("bin", 0o755);
    symlink(tool("getent"), desk.path("bin/getent")).unwrap();
    let names = "mount --bind nsswitch.conf /etc/nsswitch.conf && mount --bind hosts /etc/hosts";
    let here = "export PATH=$PWD/bin";
    let words = "setup --custom-ca certs --domain reflector.local --tls edge --service edge=leave";
    let text = after(&desk, &format!("{names} && {here}"), words).succeeds().stdout();
    let line = "`reflector.local` does not resolve here: for this machine add `127.0.0.1 \
                reflector.local` to /etc/hosts; for others `192.168.1.100 reflector.local`\n";
    has(&text, line);
    assert!(!text.contains("chcon"), "{text}");
    desk.write("hosts", "127.0.0.1 localhost reflector.local\n");
    let sys = "mount -t tmpfs tmpfs /sys/fs && mkdir /sys/fs/selinux";
    let enforcing = format!("{sys} && echo 1 >/sys/fs/selinux/enforce && {names} && {here}");
    let text = after(&desk, &enforcing, words).succeeds().stdout();
    assert!(!text.contains("/etc/hosts"), "{text}");
    let certs = desk.path("certs").display().to_string();
    has(
        &text,
        &format!(
            "this machine enforces SELinux: first let containers read the files: `sudo chcon -R -t \
             container_file_t .trust {certs}/server.pem {certs}/server-key.pem`\n"
        ),
    );
    let text = after(&desk, &enforcing.replace("echo 1", "echo 0"), words).succeeds().stdout();
    assert!(!text.contains("chcon"), "{text}");
}
