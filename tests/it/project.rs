//! A project that setups write into, and what they write: through the library.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use trust_init::compose::setup::remove::remove;
use trust_init::compose::setup::write::{
    Changes, Error, HEADER, Output, Standing, standing, write,
};

use crate::desk::Desk;

/// A setup of this name: an overlay that mounts `shared.crt` and a file of its own.
pub fn output(name: &str) -> Output {
    let own = format!("bundle-{name}.crt");
    Output {
        overlay: format!("{HEADER}\n# --custom-ca {name}\nx-mounts: [{own}, shared.crt]\n"),
        files: vec![
            ("shared.crt".to_owned(), b"shared".to_vec()),
            (own, format!("bundle {name}").into_bytes()),
        ],
        compose_file: None,
        words: vec!["--custom-ca".to_owned(), name.to_owned()],
        is_settled: false,
    }
}

pub fn active(name: &str) -> Output {
    let compose_file = Some("compose.yml:docker-compose.ca.yml".to_owned());
    Output { compose_file, ..output(name) }
}

/// A directory that git looks after, whatever lies above it.
pub fn project() -> Desk {
    let desk = Desk::new();
    desk.directory(".git", 0o755);
    desk
}

/// What is called so, with its contents, owner and mode, but for directories' times.
pub fn tree(desk: &Desk) -> Vec<String> {
    let mut tree = Vec::new();
    let mut waiting = vec![desk.path("")];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            let found = entry.symlink_metadata().unwrap();
            let contents = if found.is_file() { fs::read(&entry).unwrap() } else { Vec::new() };
            let name = entry.strip_prefix(desk.path("")).unwrap().display().to_string();
            let contents = String::from_utf8_lossy(&contents).into_owned();
            tree.push(format!("{name} {} {:o} {contents:?}", found.uid(), found.mode()));
            if found.is_dir() {
                waiting.push(entry);
            }
        }
    }
    tree.sort();
    tree
}

impl Desk {
    #[track_caller]
    pub fn setup(&self, output: &Output) -> Changes {
        write(&self.path(""), output, false).unwrap()
    }

    #[track_caller]
    pub fn take_away(&self) -> Changes {
        remove(&self.path(""), None, false).unwrap()
    }

    #[track_caller]
    pub fn stands(&self) -> Standing {
        standing(&self.path("")).unwrap().unwrap()
    }

    /// Neither writing nor removing is done, for this reason, and nothing is touched.
    #[track_caller]
    pub fn refuses(&self, output: &Output, words: &str) {
        let before = tree(self);
        for error in [
            write(&self.path(""), output, true).unwrap_err(),
            write(&self.path(""), output, false).unwrap_err(),
        ] {
            self.is_told(&error, words);
        }
        assert_eq!(tree(self), before);
    }

    #[track_caller]
    pub fn is_told(&self, error: &Error, words: &str) {
        let told = error.to_string().replace(&self.path("").display().to_string(), "");
        assert_eq!(told, words);
    }

    #[track_caller]
    pub fn refuses_to_remove(&self, words: &str) {
        let before = tree(self);
        self.is_told(&remove(&self.path(""), None, false).unwrap_err(), words);
        assert_eq!(tree(self), before);
    }

    /// What is told of a run, with paths from here.
    pub fn told(&self, changes: &Changes) -> String {
        let left: String = changes.left.iter().map(|left| format!("{left}\n")).collect();
        format!("{changes}{left}").replace(&self.path("").display().to_string(), "")
    }
}
