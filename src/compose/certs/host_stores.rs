//! How to install a CA on a host: a copy in a directory, and the command that reads it.

use std::path::Path;

use crate::sys::quote;

/// One kind of system.
pub struct Machine {
    /// The distributions.
    pub name: &'static str,
    /// The directory for CAs.
    pub directory: &'static str,
    /// The command that reads it.
    command: &'static str,
}

/// From the systems' own manuals: update-ca-certificates(8), update-ca-trust(8), openSUSE's
/// <https://github.com/openSUSE/ca-certificates>, Arch's
/// <https://wiki.archlinux.org/title/Transport_Layer_Security#Add_a_certificate_to_a_trust_store>.
pub const MACHINES: [Machine; 4] = [
    Machine {
        name: "Debian, Ubuntu",
        directory: "/usr/local/share/ca-certificates",
        command: "update-ca-certificates",
    },
    Machine {
        name: "RHEL, Fedora",
        directory: "/etc/pki/ca-trust/source/anchors",
        command: "update-ca-trust",
    },
    Machine {
        name: "openSUSE, SLES",
        directory: "/etc/pki/trust/anchors",
        command: "update-ca-certificates",
    },
    Machine {
        name: "Arch",
        directory: "/etc/ca-certificates/trust-source/anchors",
        command: "update-ca-trust",
    },
];

impl Machine {
    /// The command that adds the CA in the file `ca` under this name.
    pub fn add(&self, ca: &Path, name: &str) -> String {
        let Self { directory, command, .. } = self;
        let (ca, copy) = (quote::shell(ca), quote::shell(&format!("{directory}/{name}.crt")));
        format!("sudo cp {ca} {copy} && sudo {command}")
    }
}

/// The command that does the same on macOS (security(1)).
pub fn keychain(ca: &Path) -> String {
    let keychain = "/Library/Keychains/System.keychain";
    format!("sudo security add-trusted-cert -d -r trustRoot -k {keychain} {}", quote::shell(ca))
}
