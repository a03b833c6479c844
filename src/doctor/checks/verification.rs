//! THE table of variables that switch verification off: with one of them every server passes, and no
//! trust that is set up here means anything.

use std::ffi::OsStr;

use crate::sys::environment::Environment;
use crate::sys::finding::Finding;

/// Which values switch it off.
enum Off {
    /// One of these, in whatever letters.
    Word(&'static [&'static str]),
    /// Whatever it is set to, even to nothing.
    Set,
    /// Whatever is not empty: hosts, or patterns.
    Filled,
}

/// How programs write no, and how they write yes.
const NO: Off = Off::Word(&["0", "false", "no", "off"]);
const YES: Off = Off::Word(&["1", "true", "yes", "on"]);

/// A variable, what switches verification off in it, in what, and where that is written.
const TABLE: &[(&str, Off, &str, &str)] = &[
    (
        "NODE_TLS_REJECT_UNAUTHORIZED",
        Off::Word(&["0"]),
        "Node.js",
        "https://nodejs.org/api/cli.html#node_tls_reject_unauthorizedvalue",
    ),
    ("PYTHONHTTPSVERIFY", Off::Word(&["0"]), "Python 2.7", "https://peps.python.org/pep-0493/"),
    (
        "GIT_SSL_NO_VERIFY",
        Off::Set,
        "git",
        "https://git-scm.com/docs/git-config#Documentation/git-config.txt-httpsslVerify",
    ),
    (
        "npm_config_strict_ssl",
        NO,
        "npm",
        "https://docs.npmjs.com/cli/v11/using-npm/config#strict-ssl",
    ),
    (
        "NPM_CONFIG_STRICT_SSL",
        NO,
        "npm",
        "https://docs.npmjs.com/cli/v11/using-npm/config#strict-ssl",
    ),
    (
        "YARN_ENABLE_STRICT_SSL",
        NO,
        "yarn",
        "https://yarnpkg.com/configuration/yarnrc#enableStrictSsl",
    ),
    (
        "PIP_TRUSTED_HOST",
        Off::Filled,
        "pip, for the hosts in it",
        "https://pip.pypa.io/en/stable/cli/pip/#cmdoption-trusted-host",
    ),
    (
        "UV_INSECURE_HOST",
        Off::Filled,
        "uv, for the hosts in it",
        "https://docs.astral.sh/uv/reference/environment/#uv_insecure_host",
    ),
    (
        "CONDA_SSL_VERIFY",
        NO,
        "conda",
        "https://docs.conda.io/projects/conda/en/stable/user-guide/configuration/settings.html",
    ),
    (
        "SSL_NO_VERIFY",
        YES,
        "conda-build",
        "https://docs.conda.io/projects/conda/en/latest/user-guide/configuration/disable-ssl-verification.html",
    ),
    ("SSL_VERIFY", NO, "LiteLLM", "https://docs.litellm.ai/docs/guides/security_settings"),
    (
        "MLFLOW_TRACKING_INSECURE_TLS",
        YES,
        "MLflow",
        "https://mlflow.org/docs/latest/self-hosting/security/basic-http-auth/",
    ),
    (
        "AIOHTTP_CLIENT_SESSION_SSL",
        NO,
        "Open WebUI",
        "https://docs.openwebui.com/reference/env-configuration",
    ),
    (
        "PERL_LWP_SSL_VERIFY_HOSTNAME",
        Off::Word(&["0"]),
        "Perl LWP",
        "https://metacpan.org/pod/LWP::UserAgent#ENVIRONMENT",
    ),
    (
        "HEX_UNSAFE_HTTPS",
        YES,
        "Elixir's mix hex",
        "https://hexdocs.pm/hex/Mix.Tasks.Hex.Config.html",
    ),
    (
        "GOINSECURE",
        Off::Filled,
        "go, for the modules in it",
        "https://go.dev/ref/mod#environment-variables",
    ),
    (
        "VAULT_SKIP_VERIFY",
        YES,
        "Vault",
        "https://developer.hashicorp.com/vault/docs/commands#vault_skip_verify",
    ),
    (
        "CONSUL_HTTP_SSL_VERIFY",
        NO,
        "Consul",
        "https://developer.hashicorp.com/consul/commands#consul_http_ssl_verify",
    ),
];

/// Those that are set so.
pub fn look(environment: &Environment) -> Vec<Finding> {
    let is_off = |off: &Off, value: &OsStr| match off {
        Off::Word(words) => words.iter().any(|word| value.eq_ignore_ascii_case(word)),
        Off::Set => true,
        Off::Filled => !value.is_empty(),
    };
    let set = TABLE
        .iter()
        .filter(|(name, off, ..)| environment.get(name).is_some_and(|value| is_off(off, value)));
    set.map(|(name, _, who, _)| {
        let cause = format!("switches verification off in {who}: anybody can be the server");
        Finding::error("verification-off", *name, cause, format!("unset {name}"))
    })
    .collect()
}
