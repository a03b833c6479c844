//! Values that YAML allows and Compose may refuse: those of YAML 1.1, and those of a wrong type.

use super::Hostile;
use super::files::AGENT;

pub fn old() -> Vec<Hostile> {
    let service = |name: &str| format!("services:\n  {name}:\n    image: registry.invalid/agent\n");
    let variable = |value: &str| format!("{AGENT}    environment:\n      A: {value}\n");
    let mut all: Vec<_> = [
        "yes",
        "no",
        "on",
        "off",
        "y",
        "true",
        "0777",
        "0o17",
        "0x1f",
        "1_000",
        "22:22",
        "1.0",
        "1e3",
        ".inf",
        "2024-01-01",
        "=",
        "~",
        "null",
    ]
    .map(|name| Hostile::new(format!("a service called `{name}`"), service(name)))
    .into();
    all.extend(
        [
            "yes",
            "off",
            "0777",
            "0o17",
            "1_000",
            "22:22",
            "190:20:30",
            "1.10",
            "1e3",
            ".inf",
            ".nan",
            "2024-01-01",
            "-0",
            "+1",
            "18446744073709551616",
            "0x1F",
            "~",
            "",
        ]
        .map(|value| Hostile::new(format!("a variable that is `{value}`"), variable(value))),
    );
    all.extend([
        Hostile::new("a variable called `yes`", format!("{AGENT}    environment:\n      yes: a\n")),
        Hostile::new("a variable called `1`", format!("{AGENT}    environment:\n      1: a\n")),
        Hostile::new("a port that is a time", format!("{AGENT}    ports:\n      - 22:22\n")),
        Hostile::new("`version: 2.1`", format!("version: 2.1\n{AGENT}")),
        Hostile::new("`version` and no services", "version: \"3\"\n"),
        Hostile::new("services without `services`", "agent:\n  image: x\n"),
    ]);
    all
}

pub fn forms() -> Vec<Hostile> {
    let service = |more: &str| format!("{AGENT}    {more}\n");
    let mut all = vec![
        Hostile::new("`services` is null", "services:\n"),
        Hostile::new("`services` is empty", "services: {}\n"),
        Hostile::new("`services` is a list", "services:\n  - agent\n"),
        Hostile::new("`services` is a word", "services: agent\n"),
        Hostile::new("a service is null", "services:\n  agent:\n"),
        Hostile::new("a service is empty", "services:\n  agent: {}\n"),
        Hostile::new("a service is a word", "services:\n  agent: nginx\n"),
        Hostile::new("a service is a list", "services:\n  agent: [image, x]\n"),
        Hostile::new("a service is true", "services:\n  agent: true\n"),
        Hostile::new("`include` is a number", format!("include: 5\n{AGENT}")),
        Hostile::new("`include` of a missing file", format!("include: [nope.yml]\n{AGENT}")),
        Hostile::new(
            "`include` of a URL",
            format!("include: [\"https://192.0.2.1/x.git\"]\n{AGENT}"),
        ),
        Hostile::new(
            "`include` of a directory above",
            // More levels than the directory of the tests has.
            format!("include: [{}etc/passwd]\n{AGENT}", "../".repeat(40)),
        ),
        Hostile::new("`name` is a path", format!("name: ../../etc\n{AGENT}")),
        Hostile::new("`name` is an option", format!("name: --help\n{AGENT}")),
        Hostile::new("`name` is a list", format!("name: [a]\n{AGENT}")),
        Hostile::new("a key that Compose does not know", service("imag: y")),
        Hostile::new("`container_name` is an option", service("container_name: --privileged")),
        Hostile::new("our label is taken", service("labels: {org.trust-init.inputs: mine}")),
        Hostile::new("our profile is taken", service("profiles: [trust-init-without]")),
        Hostile::new(
            "our directory is a volume",
            service("volumes: [\"x:/run/trust-init/\"]\nvolumes: {x: {}}"),
        ),
        Hostile::new(
            "our directory by another path",
            service("volumes: [\"./certs:/srv/../run//trust-init/.\"]"),
        ),
        Hostile::new(
            "our CA's path by another path",
            service("volumes: [\"./certs:/usr/local/share/./ca-certificates/../ca-certificates\"]"),
        ),
        Hostile::new(
            "the project extends the overlay",
            service("extends: {file: docker-compose.ca.yml, service: agent}"),
        ),
    ];
    for (key, value) in [
        ("image", "5"),
        ("image", "[x]"),
        ("image", "{x: y}"),
        ("image", "true"),
        ("image", "\"\""),
        ("image", "--help"),
        ("image", "\"a b;c\""),
        ("environment", "5"),
        ("environment", "A=a"),
        ("environment", "[{A: a}]"),
        ("environment", "{A: [a]}"),
        ("environment", "{A: {B: c}}"),
        ("environment", "[5, ~]"),
        ("environment", "[=a]"),
        ("environment", "{\"\": a}"),
        ("environment", "{\"A=B\": c}"),
        ("environment", "{SSL_CERT_FILE: [a]}"),
        ("environment", "{SSL_CERT_FILE: true}"),
        ("environment", "{JAVA_TOOL_OPTIONS: \"'\\\"\"}"),
        ("volumes", "/a:/b"),
        ("volumes", "{a: b}"),
        ("volumes", "[5]"),
        ("volumes", "[\":\"]"),
        ("volumes", "[\"a:b:c:d:e\"]"),
        ("volumes", "[{type: 5}]"),
        ("volumes", "[{}]"),
        ("volumes", "[~]"),
        ("profiles", "a"),
        ("profiles", "[[a]]"),
        ("profiles", "{a: b}"),
        ("depends_on", "5"),
        ("depends_on", "{a: {}}"),
        ("depends_on", "[missing]"),
        ("build", "5"),
        ("build", "[a]"),
        ("build", "{context: [a]}"),
        ("build", "{dockerfile: /dev/zero}"),
        ("build", "https://192.0.2.1/x.git"),
        ("entrypoint", "\"'\""),
        ("entrypoint", "{a: b}"),
        ("command", "[[a]]"),
        ("user", "[a]"),
        ("user", "--privileged"),
        ("links", "{a: b}"),
        ("links", "[\":\"]"),
        ("env_file", "nope.env"),
        ("env_file", "{a: b}"),
        ("env_file", "[certs]"),
        ("network_mode", "service:"),
        ("network_mode", "service:missing"),
        ("volumes_from", "[missing]"),
        ("x-trust-init", "trust"),
        ("x-trust-init", "{role: yes}"),
        ("x-trust-init", "[role]"),
        ("labels", "5"),
        ("labels", "[a, a]"),
        ("healthcheck", "5"),
        ("secrets", "5"),
        ("configs", "[missing]"),
    ] {
        let text = if key == "image" {
            AGENT.replace("registry.invalid/agent", value)
        } else {
            service(&format!("{key}: {value}"))
        };
        all.push(Hostile::new(format!("`{key}: {value}`"), text));
    }
    all
}
