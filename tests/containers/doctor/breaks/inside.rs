//! A service that does not use the mounted files and variables, or has some that it should not have.

use super::{Break, Reach, broken, check_each};

/// Adds settings to `agent` by one more compose file, mine.yml.
macro_rules! agent {
    ($name:literal, $yaml:literal) => {
        agent!($name, $yaml, "true")
    };
    ($name:literal, $yaml:literal, $before:literal) => {
        agent!($name, $yaml, $before, "true")
    };
    ($name:literal, $yaml:literal, $before:literal, $after:literal) => {
        broken(
            $name,
            concat!(
                $before,
                " && echo 'services: {agent: ",
                $yaml,
                "}' >mine.yml && $COMPOSE -f mine.yml up -d -t 0 && ",
                $after
            ),
        )
    };
}

/// The same, without the overlay.
macro_rules! alone {
    ($name:literal, $yaml:literal) => {
        broken(
            $name,
            concat!(
                "trust-compose remove && echo \"services: {agent: ",
                $yaml,
                "}\" >mine.yml && docker compose -f docker-compose.yml -f mine.yml up -d -t 0"
            ),
        )
    };
}

#[test]
fn files_of_certificates() {
    check_each(
        "anchors",
        Reach::Containers,
        &[
            agent!("a variable names nothing", "{environment: {REQUESTS_CA_BUNDLE: /nowhere.crt}}"),
            agent!("a variable is empty", "{environment: {CURL_CA_BUNDLE: \"\"}}"),
            agent!(
                "a variable names the image's roots alone",
                "{environment: {REQUESTS_CA_BUNDLE: /etc/ssl/certs/ca-certificates.crt}}"
            ),
            agent!(
                "a bundle that is cut off",
                "{environment: {SSL_CERT_FILE: /cut.crt}, volumes: [\"./cut.crt:/cut.crt:ro\"]}",
                "head -n 5 certs/ca.crt >cut.crt"
            ),
            agent!(
                "a bundle that is empty",
                "{environment: {SSL_CERT_FILE: /none.crt}, volumes: [\"./none.crt:/none.crt:ro\"]}",
                ": >none.crt"
            ),
            agent!(
                "a directory that Docker made",
                "{environment: {SSL_CERT_FILE: /my.crt}, volumes: [\"./my.crt:/my.crt:ro\"]}"
            ),
            agent!(
                "a bundle for root alone",
                "{user: \"1000:1000\", environment: {PIP_CERT: /my.crt}, volumes: [\"./my.crt:/my.crt:ro\"]}",
                "cp certs/ca.crt my.crt && chmod 600 my.crt"
            ),
            agent!(
                "a key in the bundle",
                "{environment: {PIP_CERT: /my.pem}, volumes: [\"./my.pem:/my.pem:ro\"]}",
                "cat certs/server-key.pem certs/ca.crt >my.pem"
            ),
            agent!(
                "the mounted file was replaced",
                "{environment: {NODE_EXTRA_CA_CERTS: /my.crt}, volumes: [\"./my.crt:/my.crt:ro\"]}",
                "cp certs/ca.crt my.crt",
                "cp gpu-certs/ca.crt new.crt && mv new.crt my.crt"
            ),
            agent!(
                "gRPC is sent to what is not there",
                "{environment: {GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: /nowhere.pem}}"
            ),
            agent!("the whole of certs/ is mounted", "{volumes: [\"./certs:/certs:ro\"]}"),
            alone!(
                "a CA is mounted, and nothing uses it",
                "{volumes: [./certs/ca.crt:/usr/local/share/ca-certificates/custom-ca.crt:ro]}"
            ),
        ],
    );
}

#[test]
fn programs() {
    check_each(
        "programs",
        Reach::Containers,
        &[
            agent!("verification is switched off", "{environment: {PIP_TRUSTED_HOST: llm.lan}}"),
            agent!(
                "the entrypoint names another file",
                "{command: [sh, -c, \"PIP_CERT=/etc/ssl/certs/ca-certificates.crt exec sleep infinity\"]}"
            ),
            agent!(
                "the entrypoint takes a variable away",
                "{command: [env, --unset=GIT_SSL_CAINFO, sleep, infinity]}"
            ),
            agent!(
                "code names the file of certifi",
                "{working_dir: /app, volumes: [\"./app:/app:ro\"]}",
                "mkdir app && echo 'context = create(cafile=certifi.where())' >app/agent.py"
            ),
            agent!(
                "certifi was patched",
                "{environment: {PATH: \"/opt/venv/bin:/usr/bin:/bin\"}, command: [sh, -c, \"echo >>$$(/opt/venv/bin/python -m certifi); exec sleep infinity\"]}"
            ),
            agent!(
                "gRPC goes through the proxy",
                "{environment: {PATH: \"/opt/venv/bin:/usr/bin:/bin\", https_proxy: \"http://me:hunter2@proxy:3128\"}, \
                  command: [sh, -c, \"mkdir -p $$(dirname $$(/opt/venv/bin/python -m certifi))/../grpc/_cython; exec sleep infinity\"]}"
            ),
            agent!("Java has another trust store", "{image: trust-init-test/java}"),
            agent!(
                "Java is sent to what is not there",
                "{image: trust-init-test/java, environment: {JAVA_TOOL_OPTIONS: -Djavax.net.ssl.trustStore=/nowhere.jks}}"
            ),
            broken(
                "a program with capabilities cannot be looked into",
                "echo \"services: {agent: {image: $SECURE, user: '1000:1000'}}\" >mine.yml && $COMPOSE -f mine.yml up -d -t 0",
            ),
            Break {
                options: "--privileged-look",
                ..broken(
                    "a program with capabilities",
                    "echo \"services: {agent: {image: $SECURE, user: '1000:1000'}}\" >mine.yml && $COMPOSE -f mine.yml up -d -t 0",
                )
            },
            alone!(
                "a health check without trust-init",
                "{entrypoint: [/trust-init, --], command: [sleep, infinity], \
                  healthcheck: {test: [CMD, curl, -fsS, 'https://llm.lan:8443']}, \
                  volumes: [$TRUST_INIT:/trust-init:ro, ./certs/ca.crt:/usr/local/share/ca-certificates/custom-ca.crt:ro]}"
            ),
        ],
    );
}
