//! Parses the `TRUST_INIT_*` variables: for trust-init, whose options override them, and for the overlay,
//! which applies the settings of a service that uses trust-init.
//!
//! No path is accessed here. Each path keeps its origin, which later messages print. `init::cli` reads the
//! command line.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::output::Log;
use crate::sys::quote;
use crate::sys::suggestion::nearest;
use crate::trust::fingerprint::Fingerprint;
use crate::trust::source::{Named, Origin, Roots};
use crate::trust::variables::TABLE;
use crate::trust::variables::java::JAVA_TOOL_OPTIONS;
use crate::trust::variables::runtimes::Runtime;

/// The settings of trust-init.
#[derive(Debug)]
pub struct Settings {
    /// Files and directories of custom CAs that the user named; `None` means the default directory.
    pub custom: Option<Vec<Named>>,
    /// The text of custom CAs, the value of TRUST_INIT_CA_PEM.
    pub pem: Option<OsString>,
    /// The directory to publish the bundle in, instead of the list of locations.
    pub directory: Option<Named>,
    /// The public roots to merge.
    pub roots: Roots,
    /// Whether an error prevents the start of the service.
    pub on_error: OnError,
    /// Whether to set the variable of gRPC as well.
    pub grpc_roots: bool,
    /// Whether to install the custom CAs in the image's own store as well.
    pub install_store: bool,
    /// Whether Java gets a key store with the custom CAs.
    pub java: Java,
    /// The runtimes whose own settings name the bundle.
    pub runtimes: Vec<Runtime>,
    /// The trust variables that trust-init does not change.
    pub leave: Vec<&'static str>,
    /// The fingerprints of the only custom CAs to trust; empty for any.
    pub ca_sha256: Vec<Fingerprint>,
    /// The file that gets a record of what is trusted.
    pub audit: Option<Named>,
    /// The form of messages.
    pub log: Log,
}

/// What happens to the service if trust cannot be prepared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// It is not started, and the exit code is [`crate::sys::exit_code::FAILED`].
    #[default]
    Fail,
    /// It is started with what could be prepared, after a warning.
    Warn,
}

/// Whether Java gets a key store with the custom CAs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Java {
    /// If a JVM is found.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// How the name of each setting begins.
const PREFIX: &str = "TRUST_INIT_";

/// Every variable that is a setting.
pub const VARIABLES: &[&str] = &[
    "TRUST_INIT_CA",
    "TRUST_INIT_CA_PEM",
    "TRUST_INIT_DIR",
    "TRUST_INIT_ROOTS",
    "TRUST_INIT_ON_ERROR",
    "TRUST_INIT_GRPC_ROOTS",
    "TRUST_INIT_JAVA",
    "TRUST_INIT_RUNTIMES",
    "TRUST_INIT_LEAVE",
    "TRUST_INIT_INSTALL_STORE",
    "TRUST_INIT_CA_SHA256",
    "TRUST_INIT_AUDIT",
    "TRUST_INIT_LOG",
];

/// The values of a setting, and the meaning of each.
pub type Words<T> = &'static [(&'static str, T)];

/// The values of TRUST_INIT_ROOTS.
pub const ROOTS: Words<Roots> =
    &[("system", Roots::System), ("mozilla", Roots::Mozilla), ("none", Roots::None)];
/// The values of TRUST_INIT_ON_ERROR.
pub const ON_ERROR: Words<OnError> = &[("fail", OnError::Fail), ("warn", OnError::Warn)];
/// The values of TRUST_INIT_JAVA.
pub const JAVA: Words<Java> = &[("auto", Java::Auto), ("on", Java::On), ("off", Java::Off)];
/// The values of TRUST_INIT_LOG.
pub const LOG: Words<Log> = &[("normal", Log::Normal), ("quiet", Log::Quiet), ("json", Log::Json)];
const RUNTIMES: Words<&[Runtime]> = &[
    ("php", &[Runtime::Php]),
    ("wget", &[Runtime::Wget, Runtime::Wget2]),
    ("erlang", &[Runtime::Erlang]),
];
const SWITCH: Words<bool> = &[("1", true), ("0", false)];

impl Settings {
    /// Returns the settings of the variables alone.
    ///
    /// # Errors
    /// When a value is unknown.
    pub fn from_variables(environment: &Environment) -> Result<Self, Diagnostic> {
        let mut settings = Self::defaults(environment)?;
        settings.obey_leave();
        Ok(settings)
    }

    /// Returns the settings of the variables, before options override them and [`Self::obey_leave`] is
    /// applied.
    ///
    /// # Errors
    /// When a value is unknown.
    pub fn defaults(environment: &Environment) -> Result<Self, Diagnostic> {
        let given = |name| environment.get(name).filter(|value| !value.is_empty());
        let named = |path: &[u8], name| Named {
            path: OsString::from_vec(path.to_vec()).into(),
            origin: Origin::Variable(name),
        };
        Ok(Self {
            custom: environment.get("TRUST_INIT_CA").map(|list| {
                let paths = list.as_bytes().split(|byte| *byte == b':');
                let paths = paths.filter(|path| !path.is_empty());
                paths.map(|path| named(path, "TRUST_INIT_CA")).collect()
            }),
            pem: given("TRUST_INIT_CA_PEM").map(OsStr::to_owned),
            directory: given("TRUST_INIT_DIR").map(|path| named(path.as_bytes(), "TRUST_INIT_DIR")),
            roots: variable(environment, "TRUST_INIT_ROOTS", ROOTS)?,
            on_error: variable(environment, "TRUST_INIT_ON_ERROR", ON_ERROR)?,
            grpc_roots: variable(environment, "TRUST_INIT_GRPC_ROOTS", SWITCH)?,
            install_store: variable(environment, "TRUST_INIT_INSTALL_STORE", SWITCH)?,
            java: variable(environment, "TRUST_INIT_JAVA", JAVA)?,
            runtimes: parse_runtimes(
                environment.get("TRUST_INIT_RUNTIMES").unwrap_or_default(),
                Origin::Variable("TRUST_INIT_RUNTIMES"),
            )?,
            leave: parse_leave(
                environment.get("TRUST_INIT_LEAVE").unwrap_or_default(),
                Origin::Variable("TRUST_INIT_LEAVE"),
            )?,
            ca_sha256: parse_fingerprints(
                environment.get("TRUST_INIT_CA_SHA256").unwrap_or_default(),
                Origin::Variable("TRUST_INIT_CA_SHA256"),
            )?,
            audit: given("TRUST_INIT_AUDIT").map(|path| named(path.as_bytes(), "TRUST_INIT_AUDIT")),
            log: parse_log(environment)?,
        })
    }

    /// Switches off the settings that would change a variable of `leave`.
    pub fn obey_leave(&mut self) {
        if self.leave.contains(&JAVA_TOOL_OPTIONS) {
            self.java = Java::Off;
        }
        self.runtimes.retain(|runtime| !self.leave.contains(&runtime.variable()));
    }
}

/// Returns the form of messages, which is needed to report errors in the other settings.
///
/// # Errors
/// When the value of TRUST_INIT_LOG is not in [`LOG`].
pub fn parse_log(environment: &Environment) -> Result<Log, Diagnostic> {
    variable(environment, "TRUST_INIT_LOG", LOG)
}

/// Returns a warning for each `TRUST_INIT_*` variable that is not a setting: probably a typing error.
pub fn unknown_variables(environment: &Environment) -> impl Iterator<Item = Diagnostic> {
    let names = environment.pairs().map(|(name, _)| name);
    let ours = names.filter(|name| name.as_bytes().starts_with(PREFIX.as_bytes()));
    let unknown = ours.filter(|name| !VARIABLES.iter().any(|known| *name == *known));
    unknown.map(|name| {
        let cause = format!("{} is set, but is not a setting of trust-init", quote::word(name));
        Diagnostic::statement(cause).advise(match meant(name) {
            Some(setting) => format!("unset it, or write {PREFIX}{setting}"),
            None => format!("unset it, or write one of {}", VARIABLES.join(", ")),
        })
    })
}

/// Returns the setting that a variable was probably meant to be, without the common prefix.
fn meant(variable: &OsStr) -> Option<&'static str> {
    let without_prefix = |name: &'static str| name.strip_prefix(PREFIX);
    nearest(
        variable.to_str()?.strip_prefix(PREFIX)?,
        VARIABLES.iter().copied().filter_map(without_prefix),
    )
}

/// Parses a list of runtimes, separated by commas.
///
/// # Errors
/// When a runtime is unknown.
pub fn parse_runtimes(value: &OsStr, origin: Origin) -> Result<Vec<Runtime>, Diagnostic> {
    let mut runtimes = Vec::new();
    for word in listed(value) {
        runtimes.extend(parse_word(word, origin, RUNTIMES)?);
    }
    Ok(runtimes)
}

/// Parses a list of trust variables, separated by commas.
///
/// # Errors
/// When a variable is not in the table.
pub fn parse_leave(value: &OsStr, origin: Origin) -> Result<Vec<&'static str>, Diagnostic> {
    let names = listed(value).map(|word| {
        let row = TABLE.iter().find(|row| word == row.name);
        row.map(|row| row.name).ok_or_else(|| not_a_trust_variable(word, origin))
    });
    names.collect()
}

/// Parses a list of SHA-256 fingerprints, separated by commas.
///
/// # Errors
/// When one is malformed.
pub fn parse_fingerprints(value: &OsStr, origin: Origin) -> Result<Vec<Fingerprint>, Diagnostic> {
    let fingerprints = listed(value).map(|word| {
        word.to_str().and_then(Fingerprint::parse).ok_or_else(|| {
            Diagnostic::cannot("use", quote::word(word))
                .named(origin)
                .because("it is not a SHA-256 fingerprint of 64 hexadecimal digits")
                .advise(
                    "copy the fingerprint that `trust-compose inspect FILE` or `openssl x509 -noout \
                     -fingerprint -sha256 -in FILE` prints",
                )
        })
    });
    fingerprints.collect()
}

fn not_a_trust_variable(word: &OsStr, origin: Origin) -> Diagnostic {
    let meant = word.to_str().and_then(|word| nearest(word, TABLE.iter().map(|row| row.name)));
    let fix = match meant {
        Some(name) => format!("write {name}"),
        None => "name variables that `trust-init --list-variables` prints, separated by commas"
            .to_owned(),
    };
    Diagnostic::cannot("use", quote::word(word))
        .named(origin)
        .because("it is not a trust variable, so trust-init never changes it")
        .advise(fix)
}

/// Returns the meaning of `value`.
///
/// # Errors
/// When it is not one of `words`.
pub fn parse_word<T: Copy>(
    value: &OsStr,
    origin: Origin,
    words: Words<T>,
) -> Result<T, Diagnostic> {
    let found = words.iter().find(|(word, _)| value == *word);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let allowed = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        Diagnostic::cannot("use", quote::word(value))
            .named(origin)
            .because("it is not a valid value")
            .advise(format!("write one of {allowed}"))
    })
}

/// Reads a variable. An empty one counts as not set: Compose sets it for `NAME: ${NAME:-}`.
fn variable<T: Copy + Default>(
    environment: &Environment,
    name: &'static str,
    words: Words<T>,
) -> Result<T, Diagnostic> {
    match environment.get(name) {
        Some(value) if !value.is_empty() => parse_word(value, Origin::Variable(name), words),
        _ => Ok(T::default()),
    }
}

/// The words of a list, separated by commas.
fn listed(value: &OsStr) -> impl Iterator<Item = &OsStr> {
    let words = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    words.filter(|word| !word.is_empty()).map(OsStr::from_bytes)
}
