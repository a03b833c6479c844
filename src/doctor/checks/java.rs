//! The key store of a JVM, whose programs read none of the files that trust variables name: whether it
//! contains the custom CAs.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::doctor::checks::custom_cas::CustomCa;
use crate::doctor::process::TargetProcess;
use crate::sys::finding::Finding;
use crate::sys::output;
use crate::sys::quote;
use crate::trust::bundle::Pem;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::lints::FOR_JAVA;
use crate::trust::jvm::{self, JvmTrustStore, TrustStoreError};
use crate::trust::keystore;
use crate::trust::variables::java::{JAVA_TOOL_OPTIONS, PROPERTY};

/// The variables that a JVM takes options from
/// (<https://docs.oracle.com/en/java/javase/21/docs/specs/man/java.html#using-the-jdk_java_options-launcher-environment-variable>).
const OPTIONS: [&str; 2] = [JAVA_TOOL_OPTIONS, "JDK_JAVA_OPTIONS"];

/// The fix for a JVM that does not trust the CAs.
const FIX: &str = "run setup again with the image on this machine, or let trust-init configure Java: TRUST_INIT_JAVA=on";

/// Checks the key store that options name, else that of the JVM that programs would use, if there is one.
pub(crate) fn check(process: &TargetProcess, custom: &[CustomCa]) -> Vec<Finding> {
    let environment = &process.environment;
    let options = OPTIONS.iter().filter_map(|name| environment.get(name));
    // Arguments come last, and override.
    let arguments = process.arguments.iter().map(OsString::as_os_str);
    if let Some(path) = options.chain(arguments).filter_map(named).next_back() {
        let store = JvmTrustStore { bytes: process.read(&path), path };
        return check_store(process, store, custom, true);
    }
    let program = process.program().map(PathBuf::into_os_string);
    let Some(store) = jvm::find_trust_store(process, environment, program.as_ref(), |_| false)
    else {
        return Vec::new();
    };
    let is_off = environment.get("TRUST_INIT_JAVA") == Some(OsStr::new("off"));
    if is_off || custom.is_empty() {
        return Vec::new();
    }
    check_store(process, store, custom, false)
}

/// Returns the trust store that options name. A JVM removes quotes anywhere in a word.
fn named(options: &OsStr) -> Option<PathBuf> {
    let (_, rest) = options.to_str()?.split_once(&format!("{PROPERTY}="))?;
    let mut is_quoted = false;
    let mut path = String::new();
    for c in rest.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            c if c.is_whitespace() && !is_quoted => break,
            c => path.push(c),
        }
    }
    Some(path.into())
}

/// Checks that the key store contains the CAs. `is_named`: options name it.
fn check_store(
    process: &TargetProcess,
    store: JvmTrustStore,
    custom: &[CustomCa],
    is_named: bool,
) -> Vec<Finding> {
    let reason = if is_named { "the options name it" } else { "a JVM reads it" };
    let name = quote::path(&store.path).to_string();
    let problem = match store.certificates() {
        Ok(trusted) => return compare(process, &name, &trusted, custom, reason),
        // The options contain its password as well.
        Err(TrustStoreError::Format(keystore::KeyStoreError::Encrypted)) if is_named => {
            return Vec::new();
        }
        Err(TrustStoreError::Format(problem)) => problem.to_string(),
        Err(TrustStoreError::File(problem)) => format!("it cannot be read: {problem}"),
    };
    let cause = format!("{reason}, and {problem}; all TLS of Java fails");
    vec![Finding::error("java-truststore-unusable", &name, cause, FIX)]
}

/// Checks that `trusted`, the contents of the key store, contain the CAs.
fn compare(
    process: &TargetProcess,
    store: &str,
    trusted: &[Pem<'_>],
    custom: &[CustomCa],
    reason: &str,
) -> Vec<Finding> {
    let trusted: BTreeSet<_> = trusted.iter().map(Pem::text).collect();
    let contains = |ca: &CustomCa| trusted.contains(ca.certificate.pem.text());
    let is_readable = |ca: &&CustomCa| ca.certificate.java_flaw.is_none();
    let unreadable = custom.iter().filter(|ca| !is_readable(ca));
    let mut findings: Vec<_> =
        unreadable.map(|ca| unreadable_ca(store, &ca.certificate, contains(ca))).collect();
    match custom.iter().filter(is_readable).find(|ca| !contains(ca)) {
        // A CA that Java cannot read has been reported.
        None if !findings.is_empty() => {}
        None => {
            let count = output::count(trusted.len(), "certificate");
            findings.push(Finding::ok("java", store, format!("{count}, for every JVM")));
        }
        Some(ca) => {
            let subject = quote::word(&ca.certificate.subject);
            let cause = format!(
                "{reason}, and it does not contain {subject}: no Java program trusts it (PKIX path building \
                 failed)"
            );
            let options =
                OPTIONS.iter().find(|name| process.environment.get(name).and_then(named).is_some());
            let fix = match options {
                Some(name) => format!("remove {PROPERTY} from {name}, and {FIX}"),
                None => FIX.to_owned(),
            };
            findings.push(Finding::warning("java-untrusted", store, cause, fix));
        }
    }
    findings
}

/// Reports a CA that Java cannot read. Without it in the key store, no Java program trusts it; with it, a
/// JVM refuses the whole store.
fn unreadable_ca(store: &str, ca: &Certificate, is_in_store: bool) -> Finding {
    let (subject, flaw) = (quote::word(&ca.subject), ca.java_flaw.unwrap_or_default());
    let cause = if is_in_store {
        format!(
            "it contains {subject}, which not every JVM can read ({flaw}): a JVM that cannot refuses \
             the whole key store, and all TLS of Java fails"
        )
    } else {
        format!(
            "it does not contain {subject}, which not every JVM can read ({flaw}): no Java program \
             trusts that CA"
        )
    };
    Finding::warning("java-ca-unreadable", store, cause, FOR_JAVA)
}
