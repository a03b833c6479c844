//! The CAs that other tools keep in known places: `--custom-ca mkcert:`, `caddy:`, `step:`, and `host:` for those
//! that were added to this machine's store.
//!
//! A name becomes a path before anything else, so that a later run finds the same file. Of a CA with an
//! intermediate only the root is used ([`ROOTS`]): the servers send the intermediate, which is renewed often.

use std::path::{Path, PathBuf};

use crate::compose::certs::host_stores::HOST_SYSTEMS;
use crate::compose::inputs::files::{CUSTOM_CA, EXTRA_CA, entry_exists};
use crate::compose::project::files::plain;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::quote;

/// A tool with a CA of its own.
struct Tool {
    /// The name with its colon.
    name: &'static str,
    /// The variable that names its directory.
    variable: Option<&'static str>,
    /// Its directories, below `~` or `$XDG_DATA_HOME`.
    directories: &'static [&'static str],
    /// The root certificate in such a directory.
    root: &'static str,
    /// The command that creates it.
    create: &'static str,
}

/// From the tools' sources: `getCAROOT` in <https://github.com/FiloSottile/mkcert/blob/master/main.go>,
/// <https://caddyserver.com/docs/conventions#data-directory>, <https://smallstep.com/docs/step-cli/the-step-command>.
const TOOLS: [Tool; 3] = [
    Tool {
        name: "mkcert:",
        variable: Some("CAROOT"),
        directories: &[
            "$XDG_DATA_HOME/mkcert",
            "~/.local/share/mkcert",
            "~/Library/Application Support/mkcert",
        ],
        root: "rootCA.pem",
        create: "run `mkcert -install`",
    },
    Tool {
        name: "caddy:",
        variable: None,
        directories: &[
            "$XDG_DATA_HOME/caddy",
            "~/.local/share/caddy",
            "~/Library/Application Support/Caddy",
            "/var/lib/caddy/.local/share/caddy",
        ],
        root: "pki/authorities/local/root.crt",
        create: "let Caddy serve a site with `tls internal`, or copy the file out of its container: \
                 `/data/caddy/pki/authorities/local/root.crt`",
    },
    Tool {
        name: "step:",
        variable: Some("STEPPATH"),
        directories: &["~/.step", "/etc/step-ca"],
        root: "certs/root_ca.crt",
        create: "run `step ca bootstrap` or `step ca init`",
    },
];

/// The name for the CAs that were added to this machine's store.
const HOST: &str = "host:";

/// The roots of these tools in a directory that the user names, each with a file beside it that distinguishes the
/// layout from other folders of CAs.
pub(crate) const ROOTS: [(&str, &str); 5] = [
    ("certs/root_ca.crt", "certs/intermediate_ca.crt"),
    ("root_ca.crt", "intermediate_ca.crt"),
    ("pki/authorities/local/root.crt", "pki/authorities/local/intermediate.crt"),
    ("caddy/pki/authorities/local/root.crt", "caddy/pki/authorities/local/intermediate.crt"),
    ("root.crt", "intermediate.key"),
];

/// Replaces the names in the values of `--custom-ca` and `--extra-ca` by paths.
///
/// # Errors
/// When such a CA does not exist.
pub(crate) fn resolve(
    custom_ca: &mut Option<PathBuf>,
    extra: &mut [PathBuf],
    environment: &Environment,
) -> Result<(), Diagnostic> {
    let custom = custom_ca.iter_mut().map(|path| (CUSTOM_CA, path));
    for (option, path) in custom.chain(extra.iter_mut().map(|path| (EXTRA_CA, path))) {
        if let Some(found) = find(path, option, environment)? {
            *path = found;
        }
    }
    Ok(())
}

/// Returns the path for a name; `None` for any other value.
fn find(
    path: &Path,
    option: &'static str,
    environment: &Environment,
) -> Result<Option<PathBuf>, Diagnostic> {
    if path.as_os_str() == HOST {
        let directories = HOST_SYSTEMS.iter().map(|system| PathBuf::from(system.directory));
        let filled = directories.filter(|path| {
            path.read_dir()
                .is_ok_and(|entries| entries.flatten().any(|entry| entry.path().is_file()))
        });
        let missing = || {
            let cause = "no CA was added to its store, for example in \
                         /usr/local/share/ca-certificates";
            let failed = Diagnostic::cannot("find", "this machine's own CAs");
            let failed = failed.named(format_args!("from {option} {HOST}")).because(cause);
            failed.advise(format!("name the CA's file: `{option} FILE`"))
        };
        return filled.take(1).next().ok_or_else(missing).map(Some);
    }
    let Some(tool) = TOOLS.iter().find(|tool| path.as_os_str() == tool.name) else {
        return Ok(None);
    };
    let candidates = tool.candidates(environment);
    let found = candidates.iter().find(|path| entry_exists(path));
    found.cloned().map(Some).ok_or_else(|| {
        let searched: Vec<_> =
            candidates.iter().map(|path| quote::path(path).to_string()).collect();
        Diagnostic::cannot("find", format_args!("the CA of {}", tool.name.trim_end_matches(':')))
            .named(format_args!("from {option} {}", tool.name))
            .because(format_args!("none of these files exists: {}", searched.join(", ")))
            .advise(tool.create)
    })
}

impl Tool {
    /// Returns the paths at which its root can be, in search order.
    fn candidates(&self, environment: &Environment) -> Vec<PathBuf> {
        let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        if let Some(directory) = self.variable.and_then(set) {
            return vec![plain(Path::new(directory), self.root)];
        }
        let directories = self.directories.iter().filter_map(|directory| {
            let (variable, rest) = match directory.split_once('/')? {
                ("~", rest) => ("HOME", rest),
                ("$XDG_DATA_HOME", rest) => ("XDG_DATA_HOME", rest),
                _ => return Some(PathBuf::from(directory)),
            };
            Some(Path::new(set(variable)?).join(rest))
        });
        directories.map(|directory| directory.join(self.root)).collect()
    }
}
