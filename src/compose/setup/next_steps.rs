//! The next step: the exact commands, with every file in force in its order and ours last.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::compose::cli::Shape;
use crate::compose::docker::{self, ComposeFiles, LabeledContainer};
use crate::compose::layout::{LABEL, OVERLAY};
use crate::compose::project::Project;
use crate::compose::project::files::{FilesOrigin, ProjectFiles, plain, shorten};
use crate::compose::project::read;
use crate::compose::setup::swarm;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// What comes after writing.
#[derive(Debug)]
pub(crate) struct Next {
    /// The project's files, and our overlay if it exists.
    pub files: ComposeFiles,
    /// The services to stop first.
    pub off: Vec<String>,
    /// The profiles that are in use, apart from those that Compose knows of by itself.
    pub profiles: Vec<String>,
    /// Whether Compose finds the files by itself.
    pub is_active: bool,
    /// The stack that they are deployed as, where that is so.
    pub stack: Option<String>,
}

impl Next {
    /// With our overlay.
    pub(crate) fn with_overlay(
        place: &ProjectFiles,
        project: &Project,
        shape: &Shape,
        is_active: bool,
        running: Option<Vec<LabeledContainer>>,
    ) -> Self {
        let mut files = place.files.clone();
        files.files.push(plain(&place.base, OVERLAY));
        // Where no engine answers, there may be some.
        let is_there = |name: &&String| {
            running.as_ref().is_none_or(|all| all.iter().any(|found| found.service == **name))
        };
        Self {
            files,
            off: shape.without.iter().filter(is_there).cloned().collect(),
            profiles: profiles(place, project, &running.unwrap_or_default()),
            is_active: is_active && place.obeys_env(),
            stack: shape.swarm.then(|| swarm::stack(project)),
        }
    }

    /// Without it. A project that cannot be read is not looked at for its profiles.
    pub(crate) fn without_overlay(place: &ProjectFiles, is_swarm: bool) -> Self {
        let project = read::read(place).map(|(project, _)| project).unwrap_or_default();
        let profiles = profiles(place, &project, &containers(&project).unwrap_or_default());
        let is_active = place.is_found_by_itself();
        let stack = is_swarm.then(|| swarm::stack(&project));
        Self { files: place.files.clone(), off: Vec::new(), profiles, is_active, stack }
    }

    /// The commands, a line each.
    pub(crate) fn commands(&self) -> String {
        if let Some(stack) = &self.stack {
            return swarm::deploy(&self.files, stack);
        }
        let mut text = String::new();
        for name in &self.off {
            let _ = writeln!(text, "{} rm -sf {}", self.compose_with(&[]), quote::shell(name));
        }
        let _ = writeln!(text, "{}", self.up());
        text
    }

    /// `docker compose` with the project's files and profiles, as a shell reads it.
    pub(crate) fn compose(&self) -> String {
        self.compose_with(&self.profiles)
    }

    fn compose_with(&self, profiles: &[String]) -> String {
        let files = if self.is_active { Vec::new() } else { self.files.arguments() };
        let files = files.iter().map(|word| format!(" {}", quote::shell(word)));
        let profiles = profiles.iter().map(|name| format!(" --profile {}", quote::shell(name)));
        format!("docker compose{}", files.chain(profiles).collect::<String>())
    }

    /// The last of the commands, which starts the project.
    pub(crate) fn up(&self) -> String {
        if let Some(stack) = &self.stack {
            let commands = swarm::deploy(&self.files, stack);
            return commands.lines().last().unwrap_or_default().to_owned();
        }
        format!("{} up -d", self.compose())
    }

    /// Runs them, for the user to see, and returns the exit code of the first that fails.
    ///
    /// # Errors
    /// When they cannot be started.
    pub(crate) fn run(&self) -> Result<u8, Diagnostic> {
        let show = |words: &[&OsStr]| {
            docker::run_compose(&self.files, words).map_err(|failure| {
                let run = Diagnostic::cannot("run", "`docker compose up`").because(failure);
                run.advise("run the printed command where docker is installed")
            })
        };
        let code = |status: std::process::ExitStatus| {
            status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
        };
        for name in &self.off {
            let status = show(&["rm", "-sf", name].map(OsStr::new))?;
            if !status.success() {
                return Ok(code(status));
            }
        }
        let profiles = self.profiles.iter().flat_map(|profile| ["--profile", profile]);
        let words: Vec<_> = profiles.chain(["up", "-d"]).map(OsStr::new).collect();
        Ok(code(show(&words)?))
    }
}

/// The command that writes the overlay again, typed here.
pub(crate) fn setup(place: &ProjectFiles, shape: &Shape) -> String {
    let here = Path::new(".");
    let options = [project_options(place, here), shape.words(here)].concat();
    let words = ["trust-compose", "setup"].map(str::to_owned).into_iter();
    words.chain(options.iter().map(quote::shell)).collect::<Vec<_>>().join(" ")
}

/// The options that name the compose files, as typed in the directory `base`; none if Compose finds the files by
/// itself.
pub(crate) fn project_options(place: &ProjectFiles, base: &Path) -> Vec<String> {
    if place.origin != FilesOrigin::Option && place.files.directory.is_none() {
        return Vec::new();
    }
    // A name that begins with `-` would be read as an option.
    let path = |path: &PathBuf| match shorten(path, base) {
        path if path.as_os_str().as_encoded_bytes().starts_with(b"-") => Path::new(".").join(path),
        path => path.clone(),
    };
    let files = ComposeFiles {
        files: place.files.files.iter().map(path).collect(),
        directory: place.files.directory.as_ref().map(path),
    };
    files.arguments().iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// The project's containers, also stopped ones; `None` where no engine answers.
pub(crate) fn containers(project: &Project) -> Option<Vec<LabeledContainer>> {
    docker::containers(project.name.as_deref()?, LABEL).ok()
}

/// A profile for each service that has a container and would not be looked at without one.
fn profiles(place: &ProjectFiles, project: &Project, running: &[LabeledContainer]) -> Vec<String> {
    let known = place.variables.get("COMPOSE_PROFILES").unwrap_or_default();
    let known: BTreeSet<_> = known.split(',').map(str::trim).collect();
    let mut all = BTreeSet::new();
    for container in running {
        let Some(service) = project.services.get(&container.service) else { continue };
        let is_on = |profile: &String| known.contains(profile.as_str()) || all.contains(profile);
        match service.profiles.first() {
            Some(first) if !service.profiles.iter().any(is_on) => _ = all.insert(first.clone()),
            _ => {}
        }
    }
    all.into_iter().collect()
}
