//! The command line of `trust`.

use std::path::PathBuf;

use clap::Args;

use crate::compose::certs::options::DEFAULT_DIRECTORY;

/// The text after the options of `trust` in its help.
pub(crate) const AFTER: &str = "\
The stores are the system's (Debian, Ubuntu, Alpine, RHEL, Fedora, openSUSE, SLES, Arch) and the NSS databases of this \
user (Firefox, Chromium), which certutil changes. Commands that need root are run by sudo, and printed first.

Exit codes: 0 done or nothing to do, 1 a store was not changed, 2 wrong usage.

Examples:
  trust-compose trust --here
      install certs/ca.crt in the stores of this machine
  trust-compose trust --here --custom-ca corporate.crt --java
      the same for another CA, and for the Java of JAVA_HOME
  trust-compose trust --here --undo
      remove certs/ca.crt from these stores";

/// The options of `trust`.
#[derive(Args, Clone, Debug)]
pub struct Trust {
    /// Change the stores of this machine
    #[arg(long, required = true)]
    pub here: bool,
    /// The CA: a directory with ca.crt, or a file
    #[arg(long, value_name = "DIR|FILE", default_value = DEFAULT_DIRECTORY)]
    pub custom_ca: PathBuf,
    /// Also change cacerts of JAVA_HOME, or else of the Java in PATH
    #[arg(long)]
    pub java: bool,
    /// Remove the CA
    #[arg(long)]
    pub undo: bool,
    /// Print the commands, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}
