//! A program with file capabilities, which ignores trust variables: trust-init warns about it at its start.

use crate::clients::URLLIB;
use crate::site::{PRIVATE, site};

const WARNING: &str = "has file capabilities, so it ignores the trust variables";

#[test]
fn a_program_with_file_capabilities_is_reported() {
    let site = site();
    // Python that may bind ports below 1024 (VFS_CAP_REVISION_2 in linux/capability.h, effective,
    // with bit 10 permitted), as after `setcap cap_net_bind_service+ep`.
    let attribute = "0100000200040000000000000000000000000000";
    let give = format!(
        "import os; os.setxattr(os.path.realpath('/usr/bin/python3'), 'security.capability', \
         bytes.fromhex('{attribute}'))"
    );
    let image = site
        .derived("secure", &format!("FROM {}\nRUN python3 -c \"{give}\"\n", site.image("trixie")));
    let container = || site.container_of(&image).trusting(PRIVATE);
    let (_, command) = URLLIB;
    let (python, code) = command.split_once(" -c ").unwrap();
    let code = code.trim_matches('\'');
    let url = PRIVATE.url();
    let words = [python, "-c", code, &url];

    for flags in ["--user 1000", "--user 1000 --security-opt no-new-privileges"] {
        let secure = container().flags(flags).run(&words).exits(1);
        secure.says(&format!("`/usr/bin/python3` {WARNING}")).says("certificate verify failed");
    }
    container().run(&words).never_says(WARNING).served();
    site.container_of(&image).flags("--user 1000").run(&words).exits(1).never_says(WARNING);
}
