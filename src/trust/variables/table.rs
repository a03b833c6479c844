//! The table of trust variables. To add a runtime, add a row; CONTRIBUTING.md describes the tests that it
//! needs.

use std::fmt::{self, Display};

use crate::trust::variables::java::JAVA_TOOL_OPTIONS;

/// The contents of the file that a variable names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VariableTarget {
    /// Custom CAs and roots: its readers trust this file *instead of* their previous roots.
    Bundle,
    /// The custom CAs alone: its readers *add* this file to their roots.
    Custom,
    /// The custom CAs and the JVM's own roots, as a key store.
    TrustStore,
    /// Settings of a runtime, which name the bundle.
    Settings,
}

impl VariableTarget {
    /// Returns the contents in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Bundle => "custom CAs and roots",
            Self::Custom => "custom CAs",
            Self::TrustStore => "custom CAs and the JVM's roots, as a key store",
            Self::Settings => "settings that name the bundle",
        }
    }
}

/// When trust-init sets a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Always.
    Always,
    /// If it is already set: its readers read the other variables first, or need no other.
    IfSet,
    /// Only with this option; otherwise trust-init does not change it.
    OnlyWith(&'static str),
    /// If a JVM is found: options are appended to its value.
    Extended,
}

impl Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always => f.write_str("set"),
            Self::IfSet => f.write_str("changed if it is already set"),
            Self::OnlyWith(option) => write!(f, "left alone unless {option}"),
            Self::Extended => f.write_str("extended if a JVM is found"),
        }
    }
}

/// One trust variable.
#[derive(Debug)]
pub struct TrustVariable {
    /// Its name.
    pub name: &'static str,
    /// The programs that read it.
    pub readers: &'static str,
    /// The contents of its file.
    pub target: VariableTarget,
    /// When trust-init sets it.
    pub rule: Rule,
    /// The variables that its readers read if this one is not set, in their order.
    pub falls_back_to: &'static [&'static str],
    /// The document that describes it.
    pub source: &'static str,
}

/// All trust variables. trust-init changes no others; docs/internals/decisions explains why SSL_CERT_DIR,
/// NODE_OPTIONS, PGSSLROOTCERT and the like are not in the table.
pub const TABLE: &[TrustVariable] = &[
    TrustVariable {
        name: "SSL_CERT_FILE",
        readers: "OpenSSL (Python ssl, httpx, aiohttp, uv, Ruby and Bundler, PHP streams and Composer, Julia), \
                  curl, Go (Helm, Terraform), Rust (native-tls, rustls-native-certs), .NET",
        target: VariableTarget::Bundle,
        rule: Rule::Always,
        falls_back_to: &["SSL_CERT_DIR"],
        source: "https://docs.openssl.org/3.0/man3/SSL_CTX_load_verify_locations/",
    },
    TrustVariable {
        name: "REQUESTS_CA_BUNDLE",
        readers: "Python requests, botocore, conda, gcloud, Azure and Google SDKs on requests",
        target: VariableTarget::Bundle,
        rule: Rule::Always,
        falls_back_to: &["CURL_CA_BUNDLE"],
        source: "https://requests.readthedocs.io/en/latest/user/advanced/#ssl-cert-verification",
    },
    TrustVariable {
        name: "CURL_CA_BUNDLE",
        readers: "the curl program, R",
        target: VariableTarget::Bundle,
        rule: Rule::Always,
        falls_back_to: &["SSL_CERT_FILE", "SSL_CERT_DIR"],
        source: "https://curl.se/docs/manpage.html#--cacert",
    },
    TrustVariable {
        name: "GIT_SSL_CAINFO",
        readers: "git, also where it is built with GnuTLS",
        target: VariableTarget::Bundle,
        rule: Rule::Always,
        falls_back_to: &[],
        source: "https://git-scm.com/docs/git-config#Documentation/git-config.txt-httpsslCAInfo",
    },
    TrustVariable {
        name: "AWS_CA_BUNDLE",
        readers: "aws-cli, boto3, AWS SDKs",
        target: VariableTarget::Bundle,
        rule: Rule::Always,
        falls_back_to: &["REQUESTS_CA_BUNDLE"],
        source: "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html",
    },
    TrustVariable {
        name: "PIP_CERT",
        readers: "pip",
        target: VariableTarget::Bundle,
        rule: Rule::Always,
        falls_back_to: &["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"],
        source: "https://pip.pypa.io/en/stable/cli/pip/#cmdoption-cert",
    },
    TrustVariable {
        name: "HTTPLIB2_CA_CERTS",
        readers: "Python httplib2 (older Google clients)",
        target: VariableTarget::Bundle,
        rule: Rule::Always,
        falls_back_to: &[],
        source: "https://github.com/httplib2/httplib2/blob/master/python3/httplib2/certs.py",
    },
    TrustVariable {
        name: "PERL_LWP_SSL_CA_FILE",
        readers: "Perl LWP",
        target: VariableTarget::Bundle,
        rule: Rule::Always,
        falls_back_to: &["SSL_CERT_FILE", "SSL_CERT_DIR"],
        source: "https://metacpan.org/pod/LWP::UserAgent#SSL_ca_file",
    },
    TrustVariable {
        name: "SYSTEM_CERTIFICATE_PATH",
        readers: "Haskell (crypton-x509-system)",
        target: VariableTarget::Bundle,
        rule: Rule::Always,
        falls_back_to: &[],
        source: "https://hackage.haskell.org/package/crypton-x509-system",
    },
    TrustVariable {
        name: "NODE_EXTRA_CA_CERTS",
        readers: "Node.js, npm, yarn, pnpm, grpc-js, Bun",
        target: VariableTarget::Custom,
        rule: Rule::Always,
        falls_back_to: &[],
        source: "https://nodejs.org/api/cli.html#node_extra_ca_certsfile",
    },
    TrustVariable {
        name: "DENO_CERT",
        readers: "Deno",
        target: VariableTarget::Custom,
        rule: Rule::Always,
        falls_back_to: &[],
        source: "https://docs.deno.com/runtime/reference/env_variables/",
    },
    TrustVariable {
        name: "CARGO_HTTP_CAINFO",
        readers: "cargo",
        target: VariableTarget::Bundle,
        rule: Rule::IfSet,
        falls_back_to: &[],
        source: "https://doc.rust-lang.org/cargo/reference/config.html#httpcainfo",
    },
    TrustVariable {
        name: "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
        readers: "gcloud",
        target: VariableTarget::Bundle,
        rule: Rule::IfSet,
        falls_back_to: &[],
        source: "https://cloud.google.com/sdk/docs/proxy-settings",
    },
    TrustVariable {
        name: "NIX_SSL_CERT_FILE",
        readers: "Nix, and what nixpkgs builds (curl, git, OpenSSL)",
        target: VariableTarget::Bundle,
        rule: Rule::IfSet,
        falls_back_to: &[],
        source: "https://nix.dev/manual/nix/stable/installation/env-variables",
    },
    TrustVariable {
        name: "JULIA_SSL_CA_ROOTS_PATH",
        readers: "Julia",
        target: VariableTarget::Bundle,
        rule: Rule::IfSet,
        falls_back_to: &[],
        source: "https://docs.julialang.org/en/v1/stdlib/NetworkOptions/",
    },
    TrustVariable {
        name: "BUNDLE_SSL_CA_CERT",
        readers: "Ruby's Bundler",
        target: VariableTarget::Bundle,
        rule: Rule::IfSet,
        falls_back_to: &[],
        source: "https://bundler.io/man/bundle-config.1.html",
    },
    TrustVariable {
        name: "npm_config_cafile",
        readers: "npm",
        target: VariableTarget::Bundle,
        rule: Rule::IfSet,
        falls_back_to: &[],
        source: "https://docs.npmjs.com/cli/v11/using-npm/config#cafile",
    },
    TrustVariable {
        name: "NPM_CONFIG_CAFILE",
        readers: "npm",
        target: VariableTarget::Bundle,
        rule: Rule::IfSet,
        falls_back_to: &[],
        source: "https://docs.npmjs.com/cli/v11/using-npm/config#environment-variables",
    },
    TrustVariable {
        name: "HEX_CACERTS_PATH",
        readers: "Elixir's mix hex",
        target: VariableTarget::Bundle,
        rule: Rule::IfSet,
        falls_back_to: &[],
        source: "https://hexdocs.pm/hex/Mix.Tasks.Hex.Config.html",
    },
    TrustVariable {
        name: "WEBSOCKET_CLIENT_CA_BUNDLE",
        readers: "Python websocket-client",
        target: VariableTarget::Bundle,
        rule: Rule::IfSet,
        falls_back_to: &[],
        source: "https://github.com/websocket-client/websocket-client/blob/master/websocket/_http.py",
    },
    TrustVariable {
        name: JAVA_TOOL_OPTIONS,
        readers: "every JVM",
        target: VariableTarget::TrustStore,
        rule: Rule::Extended,
        falls_back_to: &[],
        source: "https://docs.oracle.com/en/java/javase/21/docs/specs/jvmti.html#tooloptions",
    },
    TrustVariable {
        name: "PHP_INI_SCAN_DIR",
        readers: "PHP, for its curl extension",
        target: VariableTarget::Settings,
        rule: Rule::OnlyWith("--runtime php"),
        falls_back_to: &[],
        source: "https://www.php.net/manual/en/configuration.file.php",
    },
    TrustVariable {
        name: "WGETRC",
        readers: "wget",
        target: VariableTarget::Settings,
        rule: Rule::OnlyWith("--runtime wget"),
        falls_back_to: &[],
        source: "https://www.gnu.org/software/wget/manual/html_node/Wgetrc-Location.html",
    },
    TrustVariable {
        name: "WGET2RC",
        readers: "wget2",
        target: VariableTarget::Settings,
        rule: Rule::OnlyWith("--runtime wget"),
        falls_back_to: &[],
        source: "https://gitlab.com/gnuwget/wget2/-/blob/master/docs/wget2.md",
    },
    TrustVariable {
        name: "ERL_ZFLAGS",
        readers: "Erlang and Elixir, from OTP 27",
        target: VariableTarget::Settings,
        rule: Rule::OnlyWith("--runtime erlang"),
        falls_back_to: &[],
        source: "https://www.erlang.org/doc/apps/public_key/public_key_app.html",
    },
    TrustVariable {
        name: "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
        readers: "gRPC C core (grpcio)",
        target: VariableTarget::Bundle,
        rule: Rule::OnlyWith("--grpc-roots"),
        falls_back_to: &[],
        source: "https://github.com/grpc/grpc/blob/master/doc/environment_variables.md",
    },
];
