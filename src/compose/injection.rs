//! The variables and files that make a service trust the custom CAs, for the overlay and for kustomize's
//! patches.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use crate::compose::layout::{BUNDLE, DIRECTORY};
use crate::trust::bundle::Pem;
use crate::trust::keystore::KeyStoreFormat;
use crate::trust::variables::runtimes::Runtime;
use crate::trust::variables::{Pin, TrustFile, TrustVariable, java};

/// A service that will trust the custom CAs.
#[derive(Debug)]
pub struct TrustedService<'a> {
    /// The service's name.
    pub name: &'a str,
    /// Index of the bundle with the service's root certificates.
    pub bundle: usize,
    /// The trust variables to set for the service.
    pub rows: Vec<&'static TrustVariable>,
    /// What the service's trust variables name at present.
    pub pins: Vec<Pin<'a>>,
    /// The configuration of the service's JVM, if it has one.
    pub jvm: Option<JvmConfig>,
    /// The runtimes with settings of their own, each with the present value of its variable.
    pub runtimes: Vec<(Runtime, Option<OsString>)>,
}

/// The trust configuration of a JVM.
#[derive(Debug)]
pub struct JvmConfig {
    /// Contents of the key store.
    pub store: Vec<u8>,
    /// Its format.
    pub format: KeyStoreFormat,
    /// The present value of JAVA_TOOL_OPTIONS.
    pub options: OsString,
}

/// The variables and the files of one service.
#[derive(Debug)]
pub(crate) struct Injection {
    /// The variables with their values, in the order in which they are written.
    pub variables: Vec<(&'static str, String)>,
    /// The files, by their path in the container.
    pub files: BTreeMap<String, InjectedFile>,
}

/// The contents of an injected file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum InjectedFile {
    /// The custom CAs.
    Custom,
    /// The custom CAs and the service's root certificates.
    Bundle,
    /// Contents for this service: `stem` and `ending` form the name of the file on the host.
    Own { stem: &'static str, ending: &'static str, bytes: Vec<u8> },
}

impl Injection {
    /// Plans the variables and files of `trusted`: `custom` are the custom CAs, `bundle` those with its root
    /// certificates, `custom_path` is the path of the custom CAs in the container.
    pub(crate) fn new(
        trusted: &TrustedService<'_>,
        custom: &[Pem<'_>],
        bundle: &[Pem<'_>],
        custom_path: &str,
    ) -> Self {
        let inside = |file: &TrustFile| match file {
            TrustFile::Custom => custom_path.to_owned(),
            TrustFile::Bundle
            | TrustFile::Own(_)
            | TrustFile::TrustStore(_)
            | TrustFile::PhpIni
            | TrustFile::Wgetrc => {
                format!("{DIRECTORY}/{}", file.name())
            }
        };
        let plan = crate::trust::variables::plan(
            trusted.rows.iter().copied(),
            &trusted.pins,
            custom,
            bundle,
        );
        let mut files = BTreeMap::from([
            (custom_path.to_owned(), InjectedFile::Custom),
            (inside(&TrustFile::Bundle), InjectedFile::Bundle),
        ]);
        for (file, certificates) in &plan.files {
            if let TrustFile::Own(variable) = file {
                let bytes = pem_text(certificates);
                files.insert(
                    inside(file),
                    InjectedFile::Own { stem: variable, ending: "crt", bytes },
                );
            }
        }
        let variables = plan.variables.iter().map(|(row, file)| (row.name, inside(file)));
        let mut variables: Vec<_> = variables.collect();
        let mut set = |name, value: &OsStr| variables.push((name, value.to_string_lossy().into()));
        if let Some(JvmConfig { store, format, options }) = &trusted.jvm {
            let path = inside(&TrustFile::TrustStore(*format));
            set(java::JAVA_TOOL_OPTIONS, &java::add_trust_store(options, path.as_ref(), *format));
            let (stem, ending, bytes) = ("truststore", format.ending(), store.clone());
            files.insert(path, InjectedFile::Own { stem, ending, bytes });
        }
        for (runtime, before) in &trusted.runtimes {
            let mut path = BUNDLE.to_owned();
            if let Ok(Some((file, settings))) = runtime.file(path.as_ref()) {
                path = inside(&file);
                let (stem, ending, bytes) = ("settings", "conf", settings.into_bytes());
                files.insert(path.clone(), InjectedFile::Own { stem, ending, bytes });
            }
            set(runtime.variable(), &runtime.value(before.clone(), path.as_ref()));
        }
        Self { variables, files }
    }
}

/// Returns certificates as PEM text.
pub(crate) fn pem_text(certificates: &[Pem<'_>]) -> Vec<u8> {
    certificates.iter().flat_map(Pem::text).copied().collect()
}
