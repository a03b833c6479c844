//! CA files that git, the AWS SDKs and pip read from their configuration files.

use crate::world::{BUNDLE, World};

#[test]
fn a_file_of_cas_in_a_configuration_file_is_kept_or_reported() {
    for (path, text, variable, variables) in [
        ("/root/.gitconfig", "[http]\n\tsslCAInfo = \"/corp.pem\"\n", "GIT_SSL_CAINFO", &[][..]),
        (
            "/etc/gitconfig",
            "[http \"https://git.lan\"]\nsslcainfo=/corp.pem",
            "GIT_SSL_CAINFO",
            &[],
        ),
        (
            "/home/git",
            "[http]\nsslCAInfo=/c",
            "GIT_SSL_CAINFO",
            &[("GIT_CONFIG_GLOBAL", "/home/git")],
        ),
        ("/root/.aws/config", "[default]\nca_bundle = /corp.pem\n", "AWS_CA_BUNDLE", &[]),
        (
            "/u/.aws/config",
            "[profile x]\nca_bundle=~/corp.pem\n",
            "AWS_CA_BUNDLE",
            &[("HOME", "/u")],
        ),
    ] {
        let world = World::new().with_ca();
        world.write(path, text);
        let run = || {
            variables
                .iter()
                .fold(world.trust_init(&["env"]), |run, (name, value)| run.env(name, value))
        };
        let found = run().run().succeeds();
        let found = found
            .says(&format!("in `{path}` names a file of CAs"))
            .says(&format!("{variable} is not set"));
        assert_eq!(found.value(variable), None, "{path}");
        assert_eq!(found.value("SSL_CERT_FILE").as_deref(), Some(BUNDLE));
        // The roots of a distribution, or nothing, limit no trust.
        for value in ["/etc/ssl/certs/ca-certificates.crt", ""] {
            world.write(path, format!("[x]\nsslcainfo = {value}\nca_bundle = {value}\n"));
            let found = run().run().succeeds().never_says("warning");
            assert_eq!(found.value(variable).as_deref(), Some(BUNDLE), "{path}");
        }
    }
}

#[test]
fn pip_reads_the_variable_of_requests_before_its_own_file() {
    let world = World::new().with_ca();
    world.write("/etc/pip.conf", "[global]\ncert = /corp.pem\n");
    let run =
        world.trust_init(&["env"]).run().succeeds().says("which REQUESTS_CA_BUNDLE overrides");
    assert_eq!(run.value("REQUESTS_CA_BUNDLE").as_deref(), Some(BUNDLE));
    let left =
        world.trust_init(&["env"]).env("TRUST_INIT_LEAVE", "REQUESTS_CA_BUNDLE,PIP_CERT").run();
    assert_eq!(left.succeeds().never_says("warning").value("REQUESTS_CA_BUNDLE"), None);
}
