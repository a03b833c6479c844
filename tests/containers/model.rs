//! A project as Compose merges it: a directory in which commands are typed, and the differences between the
//! models that `docker compose config` prints before and after `setup`.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use trust_init::compose::layout::{DIRECTORY, LABEL};
use trust_init::trust::source::CUSTOM_CA;
use trust_init::trust::variables::TABLE;

use crate::engine::{Outcome, PATIENCE, call};
use crate::site::Folder;

/// A project directory with its own CA in certs/.
pub struct Desk(pub Folder);

impl Desk {
    #[track_caller]
    pub fn new() -> Self {
        let desk = Self(Folder::new());
        desk.types("trust-compose certs --ca-name 'Lab CA' reflector.local 192.168.1.100").exits(0);
        std::fs::copy(desk.path("certs/ca.crt"), desk.path("one.crt")).unwrap();
        desk
    }

    pub fn path(&self, path: &str) -> std::path::PathBuf {
        self.0.0.join(path)
    }

    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Runs a command line in the directory, with trust-compose and docker in PATH.
    #[track_caller]
    pub fn types(&self, line: &str) -> Outcome {
        self.types_with(&[], line)
    }

    /// The same, with these variables (`NAME=VALUE`).
    #[track_caller]
    pub fn types_with(&self, variables: &[&str], line: &str) -> Outcome {
        let programs = Path::new(env!("CARGO_BIN_EXE_trust-compose")).parent().unwrap();
        let path = format!("PATH={}:{}", programs.display(), std::env::var("PATH").unwrap());
        let directory = format!("--chdir={}", self.0.0.display());
        let mut words = vec!["--unset=COMPOSE_FILE", "--unset=COMPOSE_PROFILES", &directory, &path];
        words.extend(variables);
        words.extend(["sh", "-c", line]);
        call(PATIENCE, "env", words)
    }

    /// `trust-compose setup` with these words.
    #[track_caller]
    pub fn setup(&self, words: &[String]) -> Outcome {
        self.types(&setup(words))
    }

    /// The same with a PATH in which no program exists.
    #[track_caller]
    pub fn setup_alone(&self, words: &[String]) -> Outcome {
        self.types(&format!("PATH=/nowhere exec {} {}", env!("CARGO_BIN_EXE_trust-compose"), {
            let line = setup(words);
            line.trim_start_matches("trust-compose ").to_owned()
        }))
    }

    /// Returns the merged model of the files that `compose`, a `docker compose` command without a verb,
    /// names, with the services of all profiles.
    #[track_caller]
    pub fn model(&self, compose: &str) -> Value {
        let outcome = self.types(&format!("{compose} --profile '*' config --format json")).exits(0);
        serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome}"))
    }
}

/// Returns the command line of a setup with these options.
pub fn setup(words: &[String]) -> String {
    let words = words.iter().map(|word| format!(" '{}'", word.replace('\'', r"'\''")));
    format!("trust-compose setup{}", words.collect::<String>())
}

/// Returns the `docker compose` command for the files that the options of a setup name.
pub fn compose(words: &[String]) -> String {
    let files = words.windows(2).filter(|pair| pair[0] == "-f");
    files.fold("docker compose".to_owned(), |line, pair| format!("{line} -f {}", pair[1]))
}

/// Returns the `docker compose` command, without a verb, that `setup` prints as the next step.
#[track_caller]
pub fn next(outcome: &Outcome) -> String {
    let line = outcome.stdout.lines().last().map(str::trim).unwrap_or_default();
    if let Some(words) = line.strip_prefix("docker stack deploy ") {
        // Compose reads the same files.
        let (files, _) = words.rsplit_once(' ').unwrap();
        return format!("docker compose {}", files.replace("-c ", "-f "));
    }
    let line = line.strip_suffix(" up -d");
    line.unwrap_or_else(|| panic!("no next step is printed: {outcome}")).to_owned()
}

/// Returns the differences between two models, except in the keys that an overlay writes. `trusted` are the
/// services with a CA or a server certificate, `without` the disabled services.
pub fn differences(
    before: &Value,
    after: &Value,
    trusted: &BTreeSet<String>,
    without: &BTreeSet<String>,
) -> Vec<String> {
    let mut found = Vec::new();
    let none = serde_json::Map::new();
    let services = |model: &Value| model["services"].as_object().unwrap_or(&none).clone();
    let (mut was, mut is) = (services(before), services(after));
    for (name, service) in &mut is {
        let Some(old) = was.get_mut(name) else { continue };
        if trusted.contains(name) {
            remove_additions(old, service);
        }
        if without.contains(name) {
            remove(old, "profiles");
            remove(service, "profiles");
        }
        for other in without {
            for service in [&mut *old, &mut *service] {
                if let Some(others) = service["depends_on"].get_mut(other) {
                    remove(others, "required");
                }
            }
        }
    }
    compare("services", &was.into(), &is.into(), &mut found);
    let rest = |model: &Value| {
        let mut rest = model.clone();
        remove(&mut rest, "services");
        // The names of configs that the overlay adds contain a digest.
        if let Some(configs) = rest["configs"].as_object_mut() {
            configs.retain(|name, _| !name.starts_with("trust-"));
        }
        if rest["configs"].as_object().is_none_or(serde_json::Map::is_empty) {
            remove(&mut rest, "configs");
        }
        rest
    };
    compare("", &rest(before), &rest(after), &mut found);
    found
}

/// Removes from a service, before and after, what an overlay adds or replaces.
fn remove_additions(old: &mut Value, service: &mut Value) {
    for row in TABLE {
        for service in [&mut *old, &mut *service] {
            remove(&mut service["environment"], row.name);
        }
    }
    for service in [old, service] {
        remove(&mut service["labels"], LABEL);
        for key in ["volumes", "configs"] {
            let Some(files) = service[key].as_array_mut() else { continue };
            let is_ours = |file: &Value| {
                let target = file["target"].as_str().unwrap_or_default();
                target == CUSTOM_CA
                    || Path::new(target).starts_with(DIRECTORY)
                    || target.ends_with("/policies/managed/trust-init.json")
            };
            files.retain(|file| !is_ours(file));
        }
        for key in ["environment", "labels", "volumes", "configs"] {
            let is_empty = match &service[key] {
                Value::Object(entries) => entries.is_empty(),
                Value::Array(elements) => elements.is_empty(),
                other => other.is_null(),
            };
            if is_empty {
                remove(service, key);
            }
        }
    }
}

fn remove(value: &mut Value, key: &str) {
    if let Some(entries) = value.as_object_mut() {
        entries.remove(key);
    }
}

fn compare(path: &str, was: &Value, is: &Value, found: &mut Vec<String>) {
    match (was, is) {
        (Value::Object(old), Value::Object(new)) => {
            let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
            for key in keys {
                let path = format!("{path}.{key}");
                let part = |entries: &serde_json::Map<_, _>| entries.get(key).cloned();
                match (part(old), part(new)) {
                    (Some(old), Some(new)) => compare(&path, &old, &new, found),
                    (Some(old), None) => found.push(format!("{path}: {old} was removed")),
                    (_, new) => {
                        found.push(format!("{path}: {} was added", new.unwrap_or_default()));
                    }
                }
            }
        }
        _ if was == is => {}
        _ => found.push(format!("{path}: {was} became {is}")),
    }
}
