//! The names, images and values of the projects of `random`.

/// Service names, and the same names as YAML writes them.
pub const NAMES: &[(&str, &str)] = &[
    ("api", "api"),
    ("web-1", "web-1"),
    ("a.b_c", "a.b_c"),
    ("1", "\"1\""),
    ("2024", "'2024'"),
    ("on", "\"on\""),
    ("null", "'null'"),
    ("1e3", "\"1e3\""),
    ("Upper", "Upper"),
    ("x.y-z.2", "\"x.y-z.2\""),
    ("db", "db"),
    ("worker", "worker"),
];

/// Images that exist on no machine, so that every machine knows equally little of them.
pub const IMAGES: &[&str] = &[
    "registry.invalid/agent:1",
    "registry.invalid/library/postgres:17",
    "\"registry.invalid:5000/team/nginx@sha256:\
     e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
    "registry.invalid/node:22-alpine",
    "registry.invalid/redis-exporter",
    "registry.invalid/bitnami/redis:7.2",
    "${IMAGE:-registry.invalid/server}:${TAG-1}",
    "'registry.invalid/caddy:2'",
    "${REGISTRY}/python:3.13",
];

/// Values of variables in a mapping.
pub const VALUES: &[&str] = &[
    "plain",
    "yes",
    "0o7",
    "1.50",
    "1e3",
    "true",
    "~",
    "",
    "\"\"",
    "''",
    "\"5$$\"",
    "'$$HOME and $${BRACES}'",
    "\"it's a \\\"quote\\\" \\\\ \\u00e9\"",
    "'it''s'",
    "\"ünïcødé ☃ 日本\"",
    "${TAG}",
    "\"${UNSET:-default}\"",
    "\"${UNSET-}\"",
    "${TAG:+set}",
    "\"a=b=c #no\"",
    "|\n        two\n        lines",
    ">-\n        folded\n        text",
];

/// Values that Compose changes.
pub const OLD: &[&str] = &["0777", "1_000", "2001-12-14", "0b11"];

/// Variables in a list.
pub const LISTED: &[&str] = &[
    "- LEVEL=debug",
    "- \"PRICE=5$$\"",
    "- 'QUOTED=\"it''s\"'",
    "- EMPTY=",
    "- FROM_SHELL",
    "- TAGGED=${TAG}",
    "- \"SPACED= a b \"",
    "- \"EQUAL=a=b\"",
    "- UNI=日本",
    "- \"DEFAULT=${UNSET:-a:b}\"",
];

/// Trust variables of the project and the files they name.
pub const TRUST: &[(&str, &str)] = &[
    ("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"),
    ("SSL_CERT_FILE", "/etc/partner/ca.crt"),
    ("REQUESTS_CA_BUNDLE", "/etc/partner/ca.crt"),
    ("REQUESTS_CA_BUNDLE", "/etc/partner/none.crt"),
    ("CURL_CA_BUNDLE", "/data/ca.crt"),
    ("NODE_EXTRA_CA_CERTS", "/etc/partner/ca.crt"),
    ("SSL_CERT_DIR", "/etc/ssl/certs"),
    ("GIT_SSL_CAINFO", "\"\""),
    ("AWS_CA_BUNDLE", "${PARTNER:-/etc/partner}/ca.crt"),
    ("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "/etc/partner/ca.crt"),
];

pub const VOLUMES: &[&str] = &[
    "- ./data:/srv",
    "- ./data:/srv/:ro",
    "- data:/data",
    "- \"data:/var/lib/postgresql/data\"",
    "- /anonymous",
    "- ./partner:/etc/partner:ro",
    "- {type: bind, source: ./partner, target: /etc/partner/}",
    "- {type: volume, source: data, target: /data}",
    "- {type: tmpfs, target: /cache}",
    "- {type: bind, source: \"./it's $$a\", target: \"/odd $$b\", read_only: true}",
    "- \"${DATA:-./data}:/opt\"",
    "- ../above:/above:rw",
    "- ./one.crt:/usr/local/share/ca-certificates/custom-ca.crt:ro",
];

/// Keys that no overlay changes.
pub const OTHERS: &[&str] = &[
    "command: [\"sh\", \"-c\", \"echo $$PATH '${TAG}'\"]",
    "command: echo \"two words\" $$x",
    "entrypoint: [/usr/bin/tini, --, /trust-init, --]",
    "entrypoint: \"\"",
    "entrypoint: /usr/local/bin/trust-init -- python app.py",
    "labels: [\"org.example.a=1\", org.example.b]",
    "labels: {org.example.a: \"$$1\", org.example.n: 3}",
    "user: \"1000:1000\"",
    "cap_drop: [ALL]",
    "tmpfs: /run",
    "tmpfs: [/tmp, \"/run:mode=755\"]",
    "ports: [\"127.0.0.1:0:80\", \"443\"]",
    "healthcheck: {test: [CMD, curl, \"https://$$HOST\"], interval: 1m30s}",
    "x-trust-init: {role: leave}",
    "x-trust-init: {role: trust}",
    "restart: unless-stopped",
    "extra_hosts: [\"gpu.local:192.0.2.7\"]",
    "logging: *logging",
    "networks: {default: {aliases: [other]}}",
    "env_file: settings.env",
    "init: true",
    "stop_grace_period: 1m",
];
