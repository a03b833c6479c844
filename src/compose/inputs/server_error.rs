//! Why a server's certificate will not do, and what mends it.

use std::fmt::{self, Display};

use crate::compose::certs::key;
use crate::compose::inputs::notice::{few, subjects};
use crate::sys::output;
use crate::sys::quote;
use crate::sys::quote::shell;
use crate::trust::certificate::Certificate;
use crate::trust::file_error::Problem;
use crate::trust::source::Label;
use crate::trust::time::Time;

/// Why a server's certificate will not do.
pub enum Unservable {
    /// Its file is broken.
    Unusable { label: Label, problem: Problem },
    /// Its file is in another form than proxies read.
    NotPem(Label),
    /// The key's file holds none that a proxy could read.
    Key { label: Label, problem: key::Problem },
    /// The key belongs to another certificate.
    Mismatch { certificate: Label, key: Label },
    /// Its file is not in order, perhaps because of a certificate that does not belong there.
    Order { label: Label, stranger: Option<String>, command: Option<String> },
    /// None of the CAs that will be trusted stands above the last certificate in its file.
    Unrelated { label: Label, last: Box<Certificate>, authorities: Vec<Certificate>, mend: Mend },
    /// Its validity, or that of a certificate behind it, is over.
    Expired { label: Label, subject: String, on: Time, command: Option<String> },
    /// Its validity, or that of a certificate behind it, has not begun.
    NotYetValid { label: Label, subject: String, on: Time },
    /// It is for other names.
    Uncovered { label: Label, domain: String, names: Vec<String>, command: Option<String> },
}

/// What brings a certificate below the CA.
pub enum Mend {
    /// The command that puts the missing issuer, which lies beside it, into its file.
    Append(String),
    /// The command that makes another one.
    Make(String),
    /// None that is known here.
    Unknown,
}

output::error_of_words!(Unservable);

impl Display for Unservable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable { label, problem } => write!(
                f,
                "cannot serve {label}: {}\n\
                 fix: put the server's certificate there in PEM, and its issuers behind it",
                problem
            ),
            Self::NotPem(label) => write!(
                f,
                "cannot serve {label}: proxies read certificates in PEM (`BEGIN CERTIFICATE`), and \
                 it is in another form\n\
                 fix: put the server's certificate there in PEM, and its issuers behind it"
            ),
            Self::Key { label, problem } => key(f, label, *problem),
            Self::Mismatch { certificate, key } => write!(
                f,
                "cannot serve {certificate}: the key in {key} is not its key\n\
                 fix: put back the two files that belong together"
            ),
            Self::Order { label, stranger, command } => {
                order(f, label, stranger.as_deref(), command.as_deref())
            }
            Self::Unrelated { label, last, authorities, mend } => {
                let (issuer, authorities) = (quote::word(&last.issuer), subjects(authorities));
                write!(
                    f,
                    "cannot serve {label}: {issuer} issued it, and the CA to trust is {authorities}\n\
                     fix: "
                )?;
                match mend {
                    Mend::Append(command) => {
                        write!(f, "put the issuer's certificate behind it: `{command}`")
                    }
                    Mend::Make(command) => write!(f, "have one made below this CA: `{command}`"),
                    Mend::Unknown => write!(
                        f,
                        "put the certificate of {issuer} behind it if this CA signed that, or give \
                         --custom-ca the CA that did"
                    ),
                }
            }
            Self::Expired { label, subject, on, command } => {
                write!(f, "cannot serve {label}: {} expired on {on}\nfix: ", quote::word(subject))?;
                match command {
                    Some(command) => write!(f, "have a new one made: `{command}`"),
                    None => f.write_str("put a new one there"),
                }
            }
            Self::NotYetValid { label, subject, on } => write!(
                f,
                "cannot serve {label}: {} is valid only from {on} on\n\
                 fix: check the clock of this host and of the one that made it",
                quote::word(subject)
            ),
            Self::Uncovered { label, domain, names, command } => {
                let quoted: Vec<_> =
                    names.iter().map(|name| quote::word(name).to_string()).collect();
                let shown = match quoted.as_slice() {
                    [] => "no name at all, and Go, Rust and browsers look at no other field"
                        .to_owned(),
                    quoted => few(quoted),
                };
                write!(
                    f,
                    "cannot serve {label} for {} (from --domain): it is for {shown}",
                    quote::word(domain)
                )?;
                let mut bases = names.iter().filter_map(|name| name.strip_prefix("*."));
                if bases.any(|base| domain.ends_with(base)) {
                    f.write_str("; `*` stands for one part of a name")?;
                }
                match command {
                    Some(command) => write!(f, "\nfix: have the name added: `{command}`"),
                    None => write!(
                        f,
                        "\nfix: have its issuer add the name, or give --domain one that it has"
                    ),
                }
            }
        }
    }
}

fn key(f: &mut fmt::Formatter<'_>, label: &Label, problem: key::Problem) -> fmt::Result {
    let path = label.path().map(shell).unwrap_or_default();
    write!(f, "cannot serve with {label}: ")?;
    match problem {
        key::Problem::Encrypted => write!(
            f,
            "it is encrypted, and no proxy starts without somebody who types its password\n\
             fix: write it without one: `openssl pkey -in {path} -out {path}.new && mv {path}.new \
             {path}`"
        ),
        key::Problem::OpenSsh => write!(
            f,
            "it is in OpenSSH's form, which no proxy reads\n\
             fix: convert it: `ssh-keygen -p -m PKCS8 -N '' -f {path}`"
        ),
        key::Problem::None => {
            f.write_str("there is no private key in PEM in it\nfix: put the key there, in PEM")
        }
        key::Problem::Traditional | key::Problem::Unknown => {
            f.write_str("its key is damaged\nfix: copy it again, whole, from where it came")
        }
    }
}

fn order(
    f: &mut fmt::Formatter<'_>,
    label: &Label,
    stranger: Option<&str>,
    command: Option<&str>,
) -> fmt::Result {
    write!(f, "cannot serve {label}: ")?;
    match stranger {
        None => f.write_str(
            "its certificates are in the wrong order; the server's comes first, then each one's issuer",
        )?,
        Some(stranger) => write!(
            f,
            "{} in it is not among the issuers of the server's certificate",
            quote::word(stranger)
        )?,
    }
    match command {
        Some(command) => write!(f, "\nfix: build the file anew: `{command}`"),
        None => f.write_str(
            "\nfix: build the file anew, the server's certificate first and each one's issuer \
             behind it",
        ),
    }
}
