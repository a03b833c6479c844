//! The variables and files that a trusting service gets: the same in an overlay of Compose and in a patch of
//! Kubernetes.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use crate::compose::layout::{BUNDLE, DIRECTORY};
use crate::trust::bundle::Pem;
use crate::trust::variables::runtimes::Runtime;
use crate::trust::variables::{File, Pin, Row, java};

/// A service that will trust.
#[derive(Debug)]
pub struct TrustedService<'a> {
    /// Its name.
    pub name: &'a str,
    /// Which of the bundles is that of its image.
    pub bundle: usize,
    /// The rows in force there.
    pub rows: Vec<&'static Row>,
    /// What its variables name at present.
    pub pins: Vec<Pin<'a>>,
    /// The configuration of its JVM, if it has one that is to trust.
    pub jvm: Option<Jvm>,
    /// The runtimes with settings of their own, and what their variables contain besides.
    pub runtimes: Vec<(Runtime, Option<OsString>)>,
}

/// The configuration of a JVM.
#[derive(Debug)]
pub struct Jvm {
    /// Its key store.
    pub store: Vec<u8>,
    /// What JAVA_TOOL_OPTIONS says besides.
    pub options: OsString,
}

/// The variables and the files of one service.
#[derive(Debug)]
pub(crate) struct Injection {
    /// Each variable and its value, in their order.
    pub variables: Vec<(&'static str, String)>,
    /// Each file, by its path in the container.
    pub files: BTreeMap<String, InjectedFile>,
}

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum InjectedFile {
    /// The custom CAs.
    Custom,
    /// Those and the roots of the service.
    Bundle,
    /// Something of its own: what names of such files begin and end with, and the contents.
    Own { stem: &'static str, ending: &'static str, bytes: Vec<u8> },
}

impl Injection {
    /// What `trusted` is given, where `custom` are the custom CAs, `bundle` those and its roots, and the
    /// custom CAs lie at `place` in the container.
    pub(crate) fn new(
        trusted: &TrustedService<'_>,
        custom: &[Pem<'_>],
        bundle: &[Pem<'_>],
        place: &str,
    ) -> Self {
        let inside = |file: &File| match file {
            File::Custom => place.to_owned(),
            File::Bundle | File::Own(_) | File::TrustStore | File::PhpIni | File::Wgetrc => {
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
            (place.to_owned(), InjectedFile::Custom),
            (inside(&File::Bundle), InjectedFile::Bundle),
        ]);
        for (file, certificates) in &plan.files {
            if let File::Own(variable) = file {
                let bytes = pem_text(certificates);
                files.insert(
                    inside(file),
                    InjectedFile::Own { stem: variable, ending: "crt", bytes },
                );
            }
        }
        let variables = plan.variables.iter().map(|(row, file)| (row.name, inside(file)));
        let mut variables: Vec<_> = variables.collect();
        let mut tell = |name, value: &OsStr| variables.push((name, value.to_string_lossy().into()));
        if let Some(Jvm { store, options }) = &trusted.jvm {
            let path = inside(&File::TrustStore);
            tell(java::JAVA_TOOL_OPTIONS, &java::with(options, path.as_ref()));
            let (stem, ending, bytes) = ("truststore", "jks", store.clone());
            files.insert(path, InjectedFile::Own { stem, ending, bytes });
        }
        for (runtime, before) in &trusted.runtimes {
            let mut path = BUNDLE.to_owned();
            if let Ok(Some((file, settings))) = runtime.file(path.as_ref()) {
                path = inside(&file);
                let (stem, ending, bytes) = ("settings", "conf", settings.into_bytes());
                files.insert(path.clone(), InjectedFile::Own { stem, ending, bytes });
            }
            tell(runtime.variable(), &runtime.value(before.clone(), path.as_ref()));
        }
        Self { variables, files }
    }
}

/// The text of a bundle.
pub(crate) fn pem_text(certificates: &[Pem<'_>]) -> Vec<u8> {
    certificates.iter().flat_map(Pem::text).copied().collect()
}
