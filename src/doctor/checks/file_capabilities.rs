//! The program that runs: whether it looks at variables at all.

use crate::doctor::process::Patient;
use crate::sys::finding::Finding;
use crate::sys::program::CAPABILITIES;
use crate::sys::quote;

/// File capabilities make a start a secure one, in which OpenSSL and Node.js ask for no variable
/// (secure_getenv(3)). Root gains nothing by them (capabilities(7)).
pub fn look(patient: &Patient) -> Option<Finding> {
    let program = patient.program()?;
    let is_secure = !patient.uid.is_root() && patient.has_attribute(CAPABILITIES);
    is_secure.then(|| {
        let cause =
            "has file capabilities, so OpenSSL and Node.js in it ignore the trust variables";
        // Docker has opened all ports to all since 20.10 (<https://github.com/moby/moby/pull/41030>).
        let fix = format!(
            "RUN setcap -r {} (ports below 1024 are free to every uid in a container), or set \
             TRUST_INIT_INSTALL_STORE=1",
            quote::shell(&program)
        );
        Finding::warning("file-capabilities", &quote::path(&program), cause, fix)
    })
}
