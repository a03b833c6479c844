//! trust-compose's own reader returns the same project as it reads from the output of `docker compose
//! config`, which needs no engine.

use trust_init::compose::project::{Project, Reading};
use trust_init::compose::project::{offline, parse};

use crate::engine::docker;
use crate::site::Folder;

/// Asserts that both ways to read these files return the same project.
#[track_caller]
fn agree(files: &[(&str, &str)]) {
    let folder = Folder::new();
    let mut words = vec!["compose".to_owned()];
    words.extend(["--project-directory".to_owned(), folder.0.to_string_lossy().into_owned()]);
    words.extend(["--profile".to_owned(), "*".to_owned()]);
    let mut paths = Vec::new();
    for (name, text) in files {
        let path = folder.write(name, text);
        if std::path::Path::new(name).extension().is_some_and(|end| end == "yml") {
            words.extend(["-f".to_owned(), path.to_string_lossy().into_owned()]);
            paths.push(path);
        }
    }
    words.push("config".to_owned());
    let answer = docker(&words).exits(0).stdout;
    let tree = serde_yaml::from_str(&answer).expect("Compose writes YAML");
    let theirs = parse::project(&tree, Reading::Complete, &folder.0, &|_, _| None)
        .expect("Compose's own forms");
    let none = |_: &str| None;
    let ours = offline::read(&paths, &folder.0, &none).expect("what Compose reads");
    assert_eq!(Project { reading: Reading::Complete, ..ours }, theirs, "{answer}");
}

#[test]
fn one_file_in_all_forms() {
    agree(&[
        ("x.env", "# c\nexport A=1\nB=\"x $A\\n$$\" # c\nC='$A'\nD=d#d #d\nE=over\n"),
        (
            "a.yml",
            r#"
x-shared: &shared
  user: "1000"
  environment: &environment {SHARED: 1, E: shared}
x-more: &more
  <<: *shared
  cap_drop: [ALL]
services:
  web:
    <<: [*more]
    image: reg.local:5000/x/web:${TAG:-1.2}
    build: {context: ./src, args: [A=1, NONE], target: final}
    entrypoint: /trust-init sh -c "exec $$HOME 'a b'" c\ d | e
    environment:
      <<: *environment
      NUMBER: 1.50
      TRUTH: true
      NONE:
      COST: "${N:-cost} $$5 ${N:+x}"
      NESTED: ${N:-${M:-a}b}
    env_file: [x.env, {path: none.env, required: false}]
    volumes:
      - ./a:/a:ro
      - data:/d/
      - /anonymous
      - ../b/./c:/b
      - {type: bind, source: x, target: /x, read_only: true}
      - {type: tmpfs, target: /t}
      - ./other:/a
    tmpfs: /run:size=64m
    secrets: [s, {source: s, target: t}, {source: s, target: /abs}]
    configs: [c, {source: c, target: /etc/c}]
    links: [db:database]
    volumes_from: [db:ro]
    depends_on: [cache]
    profiles: [p, q]
    x-trust-init: {role: trust}
  db:
    image: postgres
    entrypoint: []
    build: {dockerfile: D}
    pid: service:cache
  cache:
    image: redis
    network_mode: host
    build: {context: https://github.com/a/b.git, dockerfile_inline: FROM x}
    environment: [A=1, B, "C=x=y"]
volumes: {data: }
secrets: {s: {file: s}}
configs: {c: {file: s}}
"#,
        ),
    ]);
}

#[test]
fn several_files_and_documents() {
    agree(&[
        ("one.env", "A=one\nB=one\n"),
        ("two.env", "A=two\nC=$B\n"),
        (
            "a.yml",
            r#"
name: ${NAME:-under}
services:
  a:
    image: x
    user: "1"
    entrypoint: [old]
    environment: [A=1, B=1]
    env_file: one.env
    depends_on: [b]
    profiles: [p]
    tmpfs: /t
    volumes: ["./x:/x", "data:/v", "v:/w", "./y:/y/", {type: bind, source: z, target: /z/}]
    build: {context: one, args: [A=1, B=1], target: t}
    cap_drop: [A]
    secrets: [s]
    x-trust-init: {role: trust}
  b: {image: x, build: one}
  c: {image: x, entrypoint: y}
volumes: {data: }
secrets: {s: {file: s}, t: {file: s}}
---
services:
  c: {image: y, labels: [a=b]}
"#,
        ),
        (
            "b.yml",
            r#"
services:
  a:
    user:
    environment: {B: 2, D: 2}
    env_file: [two.env, one.env]
    depends_on: {c: {condition: service_started}}
    profiles: [q, p]
    tmpfs: [/u, /t]
    volumes: ["./over:/x:ro", "./w:/y", "./w:/z"]
    build: {args: {B: 2}, dockerfile: D}
    cap_drop: [B, A]
    secrets: [{source: t, target: /run/secrets/s}]
    x-trust-init: {role: leave}
  b: {build: {target: q}}
  c: {entrypoint: }
"#,
        ),
    ]);
}

#[test]
fn byte_order_mark_and_line_ends() {
    agree(&[("a.yml", "\u{feff}services:\r\n  a:\r\n    image: x\r\n    user: !!str 5\r\n")]);
}
