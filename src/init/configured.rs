//! Finds configuration files of git, pip and the AWS SDKs that name a file of CAs. A trust variable would override
//! them: the program could trust more servers, or not trust the CA in that file.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::file;
use crate::sys::quote;
use crate::trust::root_stores::is_root_file;
use crate::trust::variables::runtimes::HOME;

/// A setting of a program that names a file of CAs.
struct Setting {
    /// The program.
    program: &'static str,
    /// The key, in lower case.
    key: &'static str,
    /// The variable that names the configuration file in place of the first of `files`.
    named_by: &'static str,
    /// The files, those below the home directory without a slash at the start.
    files: &'static [&'static str],
    /// The trust variable that overrides the setting.
    variable: &'static str,
}

const SETTINGS: [Setting; 3] = [
    // https://git-scm.com/docs/git-config#Documentation/git-config.txt-httpsslCAInfo, also for one URL alone.
    Setting {
        program: "git",
        key: "sslcainfo",
        named_by: "GIT_CONFIG_GLOBAL",
        files: &[".gitconfig", ".config/git/config", "/etc/gitconfig"],
        variable: "GIT_SSL_CAINFO",
    },
    // https://docs.aws.amazon.com/sdkref/latest/guide/feature-gen-config.html
    Setting {
        program: "AWS SDKs",
        key: "ca_bundle",
        named_by: "AWS_CONFIG_FILE",
        files: &[".aws/config"],
        variable: "AWS_CA_BUNDLE",
    },
    // https://pip.pypa.io/en/stable/topics/configuration/; requests, which pip contains, reads REQUESTS_CA_BUNDLE
    // first: https://github.com/psf/requests/issues/3829
    Setting {
        program: "pip",
        key: "cert",
        named_by: "PIP_CONFIG_FILE",
        files: &[".config/pip/pip.conf", ".pip/pip.conf", "/etc/pip.conf"],
        variable: "REQUESTS_CA_BUNDLE",
    },
];

/// Returns the variables that must not be set, because a configuration file names a file of CAs, and a warning for
/// each such file. `left`: the variables that are not changed anyway.
pub(crate) fn find(
    environment: &Environment,
    left: &[&str],
) -> (Vec<&'static str>, Vec<Diagnostic>) {
    let (mut leave, mut warnings) = (Vec::new(), Vec::new());
    for setting in &SETTINGS {
        let variable = setting.variable;
        let is_set = environment.get(variable).is_some_and(|value| !value.is_empty());
        if is_set || left.contains(&variable) {
            continue;
        }
        let found = setting.paths(environment).into_iter().find(|path| setting.is_in(path));
        let Some(path) = found else { continue };
        let Setting { program, key, .. } = setting;
        let names = format!("`{key}` in {} names a file of CAs for {program}", quote::path(&path));
        warnings.push(if variable == "REQUESTS_CA_BUNDLE" {
            Diagnostic::statement(format!("{names}, which {variable} overrides")).advise(format!(
                "mount the CA in that file as a custom CA, or set TRUST_INIT_LEAVE={variable}"
            ))
        } else {
            leave.push(variable);
            Diagnostic::statement(format!(
                "{names}, so {variable} is not set: {program} may not trust the custom CAs"
            ))
            .advise(format!("add the custom CAs to that file, or remove `{key}`"))
        });
    }
    (leave, warnings)
}

impl Setting {
    fn paths(&self, environment: &Environment) -> Vec<PathBuf> {
        let named = environment.get(self.named_by).filter(|path| !path.is_empty());
        let home = environment.get("HOME").unwrap_or(OsStr::new(HOME));
        let mut paths: Vec<_> = self.files.iter().map(|file| Path::new(home).join(file)).collect();
        if let (Some(first), Some(named)) = (paths.first_mut(), named) {
            *first = named.into();
        }
        paths
    }

    /// Whether the file at `path` contains a line `KEY = VALUE` that names a file other than the roots of a
    /// distribution.
    fn is_in(&self, path: &Path) -> bool {
        let bytes = file::read(path, &mut file::FILE_LIMIT.clone()).unwrap_or_default();
        bytes.split(|byte| *byte == b'\n').any(|line| {
            let mut parts = line.splitn(2, |byte| *byte == b'=');
            let key = parts.next().unwrap_or_default().trim_ascii();
            let value = parts.next().unwrap_or_default();
            let value: Vec<_> = value.iter().copied().filter(|byte| *byte != b'"').collect();
            let value = Path::new(OsStr::from_bytes(value.trim_ascii()));
            let is_pin = !value.as_os_str().is_empty() && !is_root_file(value);
            is_pin && key.eq_ignore_ascii_case(self.key.as_bytes())
        })
    }
}
