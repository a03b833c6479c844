//! The command line of trust-doctor.

use std::path::PathBuf;

use clap::Parser;

const AFTER: &str = "\
Without --connect, trust-doctor calls every https:// URL in the variables of the process; it uses and prints \
only host and port.

Exit codes: 0 no error, 1 an error was found (or a warning, with --strict), 2 the inspection was not possible.

Examples:
  trust-doctor
      inspect what process 1 trusts
  trust-doctor --connect https://llm.lan:8443
      check whether that server passes verification
  trust-doctor --connect https://llm.lan --ca ca.crt
      check whether trusting ca.crt would fix the connection
  docker run --rm --network container:APP --pid container:APP --user UID \\
    trust-init /trust-doctor
      inspect process 1 of another container
  kubectl debug POD -it --image trust-init --target APP -- /trust-doctor
      the same in a cluster";

/// A variable in the container's configuration.
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

/// A mounted file.
#[derive(Clone, Debug)]
pub struct Mounted {
    /// Its path in the container.
    pub path: PathBuf,
    /// The SHA-256 of its source's present contents, in lower-case hexadecimal digits.
    pub digest: String,
}

impl Mounted {
    fn parse(word: &str) -> Result<Self, &'static str> {
        let (path, digest) = word.rsplit_once('=').ok_or("it has no `=`")?;
        Ok(Self { path: path.into(), digest: digest.to_owned() })
    }
}

/// Report what a process in a container trusts, and why a connection fails
#[derive(Debug, Parser)]
#[command(name = "trust-doctor", version, after_help = AFTER)]
pub struct Cli {
    /// Server to call: https://HOST[:PORT], or http:// to test whether it speaks TLS; repeatable
    #[arg(long, value_name = "URL")]
    pub connect: Vec<String>,
    /// CA certificate to try: reported if trusting it would fix a connection; repeatable
    #[arg(long, value_name = "FILE")]
    pub ca: Vec<PathBuf>,
    /// The same, with the contents of a file that is not in this container; repeatable
    #[arg(long = "at-hand", value_name = "FILE=PEM", hide = true)]
    pub ca_contents: Vec<String>,
    /// Write the certificates that the servers of --connect send to this file, which no program trusts
    #[arg(long, value_name = "FILE", requires = "connect")]
    pub save_chain: Option<PathBuf>,
    /// Process to inspect
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub pid: u32,
    /// Warn about certificates that expire within N days
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub days: i64,
    /// Seconds to wait for each step of a connection
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub timeout: u64,
    /// Count warnings as errors
    #[arg(long)]
    pub strict: bool,
    /// Variable in the container's configuration, which `exec` and health checks see; without a value: it is
    /// not set; repeatable
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = Configured::parse)]
    pub configured: Vec<Configured>,
    /// Mounted file, and the SHA-256 of its source's present contents; repeatable
    #[arg(long, value_name = "PATH=SHA256", value_parser = Mounted::parse)]
    pub mounted: Vec<Mounted>,
    /// Print JSON, as docs/doctor.md describes it
    #[arg(long)]
    pub json: bool,
}
