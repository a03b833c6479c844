//! The command line of `doctor`.

use std::path::PathBuf;

use clap::Args;

use crate::compose::cli::setup::ProjectArgs;

/// The text after the options of `doctor` in its help.
pub(crate) const AFTER: &str = "\
trust-doctor runs from --image in a probe container that joins the network and PID namespaces of the inspected \
one, read-only and with no more rights than the service. Without --connect, it calls every https:// URL in the \
service's environment; it uses and prints only host and port. doctor writes only the file of --save-chain.

Exit codes: 0 no error, 1 an error was found (or a warning, with --strict), 2 the inspection was not possible.

Examples:
  trust-compose doctor
      inspect the files of this project, its containers, and the servers that they call
  trust-compose doctor agent
      inspect one service
  trust-compose doctor agent --connect https://llm.lan:8443
      check whether that server passes verification in the service
  trust-compose doctor --connect https://llm.lan --ca corporate.crt
      check whether trusting corporate.crt would fix the connection";

/// Days before the end of a certificate at which it is reported.
const DAYS: i64 = 30;

/// Seconds for each step of a connection.
const TIMEOUT: u64 = 10;

/// The image that contains /trust-doctor.
pub(crate) const DEFAULT_IMAGE: &str = "trust-init";

impl Doctor {
    /// Returns the defaults for a project.
    pub fn of_project(project: ProjectArgs) -> Self {
        Self {
            project,
            services: Vec::new(),
            connect: Vec::new(),
            ca: Vec::new(),
            days: DAYS,
            save_chain: None,
            files_only: false,
            image: DEFAULT_IMAGE.to_owned(),
            pull: false,
            privileged_look: false,
            timeout: TIMEOUT,
            strict: false,
            json: false,
        }
    }
}

/// The options of `doctor`.
#[derive(Args, Clone, Debug)]
pub struct Doctor {
    #[command(flatten)]
    pub project: ProjectArgs,
    /// Services to inspect [default: all that run and should trust the CA]
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,
    /// Server to call from each service: https://HOST[:PORT], or http:// to test whether it speaks TLS; repeatable
    #[arg(long, value_name = "URL")]
    pub connect: Vec<String>,
    /// CA certificate to try: reported if trusting it would fix a connection; repeatable
    #[arg(long, value_name = "FILE")]
    pub ca: Vec<PathBuf>,
    /// Warn about certificates that expire within N days
    #[arg(long, value_name = "N", default_value_t = DAYS)]
    pub days: i64,
    /// Write the certificates that the servers of --connect send to this file, which no program trusts
    #[arg(long, value_name = "FILE", requires = "connect")]
    pub save_chain: Option<PathBuf>,
    /// Check the project's files only, and inspect no container
    #[arg(long, conflicts_with_all = ["services", "connect"])]
    pub files_only: bool,
    /// Image that contains /trust-doctor
    #[arg(long, value_name = "IMAGE", default_value = DEFAULT_IMAGE, overrides_with = "image")]
    pub image: String,
    /// Pull that image if it is not on this machine
    #[arg(long)]
    pub pull: bool,
    /// Run the probe as root with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, to inspect processes that it cannot read
    /// otherwise
    #[arg(long)]
    pub privileged_look: bool,
    /// Seconds to wait for each step of a connection
    #[arg(long, value_name = "SECONDS", default_value_t = TIMEOUT)]
    pub timeout: u64,
    /// Count warnings as errors
    #[arg(long)]
    pub strict: bool,
    /// Print JSON, as docs/doctor.md describes it
    #[arg(long)]
    pub json: bool,
}
