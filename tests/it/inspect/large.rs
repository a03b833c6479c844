//! Files of unmatched markers, and files of many blocks: the time to read them grows with their size only,
//! and the messages stay short.
//!
//! A reader that scans the rest of the file, or counts its lines from the start, at each marker would need
//! minutes to hours for these sizes; each run here is limited to one minute.

use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, KeyPair,
    KeyUsagePurpose,
};
use trust_init::trust::bundle::Pem;

use crate::desk::{Desk, trust_compose};
use crate::target_process::{pid, start};
use crate::world::{BUNDLE, Outcome, ROOTS, World, count, gallery};

/// The time limit of a run; it takes a second on an idle machine.
const LIMIT: Duration = Duration::from_mins(1);

/// Returns a mebibyte of each shape, and the error for it as a CA file, with its line.
fn shapes() -> Vec<(String, &'static str)> {
    const SIZE: usize = 1 << 20;
    let good = std::fs::read_to_string(gallery("ca-ec.crt")).unwrap();
    let other = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END X509 CRL-----\n";
    let shapes = [
        ("-----END CERTIFICATE-----\n", "line 1: an END marker has no BEGIN before it"),
        ("-----END CERTIFICATE-----", "line 1: an END marker has no BEGIN before it"),
        ("-----BEGIN CERTIFICATE-----\n", "line 1: the block is cut off: another one begins in it"),
        ("-----BEGIN CERTIFICATE-----", "line 1: the block is cut off: another one begins in it"),
        ("-----BEGIN \n", "line 1: the BEGIN marker is broken"),
        ("-----BEGIN CERT\x1b-----\n", "line 1: the BEGIN marker is broken"),
        ("-----begin certificate-----\n", "line 1: the BEGIN marker is broken"),
        (other, "line 3: the END marker does not fit its BEGIN"),
        ("-", "it contains no certificate"),
        ("-----\n", "it contains no certificate"),
        ("----- \r", "it contains no certificate"),
    ];
    let mut all: Vec<_> =
        shapes.into_iter().map(|(one, what)| (one.repeat(SIZE / one.len()), what)).collect();
    let broken = "-----BEGIN CERTIFICATE-----\nA*AA\n-----END CERTIFICATE-----\n";
    all.push((
        broken.repeat(SIZE / broken.len()),
        "line 1: a character in the block is not base64",
    ));
    let glued = broken.replace('\n', "").replace('*', "A");
    all.push((
        glued.repeat(SIZE / glued.len()),
        "the block at line 1 is not, or not only, a certificate",
    ));
    // After many good blocks, so that the line number is large.
    let many = good.repeat(SIZE / good.len());
    let line = many.lines().count() + 1;
    all.push((
        many + "-----END CERTIFICATE-----\n",
        Box::leak(format!("line {line}: an END").into_boxed_str()),
    ));
    all
}

/// Returns the outcome of a program, and asserts that it ends within the limit.
#[track_caller]
fn ends(mut command: Command) -> Outcome {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = Pid::from_raw(child.id().try_into().unwrap());
    let (done, is_over) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        if is_over.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            kill(id, Signal::SIGKILL).unwrap();
        }
    });
    let output = child.wait_with_output().unwrap();
    drop(done);
    watch.join().unwrap();
    assert!(output.status.code().is_some(), "it did not end within {LIMIT:?}");
    Outcome(output)
}

#[test]
fn a_ca_file_of_markers_is_refused_with_the_line() {
    for (text, what) in shapes() {
        let world = World::new();
        world.write("/ca/large.crt", &text);
        let run = ends(world.trust_init(&["--ca", "/ca/large.crt", "true"]).command())
            .exits(125)
            .says(what);
        assert!(run.stderr().lines().count() <= 3, "{}", run.stderr());
    }
}

#[test]
fn roots_and_pinned_files_of_markers_do_not_delay_a_start() {
    for (text, _) in shapes() {
        let world = World::new().with_ca();
        world.write(ROOTS, world.read(ROOTS) + &text).write("/pin.crt", &text);
        let run =
            ends(world.trust_init(&["true"]).env("SSL_CERT_FILE", "/pin.crt").command()).succeeds();
        // A few warnings of two lines each, for any file.
        assert!(run.stderr().lines().count() < 10, "{}", run.stderr());
        assert!(run.stderr().len() < 2_000, "{}", run.stderr());
        assert!(count(&world.read(BUNDLE)) >= 2);
    }
}

#[test]
fn the_first_broken_blocks_of_the_roots_are_named_and_the_rest_counted() {
    let world = World::new().with_ca();
    let broken = "-----BEGIN CERTIFICATE-----\nA*AA\n-----END CERTIFICATE-----\n";
    let good = world.read(ROOTS);
    let line = good.lines().count();
    world.write(ROOTS, good + &broken.repeat(10_000));
    let what = "a character in the block is not base64";
    let (first, second, third) = (line + 1, line + 4, line + 7);
    ends(world.trust_init(&["true"]).command()).succeeds().says(&format!(
        "left out of the image's roots: `{ROOTS}` line {first}: {what}; line {second}: {what}; \
         line {third}: {what}; and 9997 more"
    ));
}

#[test]
fn inspect_and_doctor_finish_with_files_of_markers() {
    let desk = Desk::new();
    let inspect = |name| ends(desk.command(&trust_compose(), &["inspect", name], "022"));
    for (text, _) in shapes() {
        desk.write("large.crt", &text);
        inspect("large.crt").exits(1).says("cannot use `large.crt`");
        let world = World::new();
        world.write("/pin.crt", &text);
        let run = world.program(&["cat", "/gate"]).env("SSL_CERT_FILE", "/pin.crt");
        let container = start(&world, &run);
        let mut doctor = Command::new(env!("CARGO_BIN_EXE_trust-doctor"));
        doctor.env_clear().args(["--pid", &pid(&container)]);
        ends(doctor).exits(1).shows("`/pin.crt`");
    }
    // Each of very many keys is reported with its line.
    let key = std::fs::read_to_string(gallery("key-ec.pem")).unwrap();
    let lines = key.lines().count();
    desk.write("keys.pem", key.repeat(50_000));
    let last = format!("`EC PRIVATE KEY` at line {}\n", 49_999 * lines + 1);
    inspect("keys.pem").succeeds().shows(&last);
}

#[test]
fn a_ca_with_very_many_extensions_is_read() {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let extension =
        |number| CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, number], vec![5, 0]);
    params.custom_extensions = (0..300_000).map(extension).collect();
    let ca = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    let world = World::new();
    world.write("/ca/large.crt", ca.pem());
    let words = ["--ca", "/ca/large.crt", "--roots", "none", "true"];
    ends(world.trust_init(&words).command()).succeeds();
    assert_eq!(count(&world.read(BUNDLE)), 1);
}

#[test]
fn two_files_of_32_mib_of_cas_are_read_completely() {
    // As many small CAs as a file may contain, all different: clients do not check the signature of a root.
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "L");
    let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let der = params.self_signed(&key).unwrap().der().to_vec();
    let size = Pem::encode(&der).text().len();
    let number = (32 << 20) / size;
    assert!(number > 70_000, "{number}");
    let mut text = Vec::with_capacity(64 << 20);
    for index in 0..2 * number {
        let (front, _) = der.split_at(der.len() - 4);
        let numbered = [front, &u32::try_from(index).unwrap().to_be_bytes()].concat();
        text.extend_from_slice(Pem::encode(&numbered).text());
    }
    let world = World::new();
    let (one, other) = text.split_at(number * size);
    world.write("/ca/one.crt", one).write("/ca/other.crt", other);
    let words = ["--ca", "/ca/one.crt", "--ca", "/ca/other.crt", "--roots", "none"];
    let words = [&words[..], &["--log", "quiet", "--", "true"]].concat();
    ends(world.trust_init(&words).command()).succeeds();
    assert!(std::fs::read(world.path(BUNDLE)).unwrap() == text);
}
