//! Reading a Compose project from its files alone.
//!
//! Through the library, because `trust-compose` prints only its decisions. tests/containers compares the
//! result with Compose's own.

mod model;
mod refused;

use trust_init::compose::project::offline;
use trust_init::compose::project::{Mount, MountKind, Project, Role, Service, Setting};
use trust_init::sys::diagnostic::Diagnostic;

use crate::desk::Desk;

/// The shell's environment: three variables that contain their own names, and three special ones.
pub fn shell(name: &str) -> Option<String> {
    match name {
        "V" | "W" | "HOST" => Some(name.to_owned()),
        "EMPTY" => Some(String::new()),
        "COST" => Some("a$V$$".to_owned()),
        _ => None,
    }
}

/// Reads these texts as `a.yml` and `b.yml`.
pub fn read(desk: &Desk, texts: &[&str]) -> Result<Project, Diagnostic> {
    let files: Vec<_> = ["a.yml", "b.yml"].iter().take(texts.len()).collect();
    for (name, text) in files.iter().zip(texts) {
        desk.write(name, text);
    }
    let files: Vec<_> = files.iter().map(|name| desk.path(name)).collect();
    Ok(offline::read(&files, &desk.path("."), &shell)?)
}

/// Returns the service `a` of these files.
#[track_caller]
fn service(texts: &[&str]) -> Service {
    let project = read(&Desk::new(), texts).unwrap();
    project.services.get("a").expect("a service `a`").clone()
}

/// Formats the environment as `A=1 B=- C=?`: known, not set, unknown.
pub fn environment(service: &Service) -> String {
    let setting = |(name, setting): (&String, &Setting)| match setting {
        Setting::Value(value) => format!("{name}={value}"),
        Setting::Unset => format!("{name}=-"),
        Setting::Unknown => format!("{name}=?"),
    };
    service.environment.iter().map(setting).collect::<Vec<_>>().join(" ")
}

/// Returns the environment of a service with this `environment:`.
#[track_caller]
fn environment_of(text: &str) -> String {
    environment(&service(&[&format!("services: {{a: {{environment: {text}}}}}")]))
}

pub fn mount(kind: MountKind, target: &str, read_only: bool) -> Mount {
    Mount { kind, target: target.to_owned(), read_only }
}

pub fn bind(source: &str) -> MountKind {
    MountKind::Bind(source.into())
}

pub fn volume(name: &str) -> MountKind {
    MountKind::Volume(Some(name.to_owned()))
}

#[test]
fn anchors_and_merge_keys_are_resolved() {
    let shared = "x-one: &one {A: 1, B: 1, C: 1}\nx-two: &two {<<: *one, B: 2, D: 2}\n";
    for (written, means) in [
        ("*two", "A=1 B=2 C=1 D=2"),
        ("{<<: *two}", "A=1 B=2 C=1 D=2"),
        ("{<<: *two, D: 3, E: 3}", "A=1 B=2 C=1 D=3 E=3"),
        ("{D: 3, <<: *two}", "A=1 B=2 C=1 D=3"),
        ("{<<: [*one, *two]}", "A=1 B=1 C=1 D=2"),
        ("{<<: [*two, *one]}", "A=1 B=2 C=1 D=2"),
        ("{<<: {<<: {<<: {A: 9}}}}", "A=9"),
    ] {
        let text = format!("{shared}services: {{a: {{environment: {written}}}}}");
        assert_eq!(environment(&service(&[&text])), means, "{written}");
    }
}

#[test]
fn later_files_and_documents_override_earlier_ones() {
    let under = "services:\n  a:\n    image: x\n    user: '1'\n    entrypoint: [old]\n    \
                 environment: [A=1, B=1]\n    depends_on: [b]\n    profiles: [p]\n    \
                 tmpfs: /t\n    volumes: ['./x:/x', 'data:/v', './y:/y/']\n    \
                 build: {context: one, args: [A=1, B=1], target: t}\n  b: {image: x}\n";
    let over = "services:\n  a:\n    user:\n    entrypoint:\n    environment: {B: 2, C: 2}\n    \
                depends_on: {c: {condition: service_started}}\n    profiles: [q]\n    \
                tmpfs: [/u]\n    volumes: ['./z:/x:ro', './w:/y']\n    build: {args: {B: 2}}\n    \
                x-trust-init: {role: leave}\n  b:\n  c: {image: y}\n";
    for texts in [&[under, over][..], &[&format!("---\n{under}---\n{over}---\n")]] {
        let desk = Desk::new();
        let project = read(&desk, texts).unwrap();
        assert_eq!(project.services.keys().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(project.services["b"].image.as_deref(), Some("x"));
        let service = &project.services["a"];
        assert_eq!(service.image.as_deref(), Some("x"));
        assert_eq!(service.user.as_deref(), Some("1"));
        assert_eq!(service.entrypoint, None);
        assert_eq!(environment(service), "A=1 B=2 C=2");
        assert_eq!(service.depends_on.iter().collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(service.profiles, ["p", "q"]);
        assert_eq!(service.role, Some(Role::Leave));
        let build = service.build.as_ref().unwrap();
        assert_eq!(build.context, Some(desk.path("one")));
        assert_eq!(build.target.as_deref(), Some("t"));
        assert_eq!(build.args.get("A"), Some(&Some("1".to_owned())));
        assert_eq!(build.args.get("B"), Some(&Some("2".to_owned())));
        let here = |name| MountKind::Bind(desk.path(name));
        let expected = [
            mount(here("z"), "/x", true),
            mount(volume("data"), "/v", false),
            mount(here("w"), "/y", false),
            mount(MountKind::Tmpfs, "/t", false),
            mount(MountKind::Tmpfs, "/u", false),
        ];
        assert_eq!(service.mounts, expected);
    }
}

#[test]
fn variables_are_substituted_as_by_compose() {
    for (written, means) in [
        ("$V", "V"),
        ("${V}x$W", "VxW"),
        ("$V.x", "V.x"),
        ("${N:-d}", "d"),
        ("${N-d}", "d"),
        ("${EMPTY:-d}", "d"),
        ("${EMPTY-d}", ""),
        ("${V:?said}", "V"),
        ("${EMPTY?said}", ""),
        ("${V:+x}", "x"),
        ("${EMPTY:+x}", ""),
        ("${EMPTY+x}", "x"),
        ("${N+x}", ""),
        ("${N:-${M:-${V}}}y", "Vy"),
        ("${V:+${W}${W}}", "WW"),
        ("${N:-a:-b}", "a:-b"),
        ("${N:-{\"b\"}", "{\"b\""),
        ("$$V$$", "$V$"),
        ("${N:-$$V}", "$V"),
        ("$1 a$ $", "$1 a$ $"),
        ("$COST", "a$V$$"),
        // A variable without a value is unknown.
        ("$N", "?"),
        ("${N}", "?"),
        ("${N:-${M}}", "?"),
        ("${EMPTY:?said}", "?"),
        ("${V", "?"),
        ("${V W}", "?"),
    ] {
        let text = format!("{{X: '{written}'}}");
        assert_eq!(environment_of(&text), format!("X={means}"), "{written}");
    }
    // A name takes the shell's value; without one Docker removes the variable.
    assert_eq!(environment_of("[V, N, COST]"), "COST=a$V$$ N=- V=V");
    assert_eq!(environment_of("{V: , N: }"), "N=- V=V");
    assert_eq!(
        environment_of("{A: 1, B: true, C: 1.50, D: '010', E: ''}"),
        "A=1 B=true C=1.5 D=010 E="
    );
}

/// Only values that trust depends on must be known; a later file may give them.
#[test]
fn variables_that_do_not_matter_need_no_value() {
    let service = service(&[
        "x-none: '${N}'\nservices: {a: {image: '${N}', user: '$N', command: '${N?}', ports: ['$N:1'],\
         environment: {N: '$N'}, labels: ['a=${']}}\nvolumes: {v: {name: '${N}'}}",
        "services: {a: {image: x}}",
    ]);
    assert_eq!(service.image.as_deref(), Some("x"));
    assert_eq!(service.user.as_deref(), Some("$N"));
}

#[test]
fn env_files_are_read() {
    let desk = Desk::new();
    desk.write(
        "one.env",
        "\u{feff}# first\r\nA=1\r\nexport B = \"2 \\\"$A\\\"\\n$COST\" # b\r\nC='$A \\n' \nD: 4 # d\nE=a#e\n\
         V\nN\nF=\"two\nlines\"\nG=$X${A:-b}\nH=",
    );
    desk.write("two.env", "B=over\n");
    let a = |keys: &str| {
        let project = read(&desk, &[&format!("services: {{a: {{{keys}}}}}")]).unwrap();
        (environment(&project.services["a"]), project.services["a"].has_unread_environment)
    };
    let first = "A=1 B=2 \"1\"\na$V$$ C=$A \\n D=4 E=a#e F=two\nlines G=? H= V=V";
    assert_eq!(a("env_file: one.env"), (first.to_owned(), false));
    let both = "A=0 B=over C=$A \\n D=4 E=a#e F=two\nlines G=? H= V=V";
    assert_eq!(
        a("env_file: [one.env, {path: two.env}], environment: [A=0]"),
        (both.to_owned(), false)
    );
    assert_eq!(a("env_file: [{path: none, required: false}]"), (String::new(), false));
    // A missing file, or a format that only Compose reads, causes a warning; other files count.
    desk.write("odd.env", "A=1\nit's\n").write("bytes.env", b"A=\xff");
    for unread in
        ["none", "odd.env", "bytes.env", "'$N'", "~/x.env", "{path: one.env, format: raw}"]
    {
        let keys = format!("environment: [A=0], env_file: [two.env, {unread}]");
        assert_eq!(a(&keys), ("A=0 B=over".to_owned(), true), "{unread}");
    }
}

#[test]
fn references_to_other_services_are_read() {
    let service = service(&["services: {a: {links: [b, 'c:other'], network_mode: 'service:d',\
                             pid: 'service:e', ipc: host, volumes_from: ['f:ro', 'container:g'],\
                             depends_on: [h]}}"]);
    let ties: Vec<_> = service.ties.iter().map(|tie| (tie.key, tie.service.as_str())).collect();
    let expected = [
        ("links", "b"),
        ("links", "c"),
        ("network_mode", "d"),
        ("pid", "e"),
        ("volumes_from", "f"),
    ];
    assert_eq!(ties, expected);
    assert_eq!(service.depends_on.iter().collect::<Vec<_>>(), ["b", "c", "d", "e", "f", "h"]);
}

/// As Compose splits commands, which differs from a shell.
#[test]
fn commands_are_split_as_by_compose() {
    for (written, words) in [
        ("/trust-init  sh -c 'a b'", &["/trust-init", "sh", "-c", "a b"][..]),
        (r#"a "b\"c\td" e\ f 'g\h'"#, &["a", "b\"ctd", "e f", r"g\h"]),
        ("a#b #c x'y'\"z\"", &["a#b", "#c", "xyz"]),
        ("a b|c", &["a", "b"]),
        ("a '|' b && c", &["a", "|", "b"]),
        ("$$V", &["$V"]),
        ("", &[]),
    ] {
        let text = format!("services:\n  a:\n    entrypoint: >-\n      {written}\n");
        assert_eq!(service(&[&text]).entrypoint.unwrap(), words, "{written}");
    }
    assert_eq!(
        service(&["services: {a: {entrypoint: [a b, 'c|d']}}"]).entrypoint.unwrap(),
        ["a b", "c|d"]
    );
    assert_eq!(service(&["services: {a: {entrypoint: []}}"]).entrypoint.unwrap(), [""; 0]);
    assert_eq!(service(&["services: {a: {entrypoint: }}"]).entrypoint, None);
}

#[test]
fn build_settings_are_read() {
    let build =
        |text: &str| service(&[&format!("services: {{a: {{build: {text}}}}}")]).build.unwrap();
    let remote = build("https://github.com/a/b.git");
    assert_eq!((remote.context, remote.dockerfile.as_deref()), (None, Some("Dockerfile")));
    assert_eq!(build("/src/../x").context, Some("/x".into()));
    assert_eq!(build("{context: /x, dockerfile_inline: FROM y}").inline.as_deref(), Some("FROM y"));
    assert_eq!(build("{context: /x, dockerfile_inline: FROM y}").dockerfile, None);
    let args = build("{context: /x, args: [A=1, V, N]}").args;
    assert_eq!(format!("{args:?}"), r#"{"A": Some("1"), "V": Some("V")}"#);
}

#[test]
fn the_project_name_is_that_of_compose() {
    let desk = Desk::new();
    desk.directory("-My.Pro_J", 0o755).write("-My.Pro_J/c.yml", "services: {}");
    let files = [desk.path("-My.Pro_J/c.yml")];
    let named = |base: &str, variable: Option<&str>| {
        let lookup =
            |name: &str| variable.filter(|_| name == "COMPOSE_PROJECT_NAME").map(str::to_owned);
        offline::read(&files, &desk.path(base), &lookup).unwrap().name.unwrap()
    };
    assert_eq!(named("-My.Pro_J", None), "mypro_j");
    assert_eq!(named("-My.Pro_J/x/..", None), "mypro_j");
    desk.write("-My.Pro_J/c.yml", "name: n-${N:-x}");
    assert_eq!(named("-My.Pro_J", None), "n-x");
    assert_eq!(named("-My.Pro_J", Some("theirs")), "theirs");
}

#[test]
fn byte_order_marks_line_ends_and_tags_are_accepted() {
    let text = "\u{feff}services:\r\n  a:\r\n    image: !!str 5\r\n    user: !custom '7'\r\n";
    let service = service(&[text]);
    assert_eq!(service.image.as_deref(), Some("5"));
    assert_eq!(service.user.as_deref(), Some("7"));
}
