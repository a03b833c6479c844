//! Compose files that cannot be read, with every message about them: tests/snapshots/setup/read.txt.

use std::fmt::Write as _;

use trust_init::compose::project::offline;
use trust_init::sys::diagnostic::Diagnostic;

use crate::desk::Desk;
use crate::setup::read::{read, shell};
use crate::world::is_snapshot;

/// Returns the message about these files, which cannot be read.
#[track_caller]
fn refusal(desk: &Desk, texts: &[&str]) -> String {
    let error = read(desk, texts).err().unwrap_or_else(|| panic!("no error for {texts:?}"));
    said(&error).replace(&format!("{}/", desk.path("").display()).replace("//", "/"), "")
}

/// Returns the message and its fixes.
fn said(error: &Diagnostic) -> String {
    format!("{error}\nfix: {}", error.fix())
}

#[test]
fn every_message_matches_the_snapshot() {
    let mut out = String::new();
    let mut scene = |name: &str, texts: &[&str]| {
        let desk = Desk::new();
        _ = writeln!(out, "{name}:\n{}\n", refusal(&desk, texts));
    };
    scene("a key twice", &["services:\n  a:\n    image: x\n    user: y\n    image: z\n"]);
    scene("`<<` twice", &["x: &x {A: 1}\nservices:\n  a:\n    <<: *x\n    <<: *x\n"]);
    scene("`<<` of nothing", &["services:\n  a:\n    <<: x\n"]);
    scene("no YAML", &["services:\n  a: [b\nc: d\n"]);
    scene("a tab", &["services:\n\ta: b\n"]);
    scene("an alias of nothing", &["services:\n  a: *b\n"]);
    scene("empty", &["# nothing\n---\n"]);
    scene("a list", &["- a\n"]);
    scene("include", &["services: {}\n", "name: x\ninclude:\n  - other.yml\n"]);
    scene("extends", &["x: &x\n  extends: b\nservices:\n  a:\n    <<: *x\n"]);
    scene("!reset", &["services:\n  a:\n    ports: !reset []\n"]);
    scene("!override", &["services:\n  a:\n    ports: !override\n      - x\n"]);
    scene("services as a list", &["services:\n  - a\n"]);
    scene("a service as text", &["services:\n  a: {}\n", "services:\n  b: x\n"]);
    scene("a name that is none", &["services:\n  a: {}\n", "services:\n  b\u{202e}: {}\n"]);
    scene("a volume as a list", &["services:\n  a:\n    volumes:\n      - [x]\n"]);
    scene("volumes as a mapping", &["services:\n  a:\n    image: x\n    volumes: {a: b}\n"]);
    scene("an image as a list", &["services:\n  a:\n    image: [x]\n"]);
    scene("an image of no name", &["services:\n  a:\n    image: '${TAG}'\n"]);
    scene("a default of no value", &["services:\n  a:\n    image: '${A:-${B}}'\n"]);
    scene(
        "a target of no value",
        &["services:\n  a:\n    volumes:\n      - ./a:/a\n      - ./b:$B\n"],
    );
    scene(
        "a source of no value",
        &["services:\n  a:\n    volumes: [{source: '${B}', target: /b}]\n"],
    );
    scene("a profile of no value", &["services:\n  a:\n    profiles:\n      - ${P}\n"]);
    scene("an entrypoint of no value", &["services:\n  a:\n    entrypoint: ${P?}\n"]);
    let trust = "services:\n  a:\n    environment:\n      - A=$B\n      - SSL_CERT_FILE=$F\n";
    scene("a trust variable of no value", &[trust, "services: {a: {image: x}}\n"]);
    scene("a role of no value", &["services:\n  a:\n    x-trust-init:\n      role: ${R}\n"]);
    scene("a variable in no form", &["services:\n  a:\n    image: '${A B}'\n"]);
    scene("no role", &["services:\n  a:\n    x-trust-init: {role: yes}\n"]);
    scene("another key than role", &["services:\n  a:\n    x-trust-init: {rolle: trust}\n"]);
    scene("no mapping", &["services:\n  a:\n    x-trust-init: trust\n"]);
    let deep = format!("a: {}", "[".repeat(10_000));
    scene("too deep", &[&deep]);
    let bomb: String = (1..12)
        .map(|n| format!("a{n}: &a{n} [{}]\n", "*a0,".replace('0', &(n - 1).to_string()).repeat(9)))
        .collect();
    scene("too much", &[&format!("a0: &a0 x\n{bomb}")]);
    scene("a control character", &["services:\n  a:\n    image: \"\u{7}\"\n"]);

    let desk = Desk::new();
    let mut file = |name: &str, prepare: &dyn Fn(&Desk)| {
        prepare(&desk);
        let error = offline::read(&[desk.path("x.yml")], &desk.path("."), &shell).unwrap_err();
        let words =
            said(&error.into()).replace(&format!("{}", desk.path("x.yml").display()), "x.yml");
        _ = writeln!(out, "{name}:\n{words}\n");
    };
    file("not there", &|_| ());
    file("too large", &|desk| _ = desk.write("x.yml", "#".repeat((2 << 20) + 1)));
    file("not UTF-8", &|desk| _ = desk.write("x.yml", b"services:\n  a: \xff\n"));
    file("a directory", &|desk| _ = desk.remove("x.yml").directory("x.yml", 0o755));
    is_snapshot(&out, "setup/read.txt");
}

/// Too large input is an error: never a hang, a stack overflow, or all memory.
#[test]
fn hostile_files_are_refused() {
    let many = 1 << 20;
    let deep = "it is nested too deeply";
    let much = "it is too large once its aliases are expanded";
    let variable = |text: &str| format!("services: {{a: {{image: {text}}}}}");
    for (text, said) in [
        ("services: &a {b: {<<: *a}, c: *a}".to_owned(), deep),
        ("[".repeat(many), deep),
        ("{a: ".repeat(many / 4), deep),
        ("- ".repeat(many / 2), deep),
        ("? ".repeat(many / 2), "expected a key that is text"),
        (format!("services: {}1{}", "{a: ".repeat(999), "}".repeat(999)), deep),
        (format!("a: [{}]", "x,".repeat(many / 2)), much),
        (format!("a: &a [{}]\nb: [{}]", "x,".repeat(90_000), "*a,".repeat(90_000)), much),
        (format!("a: &a {}\nb: [{}]", "x".repeat(many / 2), "*a,".repeat(90_000)), much),
        (variable(&format!("'{}'", "${A:-".repeat(many / 8))), deep),
        (variable(&format!("'{}x{}'", "${A:-".repeat(400), "}".repeat(400))), "`A` has no value"),
        (variable(&format!("x, environment: [A={}]", "${A}$$".repeat(many / 8))), "expected"),
        ("---\n".repeat(many / 4), "it is empty"),
        ("\0".repeat(many), "it contains a control character"),
    ] {
        let error = read(&Desk::new(), &[&text]).expect_err(said).to_string();
        assert!(error.contains(said), "{}…: {error}", &text[..20]);
    }
    let anchors: String = (0..40_000).map(|n| format!("k{n}: &a{n} 1\n")).collect();
    assert!(read(&Desk::new(), &[&anchors]).is_ok());
}
