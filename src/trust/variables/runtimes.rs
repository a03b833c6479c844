//! Runtimes that need settings of their own to read the bundle, because no variable names a file of
//! certificates.
//!
//! Their variables replace or extend settings of the user, so trust-init sets them only with `--runtime`,
//! never because it found the program.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use crate::sys::diagnostic::{Diagnostic, owned_into_diagnostic};
use crate::sys::environment::Environment;
use crate::sys::quote;
use crate::trust::variables::plan::TrustFile;

/// A runtime with settings of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// PHP's curl extension: a directory of settings beside its own
    /// (<https://www.php.net/manual/en/curl.configuration.php>).
    Php,
    /// wget: a file of settings
    /// (<https://www.gnu.org/software/wget/manual/html_node/Wgetrc-Commands.html>).
    Wget,
    /// wget2, which is `wget` on Fedora: the same setting in another file
    /// (<https://gitlab.com/gnuwget/wget2/-/blob/master/docs/wget2.md>).
    Wget2,
    /// Erlang and Elixir, from OTP 27: an argument
    /// (<https://www.erlang.org/doc/apps/public_key/public_key_app.html>).
    Erlang,
}

/// The start and end of the argument for Erlang: quoted for its shell-like parser, and again as an Erlang
/// string (<https://www.erlang.org/doc/apps/erts/erl_cmd.html#environment-variables>).
const CACERTS_PATH: (&str, &str) = ("-public_key cacerts_path '\"", "\"'");

/// The user's own settings, which the variable would override, below the home directory.
const OWN_SETTINGS: [(Runtime, &str); 3] = [
    (Runtime::Wget, ".wgetrc"),
    (Runtime::Wget2, ".config/wget/wget2rc"),
    (Runtime::Wget2, ".wget2rc"),
];

/// The home directory if HOME is not set: that of root.
pub(crate) const HOME: &str = "/root";

/// Why a runtime is not configured with the bundle.
#[derive(Debug)]
pub enum RuntimeWarning {
    /// Settings of the user would be overridden, or name the bundle already.
    Named { runtime: Runtime, place: String, bundle: PathBuf },
    /// Its settings cannot contain the path.
    Path { runtime: Runtime, path: PathBuf },
    /// It needs a directory, and no directory is writable.
    Memory(Runtime),
}

owned_into_diagnostic!(RuntimeWarning);

impl From<&RuntimeWarning> for Diagnostic {
    fn from(warning: &RuntimeWarning) -> Self {
        match warning {
            RuntimeWarning::Named { runtime, place, bundle } => Self::statement(format!(
                "{place} already configures {runtime} and is not changed, so {runtime} may not trust the \
                 custom CAs"
            ))
            .advise(format!("name {} there, or remove that setting", quote::path(bundle))),
            RuntimeWarning::Path { runtime, path } => Self::statement(format!(
                "{runtime} is not configured with the bundle: its settings cannot contain the path {}",
                quote::path(path)
            ))
            .advise("set TRUST_INIT_DIR to a path of letters and digits"),
            RuntimeWarning::Memory(runtime) => Self::statement(format!(
                "{runtime} is not configured with the bundle: it needs a directory of settings, and none is \
                 writable"
            ))
            .advise("mount a tmpfs at /run/trust-init that this uid can write to"),
        }
    }
}

impl Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Php => "PHP",
            Self::Wget => "wget",
            Self::Wget2 => "wget2",
            Self::Erlang => "Erlang",
        })
    }
}

impl Runtime {
    /// Returns the variable that it reads.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Php => "PHP_INI_SCAN_DIR",
            Self::Wget => "WGETRC",
            Self::Wget2 => "WGET2RC",
            Self::Erlang => "ERL_ZFLAGS",
        }
    }

    /// Returns its file of settings, which names `bundle`; `None` if the variable names the bundle itself.
    ///
    /// # Errors
    /// When the settings cannot contain that path.
    pub fn file(self, bundle: &Path) -> Result<Option<(TrustFile, String)>, RuntimeWarning> {
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
        if !bundle.as_os_str().as_bytes().iter().all(is_plain) {
            return Err(RuntimeWarning::Path { runtime: self, path: bundle.to_path_buf() });
        }
        let bundle = bundle.display();
        Ok(match self {
            Self::Php => Some((TrustFile::PhpIni, format!("curl.cainfo = \"{bundle}\"\n"))),
            Self::Wget | Self::Wget2 => {
                Some((TrustFile::Wgetrc, format!("ca_certificate = {bundle}\n")))
            }
            Self::Erlang => None,
        })
    }

    /// Returns the value of the variable without what trust-init added for `bundle`; `None` if it is not set.
    /// `exists`: whether a path exists.
    ///
    /// # Errors
    /// When the user has own settings.
    pub fn own_value(
        self,
        environment: &Environment,
        bundle: &Path,
        is_ours: impl Fn(&Path) -> bool,
        exists: impl Fn(&Path) -> bool,
    ) -> Result<Option<OsString>, RuntimeWarning> {
        let named = |place: String| RuntimeWarning::Named {
            runtime: self,
            place,
            bundle: bundle.to_path_buf(),
        };
        let value = environment.get(self.variable());
        match self {
            Self::Php => Ok(value.and_then(|value| {
                let is_other = |part: &&[u8]| {
                    !is_ours(&Path::new(OsStr::from_bytes(part)).join(TrustFile::PhpIni.name()))
                };
                let parts = value.as_bytes().split(|byte| *byte == b':');
                match parts.filter(is_other).collect::<Vec<_>>().as_slice() {
                    // The value that trust-init creates for a variable that was not set.
                    [[]] if !value.is_empty() => None,
                    others => Some(OsString::from_vec(others.join(&b':'))),
                }
            })),
            Self::Wget | Self::Wget2 => match value.filter(|value| !value.is_empty()) {
                Some(value) if is_ours(Path::new(value)) => Ok(None),
                Some(value) => Err(named(format!(
                    "`ca_certificate` in {} (from {})",
                    quote::word(value),
                    self.variable()
                ))),
                None => {
                    let home = Path::new(environment.get("HOME").unwrap_or(OsStr::new(HOME)));
                    let own = OWN_SETTINGS.iter().filter(|(runtime, _)| *runtime == self);
                    match own.map(|(_, name)| home.join(name)).find(|own| exists(own)) {
                        Some(own) => {
                            Err(named(format!("`ca_certificate` in {}", quote::path(&own))))
                        }
                        None => Ok(None),
                    }
                }
            },
            Self::Erlang => {
                let value = value.unwrap_or_default();
                let ours = split_added(value).filter(|(_, path)| is_ours(path));
                let value = ours.map_or(value, |(rest, _)| rest);
                if memchr::memmem::find(value.as_bytes(), b"cacerts_path").is_some() {
                    return Err(named("`cacerts_path` in ERL_ZFLAGS".to_owned()));
                }
                Ok(Some(value.to_owned()))
            }
        }
    }

    /// Returns the new value of the variable: `before`, extended by the settings or the bundle at `path`.
    pub fn value(self, before: Option<OsString>, path: &Path) -> OsString {
        let is_set = before.is_some();
        let before = before.unwrap_or_default().into_vec();
        let own = path.as_os_str().as_bytes();
        OsString::from_vec(match self {
            Self::Php => {
                let directory = path.parent().unwrap_or(path).as_os_str().as_bytes();
                // An empty part is PHP's own directory, which PHP reads if the variable is not set.
                if is_set && before.is_empty() {
                    directory.to_vec()
                } else {
                    [&before, directory].join(&b':')
                }
            }
            Self::Wget | Self::Wget2 => own.to_vec(),
            Self::Erlang => {
                let space: &[u8] = if before.is_empty() { b"" } else { b" " };
                let (begin, end) = CACERTS_PATH;
                [&before, space, begin.as_bytes(), own, end.as_bytes()].concat()
            }
        })
    }
}

/// Splits a value of ERL_ZFLAGS into its own arguments and the bundle in the argument that trust-init
/// appended; `None` if it appended none.
pub fn split_added(value: &OsStr) -> Option<(&OsStr, PathBuf)> {
    let (begin, end) = CACERTS_PATH;
    let rest = value.as_bytes().strip_suffix(end.as_bytes())?;
    let (before, path) = rest.split_at_checked(memchr::memmem::rfind(rest, begin.as_bytes())?)?;
    let path = OsStr::from_bytes(path.get(begin.len()..)?).into();
    Some((OsStr::from_bytes(before.strip_suffix(b" ").unwrap_or(before)), path))
}
