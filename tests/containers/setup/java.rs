//! Java under the overlay: configured by mounts and variables alone if the image is known to have a JVM, and
//! not changed otherwise.

use std::sync::Arc;

use crate::engine::{docker, repository, trust_init};
use crate::init::java::{
    AFTERWARDS, BEFORE, JAVA_21, JAVA_25, JAVA_25_WITHOUT_JKS, PACKAGE, image, image_with_pkcs12,
};
use crate::project::{OVERLAY, Project, asks};
use crate::site::{PRIVATE, SECOND, Site, site};

const OPTIONS: &str = "JAVA_TOOL_OPTIONS";
const ADDED: &str = "-Djavax.net.ssl.trustStore=/run/trust-init/truststore.jks \
                     -Djavax.net.ssl.trustStoreType=JKS -Djavax.net.ssl.trustStorePassword=changeit";
const STORE: &str = "/usr/lib/jvm/java-21-openjdk-amd64/lib/security/cacerts";
const SETUP: &str = "--custom-ca certs/";

/// A health check that passes if the JVM reaches the private server.
fn health() -> String {
    let probe = format!("java -cp / Probe {} 2>&1 | grep -q served", PRIVATE.url());
    format!("healthcheck: {{test: [CMD-SHELL, {probe:?}], interval: 2s, timeout: 40s, retries: 1}}")
}

/// Returns JAVA_TOOL_OPTIONS of a service, empty if it is not set.
#[track_caller]
fn options(project: &Project, service: &str) -> String {
    let outcome = project.compose(&format!("exec -T {service} printenv {OPTIONS}"));
    outcome.stdout.trim_end_matches('\n').to_owned()
}

fn derived(site: &Arc<Site>, kind: &str, lines: &str) -> String {
    site.derived(kind, &format!("FROM {}\n{lines}\n", image(site)))
}

#[test]
fn every_program_trusts_the_ca_until_it_is_removed() {
    let site = site();
    let jvms = [JAVA_21, JAVA_25];
    let heap = derived(&site, "heap/openjdk", "ENV JAVA_TOOL_OPTIONS=-Xmx64m");
    let asked = format!("{}\n{}", asks(&jvms, AFTERWARDS), health());
    let own = "environment: {JAVA_TOOL_OPTIONS: '-Dgreeting=a$$b'}";
    let hardened = "user: '1000'\nread_only: true\ncap_drop: [ALL]";
    let mut project = Project::new(&site)
        .ca(PRIVATE)
        .service("app", &image(&site), &asked)
        .service("heap", &heap, "")
        .service("hard", &heap, &format!("{own}\n{hardened}"));
    project.up();
    let services = ["app", "heap", "hard"];
    let before = (project.directory(), services.map(|service| project.configuration(service)));
    project.service_finds("app", &jvms, BEFORE);
    project.is("app", "unhealthy");

    // The files must be readable by the services despite the umask.
    let outcome = project.types(&format!("umask 077; trust-compose setup {SETUP}")).exits(0);
    project.follows(&outcome);
    let outcome =
        outcome.prints(&format!("roots of `{STORE}`: app, hard, heap\n")).prints("in Java with ");
    outcome.never_says("warning");
    project.service_finds("app", &jvms, AFTERWARDS);
    project.is("app", "healthy");
    for service in services {
        project.exec_finds(service, &[JAVA_21], AFTERWARDS);
    }
    project.finds("run --rm -T --entrypoint sh heap", &[JAVA_21], AFTERWARDS);
    assert_eq!(
        services.map(|service| options(&project, service)),
        [ADDED.to_owned(), format!("-Xmx64m {ADDED}"), format!("-Dgreeting=a$b {ADDED}")]
    );
    let directory = project.directory();
    let containers = project.ids();
    project.sets_up(SETUP);
    assert_eq!((project.directory(), project.recreated(&containers)), (directory, vec![]));

    project.sets_up("");
    project.exec_finds("heap", &[JAVA_21], BEFORE);
    assert_eq!(options(&project, "heap"), "-Xmx64m");
    let after = (project.directory(), services.map(|service| project.configuration(service)));
    assert_eq!(after, before);
}

#[test]
fn java_is_not_configured_for_an_unknown_image_or_own_settings() {
    let site = site();
    let image = image(&site);
    let own = "-Djavax.net.ssl.trustStore=/etc/ssl/certs/java/cacerts";
    let baked = derived(&site, "baked/openjdk", &format!("ENV MAVEN_OPTS={own}"));
    let mut project = Project::new(&site).ca(PRIVATE);
    let unknown = project.tag(&image, "assistant");
    let another = project.tag(&image, "helper");
    let mut project = project
        .service("guessed", &unknown, "")
        .service("named", &another, "x-trust-init: {role: trust}")
        .service("off", &image, "environment: {TRUST_INIT_JAVA: 'off'}")
        .service("variable", &image, &format!("environment: ['JAVA_OPTS={own}']"))
        .service("argument", &image, &format!("command: [sh, -c, sleep infinity, '{own}']"))
        .service("baked", &baked, "")
        .service("without", &site.image("trixie"), "");
    let outcome = project.sets_up(&format!("{SETUP} --service without=trust"));
    let outcome = outcome.prints(&format!("of `{STORE}`: named\n"));
    let outcome = outcome.prints("(override with --service NAME=trust): guessed\n");
    let outcome = outcome.says("service `variable`: `JAVA_OPTS` names a trust store for Java");
    let outcome = outcome.says(&format!("service `argument`: the argument `{own}` names a"));
    let outcome = outcome.says("service `baked`: `MAVEN_OPTS` names").says("keytool -importcert");
    assert_eq!(outcome.stdout.matches("Java").count(), 2, "{outcome}");
    for service in ["guessed", "off", "variable", "argument", "baked", "without"] {
        assert_eq!(options(&project, service), "", "{service}");
    }
    project.exec_finds("named", &[JAVA_21], AFTERWARDS);
    project.exec_finds("guessed", &[JAVA_21], BEFORE).never_says("Picked up");
}

/// The missing `env_file:` could set JAVA_TOOL_OPTIONS.
#[test]
fn java_is_not_configured_while_an_env_file_is_missing() {
    let site = site();
    let more = "env_file: [late.env]";
    let mut project = Project::new(&site).ca(PRIVATE).service("app", &image(&site), more);
    let outcome = project.setup(SETUP).exits(0).says("not every `env_file` of app can be read");
    outcome.prints("Java not configured: JAVA_TOOL_OPTIONS is not known yet: app\n");
    let overlay =
        |project: &Project| std::fs::read_to_string(project.folder.0.join(OVERLAY)).unwrap();
    assert!(!overlay(&project).contains(OPTIONS));
    project.folder.write("late.env", "JAVA_TOOL_OPTIONS=-Xmx64m\n");
    project.sets_up(SETUP);
    assert_eq!(options(&project, "app"), format!("-Xmx64m {ADDED}"));
}

/// If the project mounts the JVM's own store, its roots are kept.
#[test]
fn a_mounted_trust_store_provides_the_roots() {
    let site = site();
    let mounts = |source: &str| format!("volumes: ['{source}:/etc/ssl/certs/java']");
    let mut project = Project::new(&site)
        .ca(PRIVATE)
        .service("mounted", &image(&site), &mounts("./java"))
        .service("hidden", &image(&site), "tmpfs: [/etc/ssl/certs/java]");
    let store = repository().join("tests/certs/java/jks");
    project.folder.write("java/cacerts", std::fs::read(store).unwrap());
    let outcome = project.sets_up(SETUP).prints("in Java with 2 roots of ");
    outcome.says(&format!("service `hidden`: `{STORE}` is not read"));
    project.exec_finds("mounted", &[JAVA_21], "private served, public refused");
    assert_eq!(options(&project, "hidden"), "");
}

#[test]
fn the_key_store_has_the_format_of_the_jvms_own() {
    let site = site();
    let home = format!("environment: {{JAVA_HOME: {PACKAGE}}}");
    let mut project =
        Project::new(&site).ca(PRIVATE).service("app", &image_with_pkcs12(&site), &home);
    project.sets_up(SETUP).prints(&format!("roots of `{PACKAGE}/lib/security/cacerts`: app\n"));
    project.exec_finds("app", &[JAVA_21, JAVA_25, JAVA_25_WITHOUT_JKS], AFTERWARDS);
    let added = "-Djavax.net.ssl.trustStore=/run/trust-init/truststore.p12 \
                 -Djavax.net.ssl.trustStoreType=PKCS12";
    assert_eq!(options(&project, "app"), added);
    project.types("ls .trust/truststore-*.p12").exits(0);
    project.sets_up("");
    assert_eq!(options(&project, "app"), "");
}

/// With `--roots` Java gets the same roots as the bundle.
#[test]
fn the_roots_option_applies_to_java() {
    let site = site();
    let mut project = Project::new(&site).ca(PRIVATE).service("app", &image(&site), "");
    project
        .sets_up(&format!("{SETUP} --roots mozilla"))
        .prints("(--roots mozilla): app\ninfo: in Java with");
    project.exec_finds("app", &[JAVA_21], "private served, public refused");
}

/// trust-init in the image adopts the mounted key store and writes nothing.
#[test]
fn an_entrypoint_adopts_the_key_store() {
    let site = site();
    let image = derived(&site, "adopts", "ENTRYPOINT [\"/trust-init\", \"--\"]");
    let program = format!("volumes: [\"{}:/trust-init:ro\"]", trust_init().display());
    let more = format!("{}\n{program}", asks(&[JAVA_21], AFTERWARDS));
    let mut project = Project::new(&site).ca(PRIVATE).service("wrapped", &image, &more);
    project.sets_up(SETUP);
    let outcome = project.service_finds("wrapped", &[JAVA_21], AFTERWARDS).never_says("warning");
    outcome.says("through `/run/trust-init/truststore.jks`");
    assert_eq!(options(&project, "wrapped"), ADDED);
    let id = &project.ids()["wrapped"];
    let diff = docker(["diff", id]).exits(0);
    assert!(!diff.stdout.contains("/tmp/trust-init"), "{diff}");
    let list =
        "exec -T wrapped sh -c 'cd /run/trust-init; echo *; tr \"\\0\" \"\\n\" </proc/1/environ'";
    let list = project.compose(list).exits(0).prints("ca-bundle.crt truststore.jks\n");
    list.prints(&format!("{OPTIONS}={ADDED}\n"));
}

#[test]
fn a_new_ca_or_jvm_recreates_the_container() {
    let site = site();
    let mut project = Project::new(&site).ca(PRIVATE);
    let image = project.tag(&image(&site), "openjdk");
    let other = "RUN keytool -delete -storepass changeit -alias debian:public.pem -keystore \
                 /etc/ssl/certs/java/cacerts";
    let other = derived(&site, "other/openjdk", other);
    let mut project = project.service("app", &image, "");
    project.sets_up(SETUP);
    project.setup("--check").exits(0).prints("in step");
    project.types("mv .trust/truststore-*.jks kept").exits(0);
    project.setup("--check").exits(1).prints("truststore-").prints("is missing");
    project.types("mv kept .trust/$(grep -o 'truststore-.*jks' docker-compose.ca.yml)").exits(0);
    project.setup("--check").exits(0);

    docker(["tag", &other, &image]).exits(0);
    project.setup("--check").exits(1).prints("older than the CA, an image or a compose file");
    let before = project.ids();
    project.sets_up(SETUP);
    assert_eq!(project.recreated(&before), ["app"]);
    project.exec_finds("app", &[JAVA_21], "private served, public refused, second refused");

    project.replace_ca(SECOND);
    project.setup("--check").exits(1);
    let before = project.ids();
    project.sets_up(SETUP);
    assert_eq!(project.recreated(&before), ["app"]);
    project.exec_finds("app", &[JAVA_21], "private refused, second served");
    // No container mounts the older key stores any more, so setup removes them.
    project.sets_up(SETUP);
    assert_eq!(project.types("ls .trust | grep -c jks").exits(0).stdout, "1\n");
}

/// A variable of the image has the same effect as one of the compose file.
#[test]
fn a_variable_of_the_image_enables_grpc() {
    let site = site();
    let image = site.derived("grpc", "FROM trust-init-test/trixie\nENV TRUST_INIT_GRPC_ROOTS=1\n");
    let mut project = Project::new(&site).ca(PRIVATE).service("asks", &image, "").service(
        "unasked",
        &image,
        "environment: {TRUST_INIT_GRPC_ROOTS: '0'}",
    );
    project.sets_up(SETUP);
    let shown = |service: &str| {
        let name = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH";
        project.compose(&format!("exec -T {service} printenv {name}")).stdout
    };
    assert_eq!(shown("asks"), "/run/trust-init/ca-bundle.crt\n");
    assert_eq!(shown("unasked"), "");
}
