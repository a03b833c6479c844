//! The commands that start the project after `setup` or `remove`: with every compose file, ours last.

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

/// The commands to run after `setup` or `remove`.
#[derive(Debug)]
pub(crate) struct NextCommands {
    /// The project's files, and our overlay if it exists.
    pub files: ComposeFiles,
    /// The disabled services, whose containers are removed first.
    pub disabled: Vec<String>,
    /// The profiles of existing containers, except those of COMPOSE_PROFILES.
    pub profiles: Vec<String>,
    /// Whether Compose uses the files without `-f`.
    pub is_active: bool,
    /// The name of the stack, for a swarm.
    pub stack: Option<String>,
    /// The commands that get missing images, and then read their root certificates.
    pub fetch: Vec<String>,
}

impl NextCommands {
    /// Returns the commands for the project with our overlay.
    pub(crate) fn with_overlay(
        project_files: &ProjectFiles,
        project: &Project,
        shape: &Shape,
        is_active: bool,
        running: Option<Vec<LabeledContainer>>,
    ) -> Self {
        let mut files = project_files.files.clone();
        files.files.push(plain(&project_files.base, OVERLAY));
        // If no engine answers, containers may exist.
        let may_exist = |name: &&String| {
            running.as_ref().is_none_or(|all| all.iter().any(|found| found.service == **name))
        };
        Self {
            files,
            disabled: shape.without.iter().filter(may_exist).cloned().collect(),
            profiles: profiles(project_files, project, &running.unwrap_or_default()),
            is_active: is_active && project_files.obeys_env(),
            stack: shape.swarm.then(|| swarm::stack_name(project)),
            fetch: Vec::new(),
        }
    }

    /// Returns the commands for the project without it; a project that cannot be read contributes no
    /// profiles.
    pub(crate) fn without_overlay(project_files: &ProjectFiles, is_swarm: bool) -> Self {
        let project = read::read(project_files).map(|(project, _)| project).unwrap_or_default();
        let profiles = profiles(project_files, &project, &containers(&project).unwrap_or_default());
        let is_active = project_files.is_found_by_itself();
        let stack = is_swarm.then(|| swarm::stack_name(&project));
        Self {
            files: project_files.files.clone(),
            disabled: Vec::new(),
            profiles,
            is_active,
            stack,
            fetch: Vec::new(),
        }
    }

    /// Returns the commands for the services `absent`, whose images are not on this machine: setup then reads the
    /// root certificates, the variables and the JVMs of these images.
    pub(crate) fn fetch_commands(
        &self,
        project_files: &ProjectFiles,
        project: &Project,
        absent: &[String],
    ) -> Vec<String> {
        if absent.is_empty() || self.stack.is_some() {
            return Vec::new();
        }
        let is_built = |name: &String| {
            project.services.get(name).is_some_and(|service| service.build.is_some())
        };
        let (built, pulled): (Vec<_>, Vec<_>) = absent.iter().cloned().partition(is_built);
        let command = |verb: &str, names: &[String]| {
            let names = quote::shell_arguments(names);
            (!names.is_empty()).then(|| format!("{} {verb}{names}", self.compose()))
        };
        let options = quote::shell_arguments(&project_options(project_files, Path::new(".")));
        let again = Some(format!("trust-compose setup{options} --again"));
        [command("build", &built), command("pull", &pulled), again].into_iter().flatten().collect()
    }

    /// Returns the commands, one on each line.
    pub(crate) fn commands(&self) -> String {
        if let Some(stack) = &self.stack {
            return swarm::deploy_command(&self.files, stack);
        }
        let mut text = String::new();
        for command in &self.fetch {
            let _ = writeln!(text, "{command}");
        }
        for name in &self.disabled {
            let _ = writeln!(text, "{} rm -sf {}", self.compose_with(&[]), quote::shell(name));
        }
        let _ = writeln!(text, "{}", self.up());
        text
    }

    /// Returns `docker compose` with the project's files and profiles, quoted for a shell.
    pub(crate) fn compose(&self) -> String {
        self.compose_with(&self.profiles)
    }

    fn compose_with(&self, profiles: &[String]) -> String {
        let files = if self.is_active { Vec::new() } else { self.files.arguments() };
        let files = files.iter().map(|word| format!(" {}", quote::shell(word)));
        let profiles = profiles.iter().map(|name| format!(" --profile {}", quote::shell(name)));
        format!("docker compose{}", files.chain(profiles).collect::<String>())
    }

    /// Returns the last command, which starts the project.
    pub(crate) fn up(&self) -> String {
        if let Some(stack) = &self.stack {
            let commands = swarm::deploy_command(&self.files, stack);
            return commands.lines().last().unwrap_or_default().to_owned();
        }
        format!("{} up -d", self.compose())
    }

    /// Runs the commands, with their output on the terminal, and returns the exit code of the first that
    /// fails.
    ///
    /// # Errors
    /// When a command cannot be started.
    pub(crate) fn run(&self) -> Result<u8, Diagnostic> {
        let run = |arguments: &[&OsStr]| {
            docker::run_compose(&self.files, arguments).map_err(|failure| {
                let failed = Diagnostic::cannot("run", "`docker compose up`").because(failure);
                failed.advise("run the printed command where docker is installed")
            })
        };
        let code = |status: std::process::ExitStatus| {
            status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
        };
        for name in &self.disabled {
            let status = run(&["rm", "-sf", name].map(OsStr::new))?;
            if !status.success() {
                return Ok(code(status));
            }
        }
        let profiles = self.profiles.iter().flat_map(|profile| ["--profile", profile]);
        let arguments: Vec<_> = profiles.chain(["up", "-d"]).map(OsStr::new).collect();
        Ok(code(run(&arguments)?))
    }
}

/// Returns the command that writes the overlay again, for the current directory.
pub(crate) fn setup_command(project_files: &ProjectFiles, shape: &Shape) -> String {
    let here = Path::new(".");
    let options = [project_options(project_files, here), shape.options(here)].concat();
    format!("trust-compose setup{}", quote::shell_arguments(&options))
}

/// Returns the options that name the compose files, for the directory `base`; none if Compose finds the files
/// without them.
pub(crate) fn project_options(project_files: &ProjectFiles, base: &Path) -> Vec<String> {
    if project_files.origin != FilesOrigin::Option && !project_files.files.has_options() {
        return Vec::new();
    }
    // A name that begins with `-` would be read as an option.
    let path = |path: &PathBuf| match shorten(path, base) {
        path if path.as_os_str().as_encoded_bytes().starts_with(b"-") => Path::new(".").join(path),
        path => path.clone(),
    };
    let files = ComposeFiles {
        files: project_files.files.files.iter().map(path).collect(),
        directory: project_files.files.directory.as_ref().map(path),
        env_files: project_files.files.env_files.iter().map(path).collect(),
    };
    files.arguments().iter().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// Returns the project's containers, also stopped ones; `None` if no engine answers.
pub(crate) fn containers(project: &Project) -> Option<Vec<LabeledContainer>> {
    docker::containers(project.name.as_deref()?, LABEL).ok()
}

/// Returns a profile for each service that has a container and that Compose would ignore without it.
fn profiles(
    project_files: &ProjectFiles,
    project: &Project,
    running: &[LabeledContainer],
) -> Vec<String> {
    let known = project_files.variables.get("COMPOSE_PROFILES").unwrap_or_default();
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
