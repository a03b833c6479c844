//! Variables that a warning is printed for: those that switch certificate verification off, empty trust
//! variables, and variables of the application.

use std::ffi::OsStr;

use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::quote;
use crate::trust::variables::table::{Rule, TABLE};

/// The values that switch verification off.
#[derive(Debug)]
pub enum Off {
    /// One of these words, in upper or lower case.
    Word(&'static [&'static str]),
    /// Every value, even an empty one.
    Set,
    /// Every value that is not empty: hosts, or patterns.
    Filled,
}

/// The common words for false and for true.
const NO: Off = Off::Word(&["0", "false", "no", "off"]);
const YES: Off = Off::Word(&["1", "true", "yes", "on"]);

/// A variable that can switch verification off.
#[derive(Debug)]
pub struct Switch {
    /// Its name.
    pub name: &'static str,
    /// The values that switch verification off.
    pub off: Off,
    /// The programs that read it.
    pub readers: &'static str,
    /// The document that describes it.
    pub source: &'static str,
}

/// The table of variables that switch verification off: with one of them, the program accepts every server.
pub const SWITCHES: &[Switch] = &[
    Switch {
        name: "NODE_TLS_REJECT_UNAUTHORIZED",
        off: Off::Word(&["0"]),
        readers: "Node.js",
        source: "https://nodejs.org/api/cli.html#node_tls_reject_unauthorizedvalue",
    },
    Switch {
        name: "PYTHONHTTPSVERIFY",
        off: Off::Word(&["0"]),
        readers: "Python 2.7",
        source: "https://peps.python.org/pep-0493/",
    },
    Switch {
        name: "GIT_SSL_NO_VERIFY",
        off: Off::Set,
        readers: "git",
        source: "https://git-scm.com/docs/git-config#Documentation/git-config.txt-httpsslVerify",
    },
    Switch {
        name: "npm_config_strict_ssl",
        off: NO,
        readers: "npm",
        source: "https://docs.npmjs.com/cli/v11/using-npm/config#strict-ssl",
    },
    Switch {
        name: "NPM_CONFIG_STRICT_SSL",
        off: NO,
        readers: "npm",
        source: "https://docs.npmjs.com/cli/v11/using-npm/config#strict-ssl",
    },
    Switch {
        name: "YARN_ENABLE_STRICT_SSL",
        off: NO,
        readers: "yarn",
        source: "https://yarnpkg.com/configuration/yarnrc#enableStrictSsl",
    },
    Switch {
        name: "PIP_TRUSTED_HOST",
        off: Off::Filled,
        readers: "pip, for the hosts in it",
        source: "https://pip.pypa.io/en/stable/cli/pip/#cmdoption-trusted-host",
    },
    Switch {
        name: "UV_INSECURE_HOST",
        off: Off::Filled,
        readers: "uv, for the hosts in it",
        source: "https://docs.astral.sh/uv/reference/environment/#uv_insecure_host",
    },
    Switch {
        name: "CONDA_SSL_VERIFY",
        off: NO,
        readers: "conda",
        source: "https://docs.conda.io/projects/conda/en/stable/user-guide/configuration/settings.html",
    },
    Switch {
        name: "SSL_NO_VERIFY",
        off: YES,
        readers: "conda-build",
        source: "https://docs.conda.io/projects/conda/en/latest/user-guide/configuration/disable-ssl-verification.html",
    },
    Switch {
        name: "SSL_VERIFY",
        off: NO,
        readers: "LiteLLM",
        source: "https://docs.litellm.ai/docs/guides/security_settings",
    },
    Switch {
        name: "MLFLOW_TRACKING_INSECURE_TLS",
        off: YES,
        readers: "MLflow",
        source: "https://mlflow.org/docs/latest/self-hosting/security/basic-http-auth/",
    },
    Switch {
        name: "AIOHTTP_CLIENT_SESSION_SSL",
        off: NO,
        readers: "Open WebUI",
        source: "https://docs.openwebui.com/reference/env-configuration",
    },
    Switch {
        name: "PERL_LWP_SSL_VERIFY_HOSTNAME",
        off: Off::Word(&["0"]),
        readers: "Perl LWP",
        source: "https://metacpan.org/pod/LWP::UserAgent#ENVIRONMENT",
    },
    Switch {
        name: "HEX_UNSAFE_HTTPS",
        off: YES,
        readers: "Elixir's mix hex",
        source: "https://hexdocs.pm/hex/Mix.Tasks.Hex.Config.html",
    },
    Switch {
        name: "GOINSECURE",
        off: Off::Filled,
        readers: "go, for the modules in it",
        source: "https://go.dev/ref/mod#environment-variables",
    },
    Switch {
        name: "VAULT_SKIP_VERIFY",
        off: YES,
        readers: "Vault",
        source: "https://developer.hashicorp.com/vault/docs/commands#vault_skip_verify",
    },
    Switch {
        name: "CONSUL_HTTP_SSL_VERIFY",
        off: NO,
        readers: "Consul",
        source: "https://developer.hashicorp.com/consul/commands#consul_http_ssl_verify",
    },
    Switch {
        name: "AI_VERIFY_SSL",
        off: NO,
        readers: "programs that read it by convention",
        source: "in many applications' own settings; no single document defines it",
    },
];

/// Variables of applications, which trust only the file in them.
const APPLICATION: &[&str] = &["CA_CERT_PATH", "AI_CA_CERT_PATH"];

/// Returns the rows of [`SWITCHES`] that switch verification off in `environment`, and their values.
pub(crate) fn switched_off(
    environment: &Environment,
) -> impl Iterator<Item = (&'static Switch, &OsStr)> {
    SWITCHES.iter().filter_map(|switch| {
        let value = environment.get(switch.name)?;
        let is_off = match switch.off {
            Off::Word(words) => words.iter().any(|word| value.eq_ignore_ascii_case(word)),
            Off::Set => true,
            Off::Filled => !value.is_empty(),
        };
        is_off.then_some((switch, value))
    })
}

/// Returns the warnings about `environment`, if custom CAs are trusted.
pub fn warnings(environment: &Environment) -> Vec<Diagnostic> {
    let unverified = switched_off(environment).map(|(Switch { name, readers, .. }, value)| {
        Diagnostic::statement(format!(
            "{name}={} switches certificate verification off in {readers}: this is no longer needed, because the \
             custom CAs are trusted",
            quote::word(value)
        ))
        .advise(format!("unset {name}"))
    });
    let is_empty = |name| environment.get(name).is_some_and(OsStr::is_empty);
    let empty = TABLE.iter().filter(|row| row.rule == Rule::Always && is_empty(row.name));
    let empty = empty.map(|row| {
        Diagnostic::statement(format!(
            "{} is set but empty, which switches verification off in some clients: treated as not set",
            row.name
        ))
        .advise(format!("unset {}", row.name))
    });
    let application = APPLICATION.iter().filter_map(|name| {
        let value = environment.get(name).filter(|value| !value.is_empty())?;
        let cause = format!(
            "{name}={} is a setting of the program, which trust-init does not change: the program may \
             trust only that file",
            quote::word(value)
        );
        Some(
            Diagnostic::statement(cause).advise(format!("unset {name}, or add the CA to that file")),
        )
    });
    unverified.chain(empty).chain(application).collect()
}
