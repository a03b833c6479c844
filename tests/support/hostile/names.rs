//! Names that try to escape from the file that contains them: of services and variables, with dollar signs,
//! and as paths.

use super::Hostile;
use super::files::AGENT;

/// Quotes any text for YAML.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

pub fn names() -> Vec<Hostile> {
    let long = "x".repeat(10_000);
    let wanted = [
        ("an option", "--help"),
        ("another option", "-f"),
        ("a path upwards", "../../etc"),
        ("a path", "a/b"),
        ("a Windows path", "C:\\certs"),
        ("a dot", "."),
        ("two dots", ".."),
        ("empty", ""),
        ("a space", " "),
        ("in two lines", "a\nb"),
        ("an injected stanza", "a:\n    privileged: true\n  b"),
        ("a double quote", "a\"b"),
        ("a single quote", "a'b"),
        ("a comment", "a #b"),
        ("a mapping", "a: b"),
        ("a template", "{{.Id}}"),
        ("a command", "$(touch owned)"),
        ("an alias", "*a"),
        ("a tag", "!reset"),
        ("a block", "|"),
        ("a list", "- a"),
        ("NUL", "a\0b"),
        ("an escape sequence", "\u{1b}[2J"),
        ("reversed by U+202E", "\u{202e}tnega"),
        ("non-Latin letters", "сервис-日本"),
        ("10,000 letters", &long),
        ("`__proto__`", "__proto__"),
        ("a merge key in quotes", "<<"),
        ("upper case", "AGENT"),
        ("dots and dashes at its ends", "-a.b_c-"),
    ];
    let mut all: Vec<_> = wanted
        .iter()
        .map(|(fault, name)| {
            let text =
                format!("services:\n  {}:\n    image: registry.invalid/agent\n", quoted(name));
            Hostile::new(format!("a service's name is {fault}"), text)
        })
        .collect();
    all.extend(wanted.iter().map(|(fault, name)| {
        let text = format!("{AGENT}    environment:\n      {}: a\n", quoted(name));
        Hostile::new(format!("a variable's name is {fault}"), text)
    }));
    all.extend(
        [
            ("a path upwards", "../../etc"),
            ("an option", "--help"),
            ("in two lines", "a\nb"),
            ("a template", "{{.Id}}"),
        ]
        .map(|(fault, name)| {
            let word = format!("{name}=trust");
            Hostile::new(format!("`--service` names {fault}"), AGENT)
                .with(&[&super::CA[..], &["--service", &word]].concat())
        }),
    );
    all.extend(
        [
            ("a path upwards", "../../etc"),
            ("in two lines", "a\nb"),
            ("an escape sequence", "\u{1b}[2J"),
        ]
        .map(|(fault, name)| {
            Hostile::new(format!("`--without` names {fault}"), AGENT).with(&["--without", name])
        }),
    );
    all
}

pub fn dollars() -> Vec<Hostile> {
    let mut all = Vec::new();
    for value in [
        "$$",
        "$$$$",
        "$$$",
        "${",
        "$}",
        "${}",
        "$1",
        "${1}",
        "$-",
        "${HOME",
        "${A:-b}",
        "${A:-${B:-c}}",
        "${A:-${B}}",
        "${A:?say why}",
        "${A?}",
        "${A:+b}",
        "${A B}",
        "${A:-'\"}",
        "${A:-$$}",
        "$${A}",
        "$$$A",
        "${a.b}",
        "${A[0]}",
        "${!A}",
        "${#A}",
        "${A/b/c}",
        "$(id)",
        "`id`",
        "${A:-\\n}",
    ] {
        let text = |key: &str| format!("{AGENT}    {key}\n");
        let environment = text(&format!("environment:\n      A: {}", quoted(value)));
        all.push(Hostile::new(format!("a variable that is `{value}`"), environment));
        let pin = text(&format!("environment:\n      SSL_CERT_FILE: {}", quoted(value)));
        all.push(Hostile::new(format!("SSL_CERT_FILE is `{value}`"), pin));
    }
    for value in ["$$", "${A:-b}", "${A}", "${"] {
        all.push(Hostile::new(
            format!("an image that is `{value}`"),
            AGENT.replace("registry.invalid/agent", &quoted(value)),
        ));
        let volume =
            format!("{AGENT}    volumes: [{}]\n", quoted(&format!("./{value}:/srv/{value}")));
        all.push(Hostile::new(format!("a volume with `{value}`"), volume));
        let name = format!("services:\n  {}:\n    image: registry.invalid/agent\n", quoted(value));
        all.push(Hostile::new(format!("a service called `{value}`"), name));
        all.push(Hostile::new(
            format!("`name` is `{value}`"),
            format!("name: {}\n{AGENT}", quoted(value)),
        ));
    }
    let deep = format!("'{}x{}'", "${A:-".repeat(400), "}".repeat(400));
    all.push(Hostile::new(
        "400 variables in each other",
        AGENT.replace("registry.invalid/agent", &deep),
    ));
    let wide = format!("'{}'", "${A}$$".repeat(100_000));
    all.push(Hostile::new(
        "100,000 variables in a value",
        format!("{AGENT}    environment: {{B: {wide}}}\n"),
    ));
    let open = format!("'{}'", "${A:-".repeat(100_000));
    all.push(Hostile::new(
        "100,000 unclosed variables",
        format!("{AGENT}    environment: {{B: {open}}}\n"),
    ));
    all
}

pub fn paths() -> Vec<Hostile> {
    let volume = |value: &str| format!("{AGENT}    volumes: [{}]\n", quoted(value));
    let mut all = Vec::new();
    for value in [
        "C:\\certs:/certs",
        "C:/certs:/certs",
        ".\\x:/x",
        "\\\\server\\share:/x",
        "~:/home",
        "~/x:/x",
        "~nobody/x:/x",
        "/:/host",
        "/proc:/proc",
        "..:/up",
        "../../../../../../..:/up",
        "--help:/x",
        "-v",
        "./a b:/a b",
        "./a\nb:/a\nb",
        "./a\tb:/a",
        "./\"a\":/a",
        "./'a':/a",
        "./#a:/a",
        "./a:/a:ro,z,nocopy",
        "./a:/a:nonsense",
        "./a:relative",
        "a/b:/c",
        ":/c",
        "/dev/zero:/usr/local/share/ca-certificates/custom-ca.crt",
    ] {
        let fault = format!("a volume that is `{}`", value.escape_debug());
        all.push(Hostile::new(fault, volume(value)));
    }
    for (fault, source) in [
        ("/dev/zero", "/dev/zero"),
        ("a missing file", "./none"),
        ("a directory", "./certs"),
        ("/proc/self/mem", "/proc/self/mem"),
        ("a key", "./certs/ca.key"),
    ] {
        let text = format!(
            "{AGENT}    environment: {{SSL_CERT_FILE: /pin}}\n    volumes: [\"{source}:/pin\"]\n"
        );
        all.push(Hostile::new(format!("SSL_CERT_FILE is {fault}"), text));
    }
    all.push(Hostile::new("a CA that is /dev/zero", AGENT).with(&["--custom-ca", "/dev/zero"]));
    all.push(
        Hostile::new("a CA that is a Compose file", AGENT)
            .with(&["--custom-ca", "docker-compose.yml"]),
    );
    all.push(Hostile::new("a Compose file that is /dev/zero", AGENT).with(&[
        "--custom-ca",
        "certs",
        "-f",
        "/dev/zero",
    ]));
    all.push(Hostile::new("a Compose file that is the CA", AGENT).with(&[
        "--custom-ca",
        "certs",
        "-f",
        "certs/ca.crt",
    ]));
    all.push(Hostile::new("a Compose file that is a directory", AGENT).with(&[
        "--custom-ca",
        "certs",
        "-f",
        "certs",
    ]));
    all.push(Hostile::new("a Compose file that is an option", AGENT).and("--help", AGENT).with(&[
        "--custom-ca",
        "certs",
        "-f",
        "--help",
    ]));
    all
}
