//! THE table of trust variables, and what becomes of each.
//!
//! A variable's readers trust afterwards what they trusted before, plus the custom CAs, and
//! nothing else. So before anything is set, each row is asked what its readers trust *now*: the
//! file the user named in it; else the file its readers fall back to (curl without
//! CURL_CA_BUNDLE looks at SSL_CERT_FILE: setting CURL_CA_BUNDLE to the merged bundle would hand
//! a pinned curl all public roots); else the image's roots. From that follows which file the
//! variable must name. This module decides and touches nothing; `publish` makes the files.

pub mod java;
mod pin;
mod process;
mod warning;

use std::ffi::OsStr;
use std::fmt::{self, Display, Write as _};

pub use self::pin::{Found, Pin, pins};
pub use self::process::Environment;
pub use self::warning::{Warning, warnings};
use crate::merge::{self, Pem};

/// What a variable's file must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Points {
    /// Everything: its readers trust this file *instead of* what they trusted before.
    Bundle,
    /// The custom CAs alone: its readers *add* this file to what they trust.
    Custom,
    /// The custom CAs and the roots that the JVM brings, as a key store.
    TrustStore,
}

impl Points {
    /// What that is.
    pub fn words(self) -> &'static str {
        match self {
            Self::Bundle => "custom CAs and roots",
            Self::Custom => "custom CAs",
            Self::TrustStore => "custom CAs and the JVM's roots, as a key store",
        }
    }
}

/// When a variable is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Always.
    Set,
    /// Only under this option; otherwise it stays exactly as it was found, set or unset.
    LeftAloneUnless(&'static str),
    /// Where a JVM is: behind what it says already.
    Added,
}

impl Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set => f.write_str("set"),
            Self::LeftAloneUnless(option) => write!(f, "left alone unless {option}"),
            Self::Added => f.write_str("added to, where a JVM is found"),
        }
    }
}

/// One trust variable.
#[derive(Debug)]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// Who reads it.
    pub readers: &'static str,
    /// What its file holds.
    pub points: Points,
    /// When it is set.
    pub rule: Rule,
    /// Which variables its readers look at where this one is not set, first match first.
    pub falls_back_to: &'static [&'static str],
    /// Where that is written.
    pub source: &'static str,
}

/// Every trust variable there is for us. What is not here is not touched, and SSL_CERT_DIR,
/// NODE_OPTIONS, PGSSLROOTCERT and the like are not here on purpose: ARCHITECTURE.md says why.
pub const TABLE: &[Row] = &[
    Row {
        name: "SSL_CERT_FILE",
        readers: "OpenSSL (Python ssl, httpx, aiohttp, Ruby, PHP streams), curl, Go, rustls-native-certs, .NET",
        points: Points::Bundle,
        rule: Rule::Set,
        falls_back_to: &["SSL_CERT_DIR"],
        source: "https://docs.openssl.org/3.0/man3/SSL_CTX_load_verify_locations/",
    },
    Row {
        name: "REQUESTS_CA_BUNDLE",
        readers: "Python requests, botocore, Azure and Google SDKs on requests",
        points: Points::Bundle,
        rule: Rule::Set,
        falls_back_to: &["CURL_CA_BUNDLE"],
        source: "https://requests.readthedocs.io/en/latest/user/advanced/#ssl-cert-verification",
    },
    Row {
        name: "CURL_CA_BUNDLE",
        readers: "the curl program, R",
        points: Points::Bundle,
        rule: Rule::Set,
        falls_back_to: &["SSL_CERT_FILE", "SSL_CERT_DIR"],
        source: "https://curl.se/docs/manpage.html#--cacert",
    },
    Row {
        name: "GIT_SSL_CAINFO",
        readers: "git, also where it is built with GnuTLS",
        points: Points::Bundle,
        rule: Rule::Set,
        falls_back_to: &[],
        source: "https://git-scm.com/docs/git-config#Documentation/git-config.txt-httpsslCAInfo",
    },
    Row {
        name: "AWS_CA_BUNDLE",
        readers: "aws-cli, boto3, AWS SDKs",
        points: Points::Bundle,
        rule: Rule::Set,
        falls_back_to: &["REQUESTS_CA_BUNDLE"],
        source: "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html",
    },
    Row {
        name: "PIP_CERT",
        readers: "pip",
        points: Points::Bundle,
        rule: Rule::Set,
        falls_back_to: &["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"],
        source: "https://pip.pypa.io/en/stable/cli/pip/#cmdoption-cert",
    },
    Row {
        name: "HTTPLIB2_CA_CERTS",
        readers: "Python httplib2 (older Google clients)",
        points: Points::Bundle,
        rule: Rule::Set,
        falls_back_to: &[],
        source: "https://github.com/httplib2/httplib2/blob/master/python3/httplib2/certs.py",
    },
    Row {
        name: "PERL_LWP_SSL_CA_FILE",
        readers: "Perl LWP",
        points: Points::Bundle,
        rule: Rule::Set,
        falls_back_to: &["SSL_CERT_FILE", "SSL_CERT_DIR"],
        source: "https://metacpan.org/pod/LWP::UserAgent#SSL_ca_file",
    },
    Row {
        name: "NODE_EXTRA_CA_CERTS",
        readers: "Node.js, npm, grpc-js",
        points: Points::Custom,
        rule: Rule::Set,
        falls_back_to: &[],
        source: "https://nodejs.org/api/cli.html#node_extra_ca_certsfile",
    },
    Row {
        name: "DENO_CERT",
        readers: "Deno",
        points: Points::Custom,
        rule: Rule::Set,
        falls_back_to: &[],
        source: "https://docs.deno.com/runtime/reference/env_variables/",
    },
    Row {
        name: java::JAVA_TOOL_OPTIONS,
        readers: "every JVM",
        points: Points::TrustStore,
        rule: Rule::Added,
        falls_back_to: &[],
        source: "https://docs.oracle.com/en/java/javase/21/docs/specs/jvmti.html#tooloptions",
    },
    Row {
        name: "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
        readers: "gRPC C core (grpcio)",
        points: Points::Bundle,
        rule: Rule::LeftAloneUnless("--grpc-roots"),
        falls_back_to: &[],
        source: "https://github.com/grpc/grpc/blob/master/doc/environment_variables.md",
    },
];

/// Which file a variable is to name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum File {
    /// The custom CAs and the roots.
    Bundle,
    /// The custom CAs.
    Custom,
    /// What the user pinned, and the custom CAs; the name is that of the first such variable.
    Own(&'static str),
    /// The custom CAs and a JVM's roots, as a key store.
    TrustStore,
}

impl File {
    /// The file's name in a directory of ours.
    pub fn name(&self) -> String {
        match self {
            Self::Bundle => "ca-bundle.crt".to_owned(),
            Self::Custom => "custom-ca.crt".to_owned(),
            Self::Own(variable) => format!("{variable}.crt"),
            Self::TrustStore => "truststore.jks".to_owned(),
        }
    }
}

/// Which variables to set, and what the files that they name must hold.
#[derive(Debug, Default)]
pub struct Plan<'a> {
    /// A variable and its file; those that stay as they are do not appear.
    pub variables: Vec<(&'static Row, File)>,
    /// Each file once.
    pub files: Vec<(File, Vec<Pem<'a>>)>,
}

/// The rows in force that say where a file is and nothing else.
pub fn rows(grpc_roots: bool) -> impl Iterator<Item = &'static Row> {
    TABLE.iter().filter(move |row| match row.rule {
        Rule::Set => true,
        Rule::LeftAloneUnless(_) => grpc_roots,
        Rule::Added => false,
    })
}

/// Decides for each row in force which file it names: none if what the user named there holds
/// all custom CAs already, a file of its own if the user pinned something else than the bundle
/// would hold, else the bundle.
pub fn plan<'a>(
    rows: impl Iterator<Item = &'static Row>,
    pins: &'a [Pin<'_>],
    custom: &'a [Pem<'_>],
    bundle: &'a [Pem<'_>],
) -> Plan<'a> {
    let mut plan = Plan::default();
    for row in rows {
        let (whole, certificates) = match row.points {
            Points::Bundle => (File::Bundle, bundle),
            Points::Custom => (File::Custom, custom),
            Points::TrustStore => continue,
        };
        let Some(pin) = pins.iter().find(|pin| pin.row.name == row.name) else {
            plan.set(row, whole, certificates.iter().map(Pem::borrow));
            continue;
        };
        // What is not known from here is left as it is: no reader is to lose or gain by a guess.
        let Some(anchors) = &pin.anchors else { continue };
        let before = &anchors.certificates;
        let is_readable = pin.variable == row.name && anchors.tidy;
        if is_readable && merge::set(before).is_superset(&merge::set(custom)) {
            continue;
        }
        let after = merge::bundle(&[custom, before]).certificates;
        let file = if merge::set(&after) == merge::set(certificates) {
            whole
        } else {
            let same = plan.files.iter().find(|(_, held)| *held == after);
            same.map_or(File::Own(row.name), |(file, _)| file.clone())
        };
        plan.set(row, file, after.into_iter());
    }
    plan
}

impl<'a> Plan<'a> {
    fn set(&mut self, row: &'static Row, file: File, certificates: impl Iterator<Item = Pem<'a>>) {
        if !self.files.iter().any(|(other, _)| *other == file) {
            self.files.push((file.clone(), certificates.collect()));
        }
        self.variables.push((row, file));
    }
}

/// The variables of the table that are set, and their values.
pub fn trust_variables(environment: &Environment) -> impl Iterator<Item = (&'static str, &OsStr)> {
    TABLE.iter().filter_map(|row| Some((row.name, environment.get(row.name)?)))
}

/// The table as text, for `--list-variables`.
pub fn listing() -> String {
    let mut text = String::new();
    for row in TABLE {
        let Row { name, readers, points, rule, source, .. } = row;
        let points = points.words();
        let _ = writeln!(
            text,
            "{name}\n    rule    {rule}\n    names   a file of the {points}\n    \
             readers {readers}\n    source  {source}"
        );
    }
    text
}
