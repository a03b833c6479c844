//! Compose files that are hostile as YAML: cycles, tags, and raw bytes.

use super::Hostile;

/// A service that completes the text above or below it to a project.
pub const AGENT: &str = "services:\n  agent:\n    image: registry.invalid/agent\n";

/// Returns nested lists, each nine times as large as the one before: 9¹¹ values.
fn levels(key: &str) -> String {
    let mut text = format!("{key}0: &a0 x\n");
    for level in 1..12 {
        let below = format!("*a{}, ", level - 1).repeat(9);
        text += &format!("{key}{level}: &a{level} [{below}]\n");
    }
    text
}

pub fn cycles() -> Vec<Hostile> {
    let bomb = levels("x-");
    let maps: String = (1..12)
        .map(|level| {
            let below: String = (0..9).map(|at| format!("k{at}: *m{}, ", level - 1)).collect();
            format!("x-m{level}: &m{level} {{{below}}}\n")
        })
        .collect();
    let merged: String = (1..30)
        .map(|level| {
            let below = level - 1;
            format!("x-m{level}: &m{level} {{<<: *m{below}, a{level}: *m{below}}}\n")
        })
        .collect();
    let service = |more: &str| format!("{AGENT}    {more}\n");
    vec![
        Hostile::new("aliases that multiply", format!("{bomb}{AGENT}")),
        Hostile::new("aliases that multiply, below the services", format!("{AGENT}{bomb}")),
        Hostile::new("mappings that multiply", format!("x-m0: &m0 {{a: b}}\n{maps}{AGENT}")),
        Hostile::new("merge keys that multiply", format!("x-m0: &m0 {{a: b}}\n{merged}{AGENT}")),
        Hostile::new(
            "aliases that multiply in a variable",
            format!("{bomb}{}", service("environment: {A: *a11}")),
        ),
        Hostile::new(
            "aliases that multiply after a duplicate key",
            format!("x-a: 1\nx-a: 2\n{bomb}{AGENT}"),
        ),
        Hostile::new(
            "aliases that multiply after !reset",
            format!("x-a: !reset [1]\n{bomb}{AGENT}"),
        ),
        Hostile::new(
            "aliases that multiply after a wrong tag",
            format!("x-a: !!int x\n{bomb}{AGENT}"),
        ),
        Hostile::new(
            "aliases that multiply after a key that is a list",
            format!("x-b: {{? [a] : b}}\n{bomb}{AGENT}"),
        ),
        Hostile::new("aliases that multiply in the second document", format!("{AGENT}---\n{bomb}")),
        Hostile::new("aliases that multiply in the override", AGENT)
            .and("docker-compose.override.yml", format!("{bomb}{AGENT}")),
        Hostile::new(
            "aliases that multiply in an included file",
            format!("include: [bomb.yml]\n{AGENT}"),
        )
        .and("bomb.yml", format!("{bomb}{AGENT}")),
        Hostile::new(
            "aliases that multiply in an extended file",
            service("extends: {file: bomb.yml, service: agent}"),
        )
        .and("bomb.yml", format!("{bomb}{AGENT}")),
        Hostile::new(
            "aliases that multiply in an indirectly included file",
            format!("include: [{{path: [one.yml]}}]\n{AGENT}"),
        )
        .and("one.yml", "include:\n  - path: two/two.yml\n")
        .and("two/two.yml", "services: {b: {extends: {file: bomb.yml, service: agent}}}\n")
        .and("two/bomb.yml", format!("{bomb}{AGENT}")),
        Hostile::new("one long text under 90,000 names", {
            format!("x-a: &a {}\nx-b: [{}]\n{AGENT}", "x".repeat(500_000), "*a,".repeat(90_000))
        }),
        Hostile::new("an anchor that contains itself", format!("x-a: &a [*a]\n{AGENT}")),
        Hostile::new(
            "a service that contains itself",
            "services:\n  agent: &a\n    image: x\n    x-a: *a\n",
        ),
        Hostile::new("services that contain themselves", "services: &a\n  agent: *a\n"),
        Hostile::new(
            "a merge key that contains itself",
            "services:\n  agent: &a\n    <<: *a\n    image: x\n",
        ),
        Hostile::new(
            "two anchors that contain each other",
            format!("x-a: &a {{b: &b {{c: *a, d: *b}}}}\n{AGENT}"),
        ),
        Hostile::new("an alias without an anchor", service("environment: *nothing")),
        Hostile::new(
            "an alias that comes before its anchor",
            format!("x-a: *a\nx-b: &a 1\n{AGENT}"),
        ),
        Hostile::new(
            "a duplicate anchor",
            format!("x-a: &a {{A: \"1\"}}\nx-b: &a {{A: \"2\"}}\n{}", service("environment: *a")),
        ),
        Hostile::new("a service that extends itself", service("extends: agent")),
        Hostile::new(
            "two services that extend each other",
            format!("{}  b:\n    extends: agent\n", service("extends: b")),
        ),
        Hostile::new(
            "two files that extend each other",
            service("extends: {file: b.yml, service: agent}"),
        )
        .and("b.yml", service("extends: {file: docker-compose.yml, service: agent}")),
        Hostile::new(
            "a file that includes itself",
            format!("include: [docker-compose.yml]\n{AGENT}"),
        ),
        Hostile::new("two files that include each other", format!("include: [b.yml]\n{AGENT}"))
            .and("b.yml", "include: [docker-compose.yml]\n"),
        Hostile::new("a file that includes /dev/zero", format!("include: [/dev/zero]\n{AGENT}")),
        Hostile::new("a file of variables that is /dev/zero", service("env_file: [/dev/zero]")),
        Hostile::new(
            "two services that depend on each other",
            format!("{}  b:\n    image: x\n    depends_on: [agent]\n", service("depends_on: [b]")),
        ),
        Hostile::new("a service that depends on itself", service("depends_on: [agent]")),
        Hostile::new("100,000 open brackets", "[".repeat(100_000)),
        Hostile::new("100,000 open braces", "{a: ".repeat(100_000)),
        Hostile::new("100,000 lists in one line", "- ".repeat(100_000)),
        Hostile::new("100,000 keys that are keys", "? ".repeat(100_000)),
        Hostile::new("1,000 levels of blocks", {
            let deep: String =
                (0..1000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
            format!("{AGENT}x-deep:\n {}", deep.replace('\n', "\n "))
        }),
        Hostile::new(
            "100 levels of lists",
            service(&format!("x-a: {}{}", "[".repeat(100), "]".repeat(100))),
        ),
    ]
}

pub fn tags() -> Vec<Hostile> {
    let variable = |value: &str| format!("{AGENT}    environment:\n      A: {value}\n");
    let service = |more: &str| format!("{AGENT}    {more}\n");
    vec![
        Hostile::new("!!binary", variable("!!binary aGVsbG8=")),
        Hostile::new("invalid !!binary", variable("!!binary \"*\"")),
        Hostile::new(
            "!!python/object",
            variable("!!python/object/apply:os.system [\"touch /tmp/owned\"]"),
        ),
        Hostile::new("!!str before a number", variable("!!str 5")),
        Hostile::new("!!int before a word", variable("!!int five")),
        Hostile::new("!!set", service("profiles: !!set {a, b}")),
        Hostile::new("!!omap", service("x-a: !!omap [a: 1]")),
        Hostile::new("!!null before a word", service("user: !!null root")),
        Hostile::new("!!merge", service("x-a: {!!merge <<: {a: 1}}")),
        Hostile::new("an unknown tag", variable("!mine a")),
        Hostile::new("an unknown tag on a service", "services:\n  agent: !mine\n    image: x\n"),
        Hostile::new("a tag given by URI", variable("!<tag:yaml.org,2002:str> 5")),
        Hostile::new("an unterminated tag", variable("!<tag a")),
        Hostile::new("!reset", service("ports: !reset []")),
        Hostile::new("!reset of the services", "services: !reset\n  agent:\n    image: x\n"),
        Hostile::new("!override", service("ports: !override [\"80\"]")),
        Hostile::new("%YAML 1.1", format!("%YAML 1.1\n---\n{AGENT}")),
        Hostile::new("%YAML 3.0", format!("%YAML 3.0\n---\n{AGENT}")),
        Hostile::new("%TAG", format!("%TAG !e! tag:example.com,2000:\n---\n{AGENT}")),
        Hostile::new("`services` twice", format!("{AGENT}services:\n  b:\n    image: y\n")),
        Hostile::new("a service twice", format!("{AGENT}  agent:\n    image: y\n")),
        Hostile::new(
            "a service twice, once in quotes",
            format!("{AGENT}  \"agent\":\n    image: y\n"),
        ),
        Hostile::new("a variable twice", service("environment: {A: a, A: b}")),
        Hostile::new("a variable twice in a list", service("environment: [A=a, A=b]")),
        Hostile::new(
            "two merge keys",
            format!("x-a: &a {{A: a}}\n{}", service("environment:\n      <<: *a\n      <<: *a")),
        ),
        Hostile::new("a merge key of a word", service("<<: word")),
        Hostile::new(
            "a merge key of a list of lists",
            format!("x-a: &a [[{{A: a}}]]\n{}", service("environment: {<<: *a}")),
        ),
        Hostile::new(
            "a merge key among the services",
            format!("x-a: &a {{b: {{image: y}}}}\n{AGENT}  <<: *a\n"),
        ),
        Hostile::new("a key that is a list", service("x-a: {? [a, b] : c}")),
        Hostile::new("a key that is a mapping", "? {services: a}\n: b\n"),
        Hostile::new("a service whose key is null", format!("{AGENT}  ~:\n    image: y\n")),
        Hostile::new("a key of 2,000 letters", format!("{AGENT}{}: y\n", "k".repeat(2000))),
    ]
}

pub fn bytes() -> Vec<Hostile> {
    let wide = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("\u{feff}{AGENT}").encode_utf16().flat_map(order).collect()
    };
    let bytes = |from: &str, to: &[u8]| -> Vec<u8> {
        let (before, after) = AGENT.split_once(from).unwrap();
        [before.as_bytes(), to, after.as_bytes()].concat()
    };
    vec![
        Hostile::new("empty", ""),
        Hostile::new("only a line end", "\n"),
        Hostile::new("only comments", "# one\n# two\n"),
        Hostile::new("only `---`", "---\n"),
        Hostile::new("only `...`", "...\n"),
        Hostile::new("only a byte order mark", "\u{feff}"),
        Hostile::new("a byte order mark", format!("\u{feff}{AGENT}")),
        Hostile::new("two byte order marks", format!("\u{feff}\u{feff}{AGENT}")),
        Hostile::new(
            "a byte order mark in the middle",
            format!("{AGENT}\u{feff}  b:\n    image: y\n"),
        ),
        Hostile::new("UTF-16, little end first", wide(u16::to_le_bytes)),
        Hostile::new("UTF-16, big end first", wide(u16::to_be_bytes)),
        Hostile::new("Latin-1", bytes("agent:", b"ag\xe9nt:")),
        Hostile::new("binary bytes", bytes("registry", b"\xff\xfe\x80")),
        Hostile::new("CRLF", AGENT.replace('\n', "\r\n")),
        Hostile::new("CR alone", AGENT.replace('\n', "\r")),
        Hostile::new("NUL at the end", format!("{AGENT}\0")),
        Hostile::new("NUL in a value", bytes("registry", b"regi\0stry")),
        Hostile::new("an escape sequence in a comment", format!("{AGENT}# \u{1b}[2J\n")),
        Hostile::new("an escape sequence as a key", format!("{AGENT}    \"\\e[2J\": x\n")),
        Hostile::new(
            "an escape sequence that closes a title",
            format!("{AGENT}    image: \"\\e]0;x\\a\"\n"),
        ),
        Hostile::new(
            "text that is reversed by U+202E",
            format!("{AGENT}    \"\u{202e}resu\": x\n"),
        ),
        Hostile::new("NEL as a line end", AGENT.replace('\n', "\u{85}")),
        Hostile::new("U+2028 as a line end", AGENT.replace('\n', "\u{2028}")),
        Hostile::new("a tab as indentation", "services:\n\tagent:\n\t\timage: x\n"),
        Hostile::new("a tab after indentation", "services:\n  agent:\n  \timage: x\n"),
        Hostile::new("tabs between words", "services:\n  agent:\n    image:\tx\t\n"),
        Hostile::new("a no-break space as indentation", "services:\n\u{a0}\u{a0}agent:\n"),
        Hostile::new(
            "two documents",
            format!("{AGENT}---\nservices:\n  agent:\n    user: \"1000\"\n  b:\n    image: y\n"),
        ),
        Hostile::new("a second document that is a list", format!("{AGENT}---\n- a\n")),
        Hostile::new("a second document that is broken", format!("{AGENT}---\n{{\n")),
        Hostile::new("1,000 empty documents", format!("{}{AGENT}", "---\n".repeat(1000))),
        Hostile::new("a list", "- services\n"),
        Hostile::new("a word", "services\n"),
        Hostile::new("a number", "42\n"),
        Hostile::new(
            "JSON",
            "{\"services\": {\"agent\": {\"image\": \"registry.invalid/agent\"}}}\n",
        ),
        Hostile::new("truncated JSON", "{\"services\": {\"agent\": {\"image\": \"x\"\n"),
        Hostile::new("HTML", "<!doctype html>\n<title>services: agent</title>\n"),
        Hostile::new("a program", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0".as_slice()),
        Hostile::new(
            "a private key",
            "-----BEGIN PRIVATE KEY-----\nTk9ORQ==\n-----END PRIVATE KEY-----\n",
        ),
        Hostile::new("an unclosed quote", format!("{AGENT}    user: \"root\n")),
        Hostile::new("an unclosed bracket", format!("{AGENT}    profiles: [a\n")),
        Hostile::new("indentation that is off by one", format!("{AGENT}   user: root\n")),
        Hostile::new("block text without indentation", format!("{AGENT}    user: |\n")),
    ]
}
