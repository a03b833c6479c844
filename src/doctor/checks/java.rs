//! A JVM, whose programs read none of the files that variables name: whether its key store has the CAs.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::doctor::checks::custom_cas::Authority;
use crate::doctor::process::Patient;
use crate::sys::finding::Finding;
use crate::sys::output;
use crate::sys::quote;
use crate::trust::bundle::Pem;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::lints::FOR_JAVA;
use crate::trust::jvm::{self, Store, StoreError};
use crate::trust::keystore;
use crate::trust::variables::java::{JAVA_TOOL_OPTIONS, PROPERTY};

/// What else a JVM takes options from
/// (<https://docs.oracle.com/en/java/javase/21/docs/specs/man/java.html#using-the-jdk_java_options-launcher-environment-variable>).
const OPTIONS: [&str; 2] = [JAVA_TOOL_OPTIONS, "JDK_JAVA_OPTIONS"];

/// How it is told to trust, where nothing has told it.
const FIX: &str = "run trust-compose setup again, or let trust-init do it: TRUST_INIT_JAVA=on";

/// What is to be said of the JVM that programs would use, if there is one.
pub fn look(patient: &Patient, custom: &[Authority]) -> Vec<Finding> {
    let environment = &patient.environment;
    let options = OPTIONS.iter().filter_map(|name| environment.get(name));
    // An argument comes last, and wins.
    let words = patient.words.iter().map(OsString::as_os_str);
    if let Some(path) = options.chain(words).filter_map(named).next_back() {
        let store = Store { bytes: patient.read(&path), path };
        return told(patient, store, custom, true);
    }
    let program = patient.program().map(PathBuf::into_os_string);
    let Some(store) = jvm::store(patient, environment, program.as_ref(), |_| false) else {
        return Vec::new();
    };
    let is_off = environment.get("TRUST_INIT_JAVA") == Some(OsStr::new("off"));
    if is_off || custom.is_empty() {
        return Vec::new();
    }
    told(patient, store, custom, false)
}

/// The trust store that options name. A JVM takes away quotes wherever they stand.
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

/// Whether that trust store has the CAs.
fn told(patient: &Patient, store: Store, custom: &[Authority], is_named: bool) -> Vec<Finding> {
    let why = if is_named { "the options name it" } else { "a JVM reads it" };
    let path = store.path.clone();
    let thing = quote::path(&path);
    let problem = match store.certificates() {
        Ok(trusted) => return compare(patient, &thing, &trusted, custom, why),
        // The options have its password as well.
        Err(StoreError::Format(keystore::Problem::Encrypted)) if is_named => return Vec::new(),
        Err(StoreError::Format(problem)) => problem.to_string(),
        Err(StoreError::File(problem)) => format!("it cannot be read: {problem}"),
    };
    let cause = format!("{why}, and {problem}; all TLS of Java fails");
    vec![Finding::error("java-truststore-unusable", &thing, cause, FIX)]
}

/// Whether `trusted`, the contents of that trust store, has the CAs.
fn compare(
    patient: &Patient,
    thing: &quote::Quoted<'_>,
    trusted: &[Pem<'_>],
    custom: &[Authority],
    why: &str,
) -> Vec<Finding> {
    let trusted: BTreeSet<_> = trusted.iter().map(Pem::text).collect();
    let holds = |ca: &Authority| trusted.contains(ca.certificate.pem.text());
    let is_readable = |ca: &&Authority| ca.certificate.java_flaw.is_none();
    let unreadable = custom.iter().filter(|ca| !is_readable(ca));
    let mut findings: Vec<_> =
        unreadable.map(|ca| unreadable_ca(thing, &ca.certificate, holds(ca))).collect();
    match custom.iter().filter(is_readable).find(|ca| !holds(ca)) {
        // With a CA that Java cannot read, what is said of that is enough.
        None if !findings.is_empty() => {}
        None => {
            let count = output::count(trusted.len(), "certificate");
            findings.push(Finding::ok("java", thing, format!("{count}, for every JVM")));
        }
        Some(ca) => {
            let subject = quote::word(&ca.certificate.subject);
            let cause = format!(
                "{why}, and it has not {subject}: no program in Java trusts it (PKIX path building \
                 failed)"
            );
            let options =
                OPTIONS.iter().find(|name| patient.environment.get(name).and_then(named).is_some());
            let fix = match options {
                Some(name) => format!("take {PROPERTY} out of {name}, and {FIX}"),
                None => FIX.to_owned(),
            };
            findings.push(Finding::warning("java-untrusted", thing, cause, fix));
        }
    }
    findings
}

/// A CA that Java cannot read: beside the key store nothing in Java trusts it, in it the store is lost.
fn unreadable_ca(thing: &impl ToString, ca: &Certificate, is_in_store: bool) -> Finding {
    let (subject, flaw) = (quote::word(&ca.subject), ca.java_flaw.unwrap_or_default());
    let cause = if is_in_store {
        format!(
            "it contains {subject}, which not every JVM can read ({flaw}): a JVM that cannot refuses \
             the whole key store, and all TLS of Java fails"
        )
    } else {
        format!(
            "it does not contain {subject}, which not every JVM can read ({flaw}): no program in Java \
             trusts that CA"
        )
    };
    Finding::warning("java-ca-unreadable", thing, cause, FOR_JAVA)
}
