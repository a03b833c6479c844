//! The subject hash of a CA, by which OpenSSL finds it in a directory, equals OpenSSL's own.

use std::fs;
use std::path::Path;
use std::process::Command;

use trust_init::trust::subject_hash;
use trust_init::trust::trust_anchors::anchors;

use crate::world::{World, gallery, tool};

/// Returns OpenSSL's subject hash.
pub fn openssl_hash(path: &Path) -> Option<String> {
    let mut command = Command::new(tool("openssl"));
    let output =
        command.args(["x509", "-noout", "-subject_hash", "-in"]).arg(path).output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

#[track_caller]
fn same_hash(path: &Path) {
    let text = fs::read(path).unwrap();
    let found = anchors(&text);
    let ours = subject_hash::subject_hash(found.certificates.first().unwrap());
    let theirs = openssl_hash(path);
    assert_eq!(ours.map(|hash| format!("{hash:08x}")), theirs, "{}", path.display());
}

#[test]
fn the_subject_hash_equals_openssls() {
    let mut count = 0;
    for directory in
        [gallery("."), gallery("neighbour"), "/usr/share/ca-certificates/mozilla".into()]
    {
        for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            // A file that no program can read is in no root store.
            let text = fs::read(&path).unwrap_or_default();
            let is_read = !anchors(&text).certificates.is_empty();
            if is_read && openssl_hash(&path).is_some() {
                same_hash(&path);
                count += 1;
            }
        }
    }
    assert!(count > 150, "{count}");
}

/// Names whose canonical form differs from their encoding.
#[test]
fn the_subject_hash_of_unusual_names_equals_openssls() {
    let world = World::empty();
    let long = "Ü".repeat(64);
    for (number, (subject, mask)) in [
        ("/C=DE/O=  Two   Spaces  /CN=MiXeD Case", "utf8only"),
        ("/O=Zürich AG/CN=Ä ö  ü", "utf8only"),
        ("/O=Zürich AG/CN=Ä ö  ü", "MASK:0x800"),
        ("/O=Plain/CN=Universal", "MASK:0x100"),
        ("/O=Latin/CN=Müller", "MASK:0x4"),
        ("/O=b+OU=a+CN=C/DC=local", "nombstr"),
        ("/CN=b+OU=a/emailAddress=Me@Example.org", "pkix"),
        (&*format!("/O={long}+OU={long}/CN={long}"), "utf8only"),
        ("/", "utf8only"),
    ]
    .into_iter()
    .enumerate()
    {
        let config =
            format!("[req]\ndistinguished_name=d\nstring_mask={mask}\nprompt=no\nutf8=yes\n[d]\n");
        world.write("openssl.cnf", config);
        let out = world.path(&format!("{number}.crt"));
        let words =
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -utf8 -multivalue-rdn";
        let mut command = Command::new(tool("openssl"));
        command.args(words.split(' ')).arg("-config").arg(world.path("openssl.cnf"));
        command.args(["-subj", subject, "-keyout", "/dev/null", "-out"]).arg(&out);
        let made = command.output().unwrap();
        assert!(made.status.success(), "{subject}: {}", String::from_utf8_lossy(&made.stderr));
        same_hash(&out);
    }
}
