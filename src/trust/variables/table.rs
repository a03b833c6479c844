//! THE table of trust variables. To add a runtime, add a row; CONTRIBUTING.md says how it is proved.

use std::fmt::{self, Display};

use crate::trust::variables::java::JAVA_TOOL_OPTIONS;

/// What a variable's file must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Points {
    /// Everything: its readers trust this file *instead of* what they trusted before.
    Bundle,
    /// The custom CAs alone: its readers *add* this file to what they trust.
    Custom,
    /// The custom CAs and the roots that the JVM brings, as a key store.
    TrustStore,
    /// The bundle, in the words of a runtime's own settings.
    Settings,
}

impl Points {
    /// What that is.
    pub fn words(self) -> &'static str {
        match self {
            Self::Bundle => "custom CAs and roots",
            Self::Custom => "custom CAs",
            Self::TrustStore => "custom CAs and the JVM's roots, as a key store",
            Self::Settings => "settings that name the bundle",
        }
    }
}

/// When a variable is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Always.
    Set,
    /// Where it is set already: its readers look at the others first, or at nothing else.
    WhereSet,
    /// Only under this option; otherwise it stays exactly as it was found, set or unset.
    LeftAloneUnless(&'static str),
    /// Where a JVM is: behind what it says already.
    Added,
}

impl Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set => f.write_str("set"),
            Self::WhereSet => f.write_str("changed where it is set already"),
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
/// NODE_OPTIONS, PGSSLROOTCERT and the like are not here on purpose: docs/internals/decisions says why.
pub const TABLE: &[Row] = &[
    Row {
        name: "SSL_CERT_FILE",
        readers: "OpenSSL (Python ssl, httpx, aiohttp, uv, Ruby and Bundler, PHP streams and Composer, Julia), \
                  curl, Go (Helm, Terraform), Rust (native-tls, rustls-native-certs), .NET",
        points: Points::Bundle,
        rule: Rule::Set,
        falls_back_to: &["SSL_CERT_DIR"],
        source: "https://docs.openssl.org/3.0/man3/SSL_CTX_load_verify_locations/",
    },
    Row {
        name: "REQUESTS_CA_BUNDLE",
        readers: "Python requests, botocore, conda, gcloud, Azure and Google SDKs on requests",
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
        name: "SYSTEM_CERTIFICATE_PATH",
        readers: "Haskell (crypton-x509-system)",
        points: Points::Bundle,
        rule: Rule::Set,
        falls_back_to: &[],
        source: "https://hackage.haskell.org/package/crypton-x509-system",
    },
    Row {
        name: "NODE_EXTRA_CA_CERTS",
        readers: "Node.js, npm, yarn, pnpm, grpc-js, Bun",
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
        name: "CARGO_HTTP_CAINFO",
        readers: "cargo",
        points: Points::Bundle,
        rule: Rule::WhereSet,
        falls_back_to: &[],
        source: "https://doc.rust-lang.org/cargo/reference/config.html#httpcainfo",
    },
    Row {
        name: "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
        readers: "gcloud",
        points: Points::Bundle,
        rule: Rule::WhereSet,
        falls_back_to: &[],
        source: "https://cloud.google.com/sdk/docs/proxy-settings",
    },
    Row {
        name: "NIX_SSL_CERT_FILE",
        readers: "Nix, and what nixpkgs builds (curl, git, OpenSSL)",
        points: Points::Bundle,
        rule: Rule::WhereSet,
        falls_back_to: &[],
        source: "https://nix.dev/manual/nix/stable/installation/env-variables",
    },
    Row {
        name: "JULIA_SSL_CA_ROOTS_PATH",
        readers: "Julia",
        points: Points::Bundle,
        rule: Rule::WhereSet,
        falls_back_to: &[],
        source: "https://docs.julialang.org/en/v1/stdlib/NetworkOptions/",
    },
    Row {
        name: "BUNDLE_SSL_CA_CERT",
        readers: "Ruby's Bundler",
        points: Points::Bundle,
        rule: Rule::WhereSet,
        falls_back_to: &[],
        source: "https://bundler.io/man/bundle-config.1.html",
    },
    Row {
        name: "npm_config_cafile",
        readers: "npm",
        points: Points::Bundle,
        rule: Rule::WhereSet,
        falls_back_to: &[],
        source: "https://docs.npmjs.com/cli/v11/using-npm/config#cafile",
    },
    Row {
        name: "NPM_CONFIG_CAFILE",
        readers: "npm",
        points: Points::Bundle,
        rule: Rule::WhereSet,
        falls_back_to: &[],
        source: "https://docs.npmjs.com/cli/v11/using-npm/config#environment-variables",
    },
    Row {
        name: "HEX_CACERTS_PATH",
        readers: "Elixir's mix hex",
        points: Points::Bundle,
        rule: Rule::WhereSet,
        falls_back_to: &[],
        source: "https://hexdocs.pm/hex/Mix.Tasks.Hex.Config.html",
    },
    Row {
        name: "WEBSOCKET_CLIENT_CA_BUNDLE",
        readers: "Python websocket-client",
        points: Points::Bundle,
        rule: Rule::WhereSet,
        falls_back_to: &[],
        source: "https://github.com/websocket-client/websocket-client/blob/master/websocket/_http.py",
    },
    Row {
        name: JAVA_TOOL_OPTIONS,
        readers: "every JVM",
        points: Points::TrustStore,
        rule: Rule::Added,
        falls_back_to: &[],
        source: "https://docs.oracle.com/en/java/javase/21/docs/specs/jvmti.html#tooloptions",
    },
    Row {
        name: "PHP_INI_SCAN_DIR",
        readers: "PHP, for its curl extension",
        points: Points::Settings,
        rule: Rule::LeftAloneUnless("--runtime php"),
        falls_back_to: &[],
        source: "https://www.php.net/manual/en/configuration.file.php",
    },
    Row {
        name: "WGETRC",
        readers: "wget",
        points: Points::Settings,
        rule: Rule::LeftAloneUnless("--runtime wget"),
        falls_back_to: &[],
        source: "https://www.gnu.org/software/wget/manual/html_node/Wgetrc-Location.html",
    },
    Row {
        name: "WGET2RC",
        readers: "wget2",
        points: Points::Settings,
        rule: Rule::LeftAloneUnless("--runtime wget"),
        falls_back_to: &[],
        source: "https://gitlab.com/gnuwget/wget2/-/blob/master/docs/wget2.md",
    },
    Row {
        name: "ERL_ZFLAGS",
        readers: "Erlang and Elixir, from OTP 27",
        points: Points::Settings,
        rule: Rule::LeftAloneUnless("--runtime erlang"),
        falls_back_to: &[],
        source: "https://www.erlang.org/doc/apps/public_key/public_key_app.html",
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
