//! A name in a foreign certificate never reaches a terminal, a log or a file unescaped: no control
//! character, no character that is invisible or changes the direction of text, from any program and in any
//! format.

use rcgen::{BasicConstraints, DnType, IsCa, KeyPair, KeyUsagePurpose};

use crate::desk::Desk;
use crate::doctor::files::{run_shell, set_up};
use crate::setup::flags::back_end;
use crate::support::sign::valid;
use crate::target_process::{inspect, service, start};
use crate::world::{Outcome, World, gallery};

/// Files with hostile names, labels or notes.
const FILES: [&str; 8] = [
    "ca-name-escapes.crt",
    "ca-name-controls.crt",
    "ca-name-bidi.crt",
    "ca-name-nul.crt",
    "ca-name-shell.crt",
    "trusted-alias-escapes.crt",
    "escape-in-label.crt",
    "label-is-a-message.pem",
];

/// Whether a terminal interprets the character, or it is invisible (Unicode's categories Cc and Cf, and
/// line ends).
fn does_something(c: char) -> bool {
    c.is_control()
        || "\u{61c}\u{ad}\u{feff}\u{e0041}\u{2028}\u{2029}".contains(c)
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

#[track_caller]
fn is_harmless(text: &str, whose: &str) {
    let harm = text.chars().find(|c| *c != '\n' && does_something(*c));
    assert_eq!(harm, None, "{whose}: {text:?}");
}

/// Asserts that stdout and stderr are harmless, and that no line imitates a line of ours.
#[track_caller]
fn says_no_harm(outcome: &Outcome, whose: &str) {
    is_harmless(&outcome.stdout(), whose);
    is_harmless(&outcome.stderr(), whose);
    for line in outcome.stderr().lines().chain(outcome.stdout().lines()) {
        let is_forged = line.ends_with(": error: forged") && !line.contains('`');
        assert!(!is_forged, "{whose}: {line}");
    }
}

#[test]
fn trust_init_and_inspect_escape_names() {
    for file in FILES {
        let world = World::new();
        world.copy(file, "/ca/one.crt");
        for log in ["normal", "json"] {
            for ca in ["/ca/one.crt", "/ca"] {
                let words = ["--ca", ca, "--log", log, "--", "/bin/true"];
                says_no_harm(&world.trust_init(&words).run(), &format!("{file} {log}"));
            }
        }
        let desk = Desk::new();
        let path = gallery(file).to_str().unwrap().to_owned();
        for words in [&["inspect", &path][..], &["inspect", "--json", &path]] {
            says_no_harm(&desk.run(words), &format!("{words:?}"));
        }
    }
}

#[test]
fn json_contains_the_whole_name() {
    let desk = Desk::new();
    let name = |file: &str| {
        let outcome = desk.run(&["inspect", "--json", gallery(file).to_str().unwrap()]).succeeds();
        let answer: serde_json::Value = serde_json::from_str(&outcome.stdout()).unwrap();
        answer["files"][0]["certificates"][0]["subject"].as_str().unwrap().to_owned()
    };
    assert!(name("ca-name-bidi.crt").ends_with("\u{2069}\u{200f}\u{feff}\u{e0041}\u{ad}"));
    assert!(name("ca-name-nul.crt").ends_with("good.example\0.evil.example"));
    assert!(name("ca-name-utf8.crt").ends_with("Zażółć 認証局 Prüfstelle ✓"));
}

#[test]
fn trust_doctor_escapes_names() {
    for file in FILES.iter().filter(|file| file.starts_with("ca-")) {
        let world = World::new();
        // Mounted and missing in the bundle, and named by a variable: trust-doctor reports both.
        world.copy(file, crate::world::CUSTOM_CA).copy(file, crate::world::BUNDLE);
        let other = World::new();
        other.copy(file, crate::world::CUSTOM_CA).copy("ca-rsa.pem", crate::world::BUNDLE);
        for world in [&world, &other] {
            let container = start(world, &service(world));
            for words in [&[][..], &["--json"]] {
                says_no_harm(&inspect(&container, words), file);
            }
        }
    }
}

#[test]
fn trust_compose_escapes_names() {
    const NAME: &str = "evil\u{1b}[31m\u{1b}]0;title\u{7}\ntrust-compose: error: forged\r\u{9b}2J\u{202e}\u{61c}`$(id)`";
    let desk = back_end();
    // A CA of that name with its key, so that every command works.
    let mut params = valid(-1, 300);
    params.distinguished_name.push(DnType::CommonName, NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().unwrap();
    desk.remove("certs/ca.crt").remove("certs/ca.key");
    desk.write("certs/ca.crt", params.self_signed(&key).unwrap().pem());
    desk.write("certs/ca.key", key.serialize_pem()).chmod("certs/ca.key", 0o600);
    for words in [
        &["certs", "other.lan"][..],
        &["certs", "--force", "other.lan", "--dry-run"],
        &["setup", "--custom-ca", "certs", "--dry-run"],
        &["setup", "--custom-ca", "certs", "--domain", "reflector.local", "--caddy", "--dry-run"],
    ] {
        says_no_harm(&desk.run(words), &format!("{words:?}"));
    }
    let desk = set_up(desk, "--custom-ca certs");
    is_harmless(&desk.read("docker-compose.ca.yml"), "the overlay");
    is_harmless(&desk.read(".gitignore"), "the list of what is ignored");
    for script in
        ["doctor --files-only", "doctor --files-only --json", "remove --dry-run", "remove"]
    {
        says_no_harm(&run_shell(&desk, &format!("trust-compose {script} || true")), script);
    }
    // Truncated and unknown files: in the message that refuses them.
    for file in FILES {
        std::fs::copy(gallery(file), desk.path("certs/ca.crt")).unwrap();
        for script in ["doctor --files-only", "setup --custom-ca certs", "certs --renew"] {
            says_no_harm(&run_shell(&desk, &format!("trust-compose {script} || true")), script);
        }
    }
}
