//! Runtimes that read no file of certificates which a variable names, but settings of their own, and
//! the bundle in the words of each.
//!
//! Their variables replace or extend settings of the user: so they are set only on request, by `--runtime`,
//! and never because a program was found.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use crate::sys::diagnostic::{Diagnostic, owned_into_diagnostic};
use crate::sys::environment::Environment;
use crate::sys::quote;
use crate::trust::variables::plan::TrustFile;

/// Such a runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// PHP's curl extension: a directory of settings beside its own
    /// (<https://www.php.net/manual/en/curl.configuration.php>).
    Php,
    /// wget: a file of settings
    /// (<https://www.gnu.org/software/wget/manual/html_node/Wgetrc-Commands.html>).
    Wget,
    /// Its successor, which is `wget` on Fedora: the same words in a file of its own
    /// (<https://gitlab.com/gnuwget/wget2/-/blob/master/docs/wget2.md>).
    Wget2,
    /// Erlang and Elixir, from OTP 27: an argument
    /// (<https://www.erlang.org/doc/apps/public_key/public_key_app.html>).
    Erlang,
}

/// How the argument for Erlang begins and ends: quoted once for its shell-like reader, and once more as
/// a string of its own
/// (<https://www.erlang.org/doc/apps/erts/erl_cmd.html#environment-variables>).
const CACERTS_PATH: (&str, &str) = ("-public_key cacerts_path '\"", "\"'");

/// What would be hidden, below the user's home.
const OWN_SETTINGS: [(Runtime, &str); 3] = [
    (Runtime::Wget, ".wgetrc"),
    (Runtime::Wget2, ".config/wget/wget2rc"),
    (Runtime::Wget2, ".wget2rc"),
];

/// Where root is at home, where nothing says so.
const HOME: &str = "/root";

/// Why a runtime is not told of the bundle.
#[derive(Debug)]
pub enum RuntimeWarning {
    /// Settings of the user would be hidden, or say the same already.
    Named { runtime: Runtime, place: String, bundle: PathBuf },
    /// A path cannot be written in its settings.
    Path { runtime: Runtime, path: PathBuf },
    /// It wants a directory, and there is none.
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
                "{runtime} is not told of the bundle: its settings cannot contain the path {}",
                quote::path(path)
            ))
            .advise("name a directory of letters and digits in TRUST_INIT_DIR"),
            RuntimeWarning::Memory(runtime) => Self::statement(format!(
                "{runtime} is not told of the bundle: it needs a directory of settings, and none is \
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
    /// The variable that it reads.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Php => "PHP_INI_SCAN_DIR",
            Self::Wget => "WGETRC",
            Self::Wget2 => "WGET2RC",
            Self::Erlang => "ERL_ZFLAGS",
        }
    }

    /// Its file of settings, which names `bundle`; `None` if the variable alone says it.
    ///
    /// # Errors
    /// When that path cannot be said there.
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

    /// What the variable says besides what we added, which is about `bundle`; `None` if it is not set.
    /// `has` tells of a path whether something is there.
    ///
    /// # Errors
    /// When settings of the user are in force.
    pub fn own_value(
        self,
        environment: &Environment,
        bundle: &Path,
        is_ours: impl Fn(&Path) -> bool,
        has: impl Fn(&Path) -> bool,
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
                    // What we made of a variable that was not set.
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
                    match own.map(|(_, name)| home.join(name)).find(|own| has(own)) {
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

    /// The value of the variable that says `before`, with our file at `path` or, where there is none,
    /// the bundle there.
    pub fn value(self, before: Option<OsString>, path: &Path) -> OsString {
        let is_set = before.is_some();
        let before = before.unwrap_or_default().into_vec();
        let own = path.as_os_str().as_bytes();
        OsString::from_vec(match self {
            Self::Php => {
                let directory = path.parent().unwrap_or(path).as_os_str().as_bytes();
                // An empty part is PHP's own directory, which counts where the variable is not set.
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

/// What a value of ERL_ZFLAGS says besides the argument that we added at its end, and the bundle that this
/// names; `None` if there is none.
pub fn split_added(value: &OsStr) -> Option<(&OsStr, PathBuf)> {
    let (begin, end) = CACERTS_PATH;
    let rest = value.as_bytes().strip_suffix(end.as_bytes())?;
    let (before, path) = rest.split_at_checked(memchr::memmem::rfind(rest, begin.as_bytes())?)?;
    let path = OsStr::from_bytes(path.get(begin.len()..)?).into();
    Some((OsStr::from_bytes(before.strip_suffix(b" ").unwrap_or(before)), path))
}
