//! JAVA_TOOL_OPTIONS: every JVM reads it (and prints that it does); trust-init appends options to it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use crate::sys::diagnostic::{Diagnostic, owned_into_diagnostic};
use crate::sys::environment::Environment;
use crate::sys::quote;
use crate::trust::jvm::TrustStoreError;
use crate::trust::keystore::{KeyStoreError, KeyStoreFormat, PASSWORD};

/// The variable (<https://docs.oracle.com/en/java/javase/21/docs/specs/jvmti.html#tooloptions>).
pub const JAVA_TOOL_OPTIONS: &str = "JAVA_TOOL_OPTIONS";

/// The property that names a trust store; those for its type and its password have it as a prefix
/// (<https://docs.oracle.com/en/java/javase/21/security/java-secure-socket-extension-jsse-reference-guide.html>).
pub const PROPERTY: &str = "-Djavax.net.ssl.trustStore";

/// Why Java programs do not trust the custom CAs.
#[derive(Debug)]
pub enum JavaWarning {
    /// A variable or an argument names a trust store already.
    Named(String),
    /// A JVM's own trust store cannot be read.
    Unreadable { path: PathBuf, error: TrustStoreError },
}

owned_into_diagnostic!(JavaWarning);

impl From<&JavaWarning> for Diagnostic {
    fn from(warning: &JavaWarning) -> Self {
        match warning {
            JavaWarning::Named(place) => Self::statement(format!(
                "{place} names a trust store for Java, which trust-init does not change: it may lack \
                 the custom CAs"
            ))
            .advise(format!(
                "remove that option, or add each CA to that store: keytool -importcert -noprompt \
                 -file CA.crt -alias custom-ca -keystore STORE -storepass {PASSWORD}"
            )),
            JavaWarning::Unreadable { path, error } => {
                let statement = Self::statement(format!(
                    "{} is not read, so Java programs do not trust the custom CAs: {error}",
                    quote::path(path)
                ));
                let statement = if matches!(error, TrustStoreError::Format(KeyStoreError::Encrypted)) {
                    let path = quote::shell(path);
                    statement.advise(format!(
                        "convert it in the image: keytool -importkeystore -noprompt -srckeystore {path} \
                         -srcstorepass {PASSWORD} -destkeystore cacerts.jks -deststoretype JKS \
                         -deststorepass {PASSWORD} && mv cacerts.jks {path}"
                    ))
                } else {
                    statement
                };
                statement.advise(
                    "set JAVA_HOME to a JVM with a `cacerts` of its own, or TRUST_INIT_JAVA=off",
                )
            }
        }
    }
}

/// Splits a value of JAVA_TOOL_OPTIONS into its own options and the trust store in those that
/// [`add_trust_store`] appended; `None` if it appended none.
pub fn split_added(value: &OsStr) -> Option<(&OsStr, PathBuf)> {
    let formats = [KeyStoreFormat::Jks, KeyStoreFormat::Pkcs12];
    let rest = formats
        .iter()
        .find_map(|format| value.as_bytes().strip_suffix(suffix(*format).as_bytes()))?;
    let at = memchr::memmem::rfind(rest, format!("{PROPERTY}=").as_bytes())?;
    let (before, option) = rest.split_at_checked(at)?;
    let path = option.get(PROPERTY.len() + 1..)?.iter().copied();
    let path: Vec<_> = path.filter(|byte| *byte != b'"').collect();
    let before = before.strip_suffix(b" ").unwrap_or(before);
    Some((OsStr::from_bytes(before), OsString::from_vec(path).into()))
}

/// Returns the options after the path that [`add_trust_store`] appends. A PKCS#12 has no password: a JVM opens
/// it as it opens its own, and some providers refuse a password for it.
fn suffix(format: KeyStoreFormat) -> String {
    let kind = format!(" {PROPERTY}Type={}", format.name());
    match format {
        KeyStoreFormat::Jks => format!("{kind} {PROPERTY}Password={PASSWORD}"),
        KeyStoreFormat::Pkcs12 => kind,
    }
}

/// Returns the value of JAVA_TOOL_OPTIONS without the options that trust-init appended.
///
/// # Errors
/// When a variable or an argument names a trust store already.
pub fn own_options<'a>(
    environment: &'a Environment,
    program: &[OsString],
    is_ours: impl Fn(&Path) -> bool,
) -> Result<&'a OsStr, JavaWarning> {
    let has = |text: &OsStr| memchr::memmem::find(text.as_bytes(), PROPERTY.as_bytes()).is_some();
    let value = environment.get(JAVA_TOOL_OPTIONS).unwrap_or_default();
    let value =
        split_added(value).filter(|(_, path)| is_ours(path)).map_or(value, |(rest, _)| rest);
    for (name, other) in environment.pairs() {
        if has(if name == JAVA_TOOL_OPTIONS { value } else { other }) {
            return Err(JavaWarning::Named(quote::word(name).to_string()));
        }
    }
    match program.iter().find(|argument| has(argument)) {
        Some(argument) => {
            Err(JavaWarning::Named(format!("the argument {}", quote::word(argument))))
        }
        None => Ok(value),
    }
}

/// Returns `value` with the options for the trust store at `path`, in that format, appended.
pub fn add_trust_store(value: &OsStr, path: &Path, format: KeyStoreFormat) -> OsString {
    let mut options = value.as_bytes().to_vec();
    if !options.is_empty() {
        options.push(b' ');
    }
    options.extend(PROPERTY.bytes());
    options.push(b'=');
    // A JVM removes quotes anywhere in a word, and has no other way to write a space.
    let path = path.as_os_str().as_bytes();
    if path.iter().any(u8::is_ascii_whitespace) {
        options.extend([b"\"", path, b"\""].concat());
    } else {
        options.extend(path);
    }
    options.extend(suffix(format).bytes());
    OsString::from_vec(options)
}
