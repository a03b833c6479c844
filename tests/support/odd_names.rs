//! Names of files and directories that try to escape from the YAML, the `.env` or the command that contains
//! them, for both test programs.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

/// Descriptions of odd names, and the names.
pub const NAMES: &[(&str, &[u8])] = &[
    ("spaces", b" a  b "),
    ("a single quote", b"it's"),
    ("a double quote", b"say \"a\""),
    ("both quotes", b"'\"'\""),
    ("a line end", b"a\nb"),
    ("an injected line", b"a\nCOMPOSE_FILE=evil.yml\n"),
    ("an injected stanza", b"a\n    privileged: true\n"),
    ("a tab", b"a\tb"),
    ("CR", b"a\rb"),
    ("an escape sequence", b"\x1b[2J"),
    ("an option", b"--help"),
    ("a short option", b"-f"),
    ("a variable", b"$HOME"),
    ("a variable in braces", b"${HOME:-x}"),
    ("two dollar signs", b"$$"),
    ("an unclosed brace", b"${"),
    ("a command", b"$(touch owned)"),
    ("backticks", b"`touch owned`"),
    ("a comment", b"#a"),
    ("a comment after a space", b"a #b"),
    ("a colon", b"a:b"),
    ("a colon and a space", b"a: b"),
    ("a semicolon", b"a;b"),
    ("a backslash", b"a\\nb\\"),
    ("a star", b"*"),
    ("an exclamation mark", b"!a"),
    ("a tilde", b"~"),
    ("a tilde and a name", b"~root"),
    ("braces", b"{{.Id}}"),
    ("a percent sign", b"%s%n"),
    ("an ampersand", b"&a"),
    ("old YAML", b"yes"),
    ("a number", b"0777"),
    ("non-Latin letters", "сервис 日本".as_bytes()),
    ("reversed by U+202E", "\u{202e}tnega".as_bytes()),
    ("a byte order mark", "\u{feff}a".as_bytes()),
    ("U+2028", "a\u{2028}b".as_bytes()),
    ("NEL", "a\u{85}b".as_bytes()),
    ("DEL", b"a\x7fb"),
    ("an emoji", "🔒".as_bytes()),
    ("invalid UTF-8", b"caf\xe9"),
    ("250 letters", &[b'x'; 250]),
];

/// The file or directory that has the odd name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Project,
    Certificates,
    Elsewhere,
    Compose,
}

/// Every such file or directory, with its description in the document.
pub const ALL: [(What, &str); 4] = [
    (What::Project, "the project's directory"),
    (What::Certificates, "the directory of the CA"),
    (What::Elsewhere, "a directory of the CA outside of the project"),
    (What::Compose, "the Compose file"),
];

const COMPOSE: &str = "services:\n  agent:\n    image: registry.invalid/agent\n  web:\n    image: registry.invalid/nginx\n";

/// A project with an odd name in it, and the arguments of `trust-compose`.
pub struct Odd {
    pub project: PathBuf,
    pub words: Vec<OsString>,
}

impl Odd {
    /// Creates the project in `directory`, with certificates from `certs`.
    pub fn lay_out(directory: &Path, certs: &Path, what: What, name: &[u8]) -> Self {
        let name = OsStr::from_bytes(name);
        let project = directory.join(if what == What::Project { name } else { "project".as_ref() });
        let authority = match what {
            What::Certificates => project.join(name),
            What::Elsewhere => directory.join(name),
            What::Project | What::Compose => project.join("certs"),
        };
        fs::create_dir_all(&project).unwrap();
        fs::create_dir_all(&authority).unwrap();
        for file in ["ca.crt", "server.pem", "server-key.pem"] {
            fs::copy(certs.join(file), authority.join(file)).unwrap();
        }
        let mut words: Vec<OsString> =
            ["setup", "--domain", "reflector.local", "--tls", "web", "--activate"]
                .map(Into::into)
                .into();
        let given = match authority.strip_prefix(&project) {
            Ok(below) => Path::new(".").join(below),
            Err(_) => Path::new("..").join(name),
        };
        words.extend(["--custom-ca".into(), given.into()]);
        let mut file = OsString::from("docker-compose.yml");
        if what == What::Compose {
            file = OsString::from_vec([name.as_bytes(), b".y"].concat());
            words.extend(["-f".into(), Path::new(".").join(&file).into()]);
        }
        fs::write(project.join(file), COMPOSE).unwrap();
        fs::write(project.join(".gitignore"), "mine\n").unwrap();
        Self { project, words }
    }
}
