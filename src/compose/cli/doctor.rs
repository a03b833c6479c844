//! The command line of `doctor`.

use std::path::PathBuf;

use clap::Args;

use crate::compose::cli::setup::Project;

/// What comes before the usage of `doctor`.
pub const EXAMPLES: &str = "Examples:
  trust-compose doctor
      the files of this project, its containers, and the servers that its services call
  trust-compose doctor agent
      one service
  trust-compose doctor agent --connect https://llm.lan:8443
      whether that server passes, as the service sees it
  trust-compose doctor --connect https://llm.lan --ca corporate.crt --save-chain llm.pem
      with a CA that is at hand; and keep what the server sends, to look at";

/// What comes after its options.
pub const AFTER: &str = "\
Containers are looked into from beside them by trust-doctor, out of the image that --image names: with no
more rights than the service has, read-only. Without --connect every https:// URL in a service's
environment is called; only its host and port are used, or printed. Nothing is written but what
--save-chain asks for.
Exit codes: 0 all is well, 1 an error was found (or a warning, with --strict), 2 it could not look.";

/// The options of `doctor`.
#[derive(Args, Clone, Debug)]
pub struct Doctor {
    #[command(flatten)]
    pub project: Project,
    /// The services to look at [default: all that run and should trust]
    #[arg(value_name = "SERVICE")]
    pub services: Vec<String>,
    /// A server to call from each of them: https://HOST[:PORT], or http:// to see what speaks there; repeatable
    #[arg(long, value_name = "URL")]
    pub connect: Vec<String>,
    /// A certificate that is at hand, to be named where it mends something; repeatable
    #[arg(long, value_name = "FILE")]
    pub ca: Vec<PathBuf>,
    /// Warn of what expires within so many days
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub days: i64,
    /// Write what the server of --connect sends into a file, which nothing trusts
    #[arg(long, value_name = "FILE", requires = "connect")]
    pub save_chain: Option<PathBuf>,
    /// Look at the project's files alone, and at no container
    #[arg(long, conflicts_with_all = ["services", "connect"])]
    pub files_only: bool,
    /// The image with /trust-doctor in it
    #[arg(long, value_name = "IMAGE", default_value = "trust-init", overrides_with = "image")]
    pub image: String,
    /// Pull that image if it is not here
    #[arg(long)]
    pub pull: bool,
    /// Look with SYS_PTRACE into what cannot be seen without
    #[arg(long)]
    pub privileged_look: bool,
    /// How long to wait for each step of a connection, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub timeout: u64,
    /// Count warnings as errors
    #[arg(long)]
    pub strict: bool,
    /// Print JSON, in the shape that docs/doctor.md describes
    #[arg(long)]
    pub json: bool,
}
