//! The same container started again and again, with the same CA or another.

use crate::clients::{CURL, URLLIB};
use crate::container::CUSTOM_CA;
use crate::engine::BOOKWORM;
use crate::site::{Folder, PRIVATE, SECOND, Server, site};

const PRIVATE_ONLY: &str = "private served, second refused, public served";
const SECOND_ONLY: &str = "private refused, second served, public served";

#[test]
fn three_starts_create_the_same_files_as_one() {
    let site = site();
    for flags in ["", "--user 1000", "--init"] {
        let container = site.container(BOOKWORM).trusting(PRIVATE).flags(flags);
        container.finds(&[CURL], PRIVATE_ONLY);
        let after_one = container.changes();
        assert!(after_one.iter().any(|path| path.ends_with("/ca-bundle.crt")), "{after_one:?}");
        for _ in 0..2 {
            container.finds_again(&[CURL], PRIVATE_ONLY);
            assert_eq!(container.changes(), after_one);
        }
    }
}

/// `docker restart` of a service that runs.
#[test]
fn restart() {
    let site = site();
    let container = site.container(BOOKWORM).trusting(PRIVATE);
    container.serve();
    let look = ["sh", "-c", "ls -lR --full-time /run/trust-init"];
    let before = container.exec(&look).exits(0).stdout;
    for count in 2..4 {
        crate::engine::docker(["restart", "--time", "20", &container.name]).exits(0);
        crate::site::wait_until("the service runs again", || {
            container.logs().stdout.matches("at work").count() == count
        });
        assert_eq!(container.exec(&look).exits(0).stdout, before);
    }
}

/// The file is overwritten on the host, so the mounted inode contains another CA.
#[test]
fn ca_replaced_between_starts() {
    let (site, folder) = (site(), Folder::new());
    let certificate = |server: Server| std::fs::read(server.ca()).unwrap();
    for flags in ["", "--user 1000", "--tmpfs /run --read-only", "--init"] {
        let ca = folder.write("ca.crt", certificate(PRIVATE));
        let container = site.container(BOOKWORM).mount(&ca, CUSTOM_CA).flags(flags);
        container.finds(&[CURL, URLLIB], PRIVATE_ONLY);
        folder.write("ca.crt", certificate(SECOND));
        container.finds_again(&[CURL, URLLIB], SECOND_ONLY);
        folder.write("ca.crt", certificate(PRIVATE));
        container.finds_again(&[CURL, URLLIB], PRIVATE_ONLY);
    }
}

/// Without the CA, no client trusts it any more, also not by an old bundle.
#[test]
fn ca_removed_between_starts() {
    let (site, folder) = (site(), Folder::new());
    let ca = folder.write("custom-ca.crt", std::fs::read(PRIVATE.ca()).unwrap());
    let container = site.container(BOOKWORM).mount(&folder.0, "/usr/local/share/ca-certificates");
    container.finds(&[CURL], PRIVATE_ONLY);
    std::fs::remove_file(ca).unwrap();
    container.finds_again(&[CURL], "private refused, public served");
}
