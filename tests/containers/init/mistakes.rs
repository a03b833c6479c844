//! Common mistakes with Docker, and trust-init's messages about them.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use crate::clients::CURL;
use crate::container::CUSTOM_CA;
use crate::engine::BOOKWORM;
use crate::site::{Folder, PRIVATE, site};

/// Short `-v` syntax with a file that is missing on the host: Docker creates a directory in its place.
#[test]
fn ca_file_missing_on_the_host() {
    let (site, folder) = (site(), Folder::new());
    let missing = folder.0.join("ca.crt");
    let container = || site.container(BOOKWORM).mount(&missing, CUSTOM_CA);
    let cause = "it is an empty directory, which Docker creates if the file to mount is missing on the host";
    let outcome = container()
        .run(&["echo", "started"])
        .exits(125)
        .says("trust-init: error: cannot read `/usr/local/share/ca-certificates/custom-ca.crt`")
        .says(cause)
        .says("trust-init: fix: create the file on the host")
        .says("set TRUST_INIT_ON_ERROR=warn to start the service");
    assert_eq!(outcome.stdout, "");
    assert!(missing.is_dir());
    for warn in
        [container().options("--on-error warn"), container().flags("-e TRUST_INIT_ON_ERROR=warn")]
    {
        warn.run(&["echo", "started"])
            .exits(0)
            .prints("started")
            .says(
                "trust-init: warning: cannot read `/usr/local/share/ca-certificates/custom-ca.crt`",
            )
            .says(cause);
    }
    // The service trusts what it trusted before.
    container().options("--on-error warn").finds(&[CURL], "private refused, public served");
}

#[test]
fn ca_file_unreadable() {
    let (site, folder) = (site(), Folder::new());
    let ca = folder.write("ca.crt", std::fs::read(PRIVATE.ca()).unwrap());
    std::fs::set_permissions(&ca, std::fs::Permissions::from_mode(0o600)).unwrap();
    let owner = ca.metadata().unwrap().uid();
    let container = || site.container(BOOKWORM).mount(&ca, CUSTOM_CA).flags("--user 4711");
    let cause = format!("uid 4711 has no permission to read it (owner {owner}, mode 0600)");
    container().run(&["echo", "started"]).exits(125).says(&cause).says("mode 0644 is right");
    container().options("--on-error warn").run(&["echo", "started"]).exits(0).says(&cause);
}

#[test]
fn exit_codes() {
    let (site, folder) = (site(), Folder::new());
    let not_executable = folder.write("service", "#!/bin/sh\n");
    let no_ca = folder.write("ca.crt", "not a certificate\n");
    let container = || site.container(BOOKWORM).trusting(PRIVATE);
    container().sh("exit 0").exits(0);
    container().sh("exit 7").exits(7);
    site.container(BOOKWORM).mount(&no_ca, CUSTOM_CA).sh("exit 0").exits(125).says("error: ");
    container().options("--no-such-option").sh("exit 0").exits(125).says("--no-such-option");
    container().mount(&not_executable, "/service").run(&["/service"]).exits(126).says("`/service`");
    container().run(&["no-such-program"]).exits(127).says("`no-such-program`");
    // By convention 128 + the number of the signal that killed the service.
    container().flags("--init").sh("kill -TERM $$").exits(143);
}

/// The CA is part of the image, and trust-init's message contains that.
#[test]
fn ca_from_the_image() {
    let site = site();
    let image = site.derived(
        "baked",
        &format!("FROM {}\nCOPY private/ca.crt {CUSTOM_CA}\n", site.image(BOOKWORM)),
    );
    site.container_of(&image)
        .finds(&[CURL], "private served, public served, stranger refused")
        .says(", from the image\n");
    site.container(BOOKWORM)
        .trusting(PRIVATE)
        .run(&["true"])
        .says("starting `true`")
        .never_says("from the image");
}
