//! Without a custom CA trust-init only starts the service, with no other effect.

use crate::container::Container;
use crate::engine::{BOOKWORM, TRIXIE};
use crate::site::{Folder, PUBLIC, site};

/// Asserts that a container has the same output and files with and without trust-init, byte for byte.
#[track_caller]
fn is_transparent(make: impl Fn() -> Container, script: &str, code: i32) {
    let (bare, wrapped) = (make().bare(), make());
    let without = bare.sh(script).exits(code);
    let with = wrapped.sh(script).exits(code);
    assert_eq!(with.stdout, without.stdout, "{with}");
    assert_eq!(with.stderr, "", "{with}");
    assert_eq!(wrapped.changes(), bare.changes());
}

const LOOK: &str = "env; pwd; id; umask; ls -l /proc/self/fd | wc -l; ls -A /run /tmp /dev/shm";

#[test]
fn no_ca() {
    let site = site();
    for base in [BOOKWORM, TRIXIE] {
        for flags in ["", "--user 1000", "--read-only --user 1000 --cap-drop ALL --ipc none"] {
            let make = || site.container(base).flags("--hostname service -w /var").flags(flags);
            let look = if flags.contains("none") { "env; pwd; id; umask" } else { LOOK };
            is_transparent(make, look, 0);
        }
    }
}

#[test]
fn exit_status_of_the_service() {
    let site = site();
    for code in [1, 42, 255] {
        let make = || site.container(BOOKWORM);
        is_transparent(make, &format!("exit {code}"), code);
    }
}

/// The directory of CAs exists but contains no certificate.
#[test]
fn folder_without_certificates() {
    let (site, folder) = (site(), Folder::new());
    let target = "/usr/local/share/ca-certificates";
    let make = || site.container(BOOKWORM).flags("--hostname s").mount(&folder.0, target);
    is_transparent(make, LOOK, 0);
    folder.write("README.txt", "put CAs here");
    is_transparent(make, LOOK, 0);
}

#[test]
fn ca_that_the_image_trusts_already() {
    let site = site();
    let make = || site.container(BOOKWORM).flags("--hostname s").trusting(PUBLIC);
    is_transparent(make, LOOK, 0);
}
