//! The command line of trust-doctor.

use std::path::PathBuf;

use clap::Parser;

/// What comes before the usage.
const EXAMPLES: &str =
    "trust-doctor: says what a container trusts, by whom, and why a connection fails.

  trust-doctor                                      what process 1 trusts
  trust-doctor --connect https://llm.lan:8443       and whether that server passes
  trust-doctor --connect https://llm.lan --ca ca.crt   with a CA that is at hand

  docker run --rm --network container:APP --pid container:APP --user UID trust-init \\
      /trust-doctor --connect https://llm.lan:8443
  kubectl debug POD -it --image trust-init --target APP -- /trust-doctor
";

/// What comes after the options.
const AFTER: &str = "\
Without --connect every https:// URL in the variables of the process is called; only host and port of it
are used, or printed. Exit codes: 0 all is well, 1 an error was found (or a warning, with --strict), 2 it
could not look.";

/// A variable as the container is configured.
#[derive(Clone, Debug)]
pub struct Configured {
    /// Its name.
    pub name: String,
    /// Its value, if it is set.
    pub value: Option<String>,
}

impl Configured {
    fn parse(word: &str) -> Result<Self, &'static str> {
        let (name, value) =
            word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        let whole = || Self { name: name.to_owned(), value: value.map(str::to_owned) };
        (!name.is_empty()).then(whole).ok_or("it has no name")
    }
}

/// A file that is mounted.
#[derive(Clone, Debug)]
pub struct Mounted {
    /// Where the container has it.
    pub path: PathBuf,
    /// The SHA-256 of what lies at its source now, in lower-case hexadecimal digits.
    pub digest: String,
}

impl Mounted {
    fn parse(word: &str) -> Result<Self, &'static str> {
        let (path, digest) = word.rsplit_once('=').ok_or("it has no `=`")?;
        Ok(Self { path: path.into(), digest: digest.to_owned() })
    }
}

/// Says what a container trusts, by whom, and why a connection fails
#[derive(Debug, Parser)]
#[command(name = "trust-doctor", version, before_help = EXAMPLES, after_help = AFTER)]
#[command(help_template = "{before-help}\n{usage-heading} {usage}\n\n{all-args}{after-help}")]
pub struct Cli {
    /// A server to call: https://HOST[:PORT], or http:// to see whether it speaks TLS after all; repeatable
    #[arg(long, value_name = "URL")]
    pub connect: Vec<String>,
    /// A certificate that is at hand, to be named where it mends something; repeatable
    #[arg(long, value_name = "FILE")]
    pub ca: Vec<PathBuf>,
    /// The same, with its contents as PEM in place of a file that is here; repeatable
    #[arg(long, value_name = "FILE=PEM", hide = true)]
    pub at_hand: Vec<String>,
    /// Write what the servers of --connect send into a file, which nothing trusts
    #[arg(long, value_name = "FILE", requires = "connect")]
    pub save_chain: Option<PathBuf>,
    /// The process that is looked at
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub pid: u32,
    /// Warn of what expires within so many days
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub days: i64,
    /// How long to wait for each step of a connection, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub timeout: u64,
    /// Count warnings as errors
    #[arg(long)]
    pub strict: bool,
    /// A variable as the container is configured, which is what `exec` and health checks see, with no
    /// value if it is not set; repeatable
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = Configured::parse)]
    pub configured: Vec<Configured>,
    /// A file that is mounted, and the SHA-256 of what lies at its source now; repeatable
    #[arg(long, value_name = "PATH=SHA256", value_parser = Mounted::parse)]
    pub mounted: Vec<Mounted>,
    /// Print JSON, in the shape that docs/doctor.md describes
    #[arg(long)]
    pub json: bool,
}
