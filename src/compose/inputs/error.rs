//! Why what `setup` was given will not do, and what mends it.

use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use crate::compose::certs::server_name::{self, Name};
use crate::compose::certs::{CA, CA_KEY, SERVER, SERVER_KEY};
use crate::compose::inputs::ca_directory::{Pair, is_there};
use crate::compose::inputs::notice::{contents, few};
use crate::compose::inputs::server_certificate::out;
use crate::compose::inputs::server_error::Unservable;
use crate::compose::inputs::{CUSTOM_CA, EXTRA_CA};
use crate::compose::passwords;
use crate::sys::exit_code;
use crate::sys::output;
use crate::sys::quote;
use crate::sys::quote::shell;
use crate::trust::certificate::Certificate;
use crate::trust::file_error::{ANEW, Problem};
use crate::trust::inspection;
use crate::trust::source::Label;
use crate::trust::source::Unreadable;

/// Why what was given will not do.
pub enum Error {
    /// `--domain` is no name.
    Domain(server_name::Error),
    /// A file or directory cannot be read.
    Unreadable(Unreadable),
    /// An archive stays closed.
    Archive(passwords::Error),
    /// A file holds something else than CAs, or is broken.
    Unusable { label: Label, problem: Problem },
    /// A certificate that no client can use as a CA.
    Refused(inspection::Error),
    /// An archive without a CA.
    NoAuthority { label: Label, keys: usize, others: Vec<Certificate> },
    /// A directory without a CA: what is in it, and why that is none.
    Nowhere { directory: PathBuf, others: Vec<(PathBuf, String)> },
    /// A directory with several: each file and its subjects.
    Several { directory: PathBuf, files: Vec<(PathBuf, String)>, has_pair: bool },
    /// A server's certificate without its key, or the other way round.
    Half { present: PathBuf, missing: PathBuf },
    /// A service is to serve, and nobody said for which name.
    NoDomain { pair: Pair },
    /// A service is to serve, and there is nothing to serve.
    NoServer { domain: Option<Name>, place: Option<PathBuf> },
    /// A server's certificate will not do.
    Unservable(Box<Unservable>),
}

output::error_of_words!(Error);

impl From<Unservable> for Error {
    fn from(error: Unservable) -> Self {
        Self::Unservable(Box::new(error))
    }
}

impl Error {
    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Domain(_) | Self::NoDomain { .. } => exit_code::USAGE,
            _ => exit_code::TROUBLE,
        }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(error) => write!(f, "{error}"),
            Self::Unreadable(error) => write!(f, "{error}"),
            Self::Archive(error) => write!(f, "{error}"),
            Self::Refused(error) => write!(f, "{error}"),
            Self::Unservable(error) => write!(f, "{error}"),
            Self::Unusable { label, problem } => {
                write!(f, "cannot use {label}: {}\nfix: ", problem)?;
                mend(f, label, problem)
            }
            Self::NoAuthority { label, keys, others } => write!(
                f,
                "cannot use {label}: no CA is in it; it holds {}\n\
                 fix: export it with all certificates of the chain, or name the CA's certificate",
                contents(*keys, others)
            ),
            Self::Nowhere { directory, others } => nowhere(f, directory, others),
            Self::Several { directory, files, has_pair } => several(f, directory, files, *has_pair),
            Self::Half { present, missing } => {
                let (present, missing) = (quote::path(present), quote::path(missing));
                write!(
                    f,
                    "cannot use {present} (from {CUSTOM_CA}): {missing} is not there\n\
                     fix: put {missing} beside it, or move {present} away if nothing is to be served"
                )
            }
            Self::NoDomain { pair } => write!(
                f,
                "cannot serve {} (from {CUSTOM_CA}): --domain is missing\n\
                 fix: say what clients connect to, with --domain NAME",
                quote::path(&pair.certificate)
            ),
            Self::NoServer { domain, place } => no_server(f, domain.as_ref(), place.as_deref()),
        }
    }
}

fn no_server(
    f: &mut fmt::Formatter<'_>,
    domain: Option<&Name>,
    place: Option<&Path>,
) -> fmt::Result {
    let name = domain.map_or_else(|| "NAME".to_owned(), |name| shell(Path::new(&name.to_string())));
    let directory = match place {
        Some(path) if path.is_dir() => {
            let made = if is_there(&path.join(CA_KEY)) {
                format!(", or have them made: `trust-compose certs {name}{}`", out(path))
            } else {
                String::new()
            };
            return write!(
                f,
                "cannot serve from {} (from {CUSTOM_CA}): there is no {SERVER} with its \
                 {SERVER_KEY}\nfix: put both there{made}",
                quote::path(path)
            );
        }
        Some(path) => {
            let path = quote::path(path);
            write!(f, "cannot serve from {path} (from {CUSTOM_CA}): a file is only trusted")?;
            "the directory"
        }
        None => {
            write!(f, "cannot serve (--caddy, --tls): {CUSTOM_CA} is missing")?;
            "a directory"
        }
    };
    write!(
        f,
        "\nfix: give {CUSTOM_CA} {directory} with {CA}, {SERVER} and {SERVER_KEY}, as \
         `trust-compose certs {name}` makes them"
    )
}

fn nowhere(
    f: &mut fmt::Formatter<'_>,
    directory: &Path,
    others: &[(PathBuf, String)],
) -> fmt::Result {
    let directory = quote::path(directory);
    write!(
        f,
        "cannot use {directory} (from {CUSTOM_CA}): it has no {CA} and no other file of CAs"
    )?;
    if !others.is_empty() {
        let files = others.iter().map(|(path, why)| format!("{} ({why})", quote::path(path)));
        write!(f, ": {}", few(&files.collect::<Vec<_>>()))?;
    }
    write!(f, "\nfix: put the CA's certificate there as {CA}, or name its file: `{CUSTOM_CA} FILE`")
}

fn several(
    f: &mut fmt::Formatter<'_>,
    directory: &Path,
    files: &[(PathBuf, String)],
    has_pair: bool,
) -> fmt::Result {
    let listed = files.iter().map(|(path, subjects)| format!("{} ({subjects})", quote::path(path)));
    let options = files.iter().map(|(path, _)| format!("`{CUSTOM_CA} {}`", shell(path)));
    let extra = files.iter().skip(1).map(|(path, _)| format!(" {EXTRA_CA} {}", shell(path)));
    let first = files.first().map(|(path, _)| shell(path)).unwrap_or_default();
    write!(
        f,
        "cannot choose a CA in {} (from {CUSTOM_CA}): it has no {CA} and several files of CAs: {}\n\
         fix: choose one: {}, or all: `{CUSTOM_CA} {first}{}`",
        quote::path(directory),
        listed.collect::<Vec<_>>().join(", "),
        options.collect::<Vec<_>>().join(", "),
        extra.collect::<String>()
    )?;
    if has_pair {
        let usual = directory.join(CA);
        write!(f, "; to serve from there as well, copy it: `cp {first} {}`", shell(&usual))?;
    }
    Ok(())
}

/// What mends a file of CAs on the host.
fn mend(f: &mut fmt::Formatter<'_>, label: &Label, problem: &Problem) -> fmt::Result {
    let path = label.path().map(shell).unwrap_or_default();
    match problem {
        Problem::PrivateKey { line: 0 } => f.write_str("name the CA's certificate, not its key"),
        Problem::PrivateKey { .. } => write!(
            f,
            "keep the key out of what containers see: `openssl x509 -in {path} -out NEW` writes the \
             certificate alone"
        ),
        Problem::Pkcs12 | Problem::OtherBlock { .. } => {
            f.write_str("name a file with nothing but certificates in it")
        }
        Problem::NotForServers { .. } => {
            f.write_str("ask for the plain certificate, or name another CA if it is right")
        }
        Problem::Broken { .. } => f.write_str("copy the file again, whole, from where it came"),
        Problem::NoCertificate { .. } | Problem::EmptyPkcs7 | Problem::Nothing => write!(
            f,
            "see what is in it with `openssl asn1parse -in {path}`, and name the CA's certificate"
        ),
        Problem::Unreadable { .. } => f.write_str(ANEW),
        Problem::Page => f.write_str("download the certificate again, signed in"),
        Problem::Utf16 => write!(f, "convert it: `iconv -f UTF-16 -t UTF-8 {path} > NEW`"),
        Problem::Empty => f.write_str("name the file with the CA's certificate"),
    }
}
