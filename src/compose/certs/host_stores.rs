//! The commands that install a CA on a host, for the texts of `certs` and `doctor`.

use std::path::{Path, PathBuf};

use crate::sys::quote;
use crate::trust::certificate::Certificate;

/// A family of Linux distributions with the same trust store.
pub(crate) struct HostSystem {
    /// Names of the distributions.
    pub name: &'static str,
    /// The directory for additional CAs.
    pub directory: &'static str,
    /// The command that updates the store from that directory.
    pub command: &'static str,
}

/// From the systems' own manuals: update-ca-certificates(8), update-ca-trust(8), openSUSE's
/// <https://github.com/openSUSE/ca-certificates>, Arch's
/// <https://wiki.archlinux.org/title/Transport_Layer_Security#Add_a_certificate_to_a_trust_store>.
pub(crate) const HOST_SYSTEMS: [HostSystem; 4] = [
    HostSystem {
        name: "Debian, Ubuntu",
        directory: "/usr/local/share/ca-certificates",
        command: "update-ca-certificates",
    },
    HostSystem {
        name: "RHEL, Fedora",
        directory: "/etc/pki/ca-trust/source/anchors",
        command: "update-ca-trust",
    },
    HostSystem {
        name: "openSUSE, SLES",
        directory: "/etc/pki/trust/anchors",
        command: "update-ca-certificates",
    },
    HostSystem {
        name: "Arch",
        directory: "/etc/ca-certificates/trust-source/anchors",
        command: "update-ca-trust",
    },
];

/// Returns the family of this machine's distribution; `None` if it is unknown.
pub(crate) fn this_system() -> Option<&'static HostSystem> {
    HOST_SYSTEMS.iter().find(|system| Path::new(system.directory).is_dir())
}

impl HostSystem {
    /// Returns the command that installs `ca`, which is in the file `path`.
    pub(crate) fn install_command(&self, path: &Path, ca: &Certificate) -> String {
        let (copy, command) = (self.file_of(ca), self.command);
        format!("sudo cp {} {} && sudo {command}", quote::shell(path), quote::shell(&copy))
    }

    /// Returns the file of `ca` in the directory for additional CAs.
    pub(crate) fn file_of(&self, ca: &Certificate) -> PathBuf {
        Path::new(self.directory).join(file_name(ca))
    }
}

/// Returns the file name for a CA, made from its common name: `llm.lan-ca.crt`. It omits the date that
/// `certs` appends to a name, so that a new CA replaces the file of the old one.
fn file_name(ca: &Certificate) -> String {
    let name = ca.subject.split(", ").find_map(|part| part.strip_prefix("CN="));
    let name = name.unwrap_or("private-ca").to_lowercase().replace(' ', "-");
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || "-.".contains(*c);
    let name: String = name.chars().filter(is_plain).collect();
    let is_like = |(byte, like): (u8, &u8)| {
        if *like == b'0' { byte.is_ascii_digit() } else { byte == *like }
    };
    let dated = name.len().checked_sub(DATE_SUFFIX.len()).and_then(|at| name.split_at_checked(at));
    let name = match dated {
        Some((name, date)) if date.bytes().zip(DATE_SUFFIX).all(is_like) => name,
        _ => &name,
    };
    // A leading dot would hide the file.
    format!("{}.crt", name.trim_start_matches('.'))
}

/// The form of a date at the end of a name, with `0` for any digit.
const DATE_SUFFIX: &[u8] = b"-0000-00-00";

/// Returns the command that installs `ca` on macOS (security(1)).
pub(crate) fn keychain_command(ca: &Path) -> String {
    let keychain = "/Library/Keychains/System.keychain";
    format!("sudo security add-trusted-cert -d -r trustRoot -k {keychain} {}", quote::shell(ca))
}
