//! The example stacks of compose/ as in a clone of the repository: a copy of one, with its images built, in
//! which tests run the commands of its README.
//!
//! Images of public.Dockerfile replace the public images that the stacks name; nothing else is replaced.

use std::collections::BTreeSet;
use std::fs;
use std::ops::{Deref, DerefMut};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::engine::{Outcome, call, docker, docker_build, repository, trust_init};
use crate::init::image::machine_roots;
use crate::project::{Project, unique_name};
use crate::site::Folder;

/// The start of the names of images that the tests build for the stacks.
const PREFIX: &str = "trust-init-test/stacks/";

/// The images in public.Dockerfile.
const PUBLIC: [&str; 8] =
    ["caddy", "debian", "golang", "nginx", "node", "postgres", "python", "redis"];

pub struct Stack {
    which: &'static str,
    project: Project,
    /// Contains a link to `scripts`, as the stacks expect it above them.
    _clone: Folder,
}

impl Deref for Stack {
    type Target = Project;

    fn deref(&self) -> &Project {
        &self.project
    }
}

impl DerefMut for Stack {
    fn deref_mut(&mut self) -> &mut Project {
        &mut self.project
    }
}

impl Stack {
    /// compose/NAME, with everything built and nothing started.
    #[track_caller]
    pub fn new(stack: &'static str) -> Self {
        let (clone, name) = (Folder::new(), unique_name());
        // Compose names a project after its folder.
        let folder = Folder(clone.0.join("compose").join(&name));
        copy(&format!("compose/{stack}"), &folder.0);
        symlink(repository().join("scripts"), clone.0.join("scripts")).unwrap();
        let mut project = Project::at(folder, name);
        for image in PUBLIC {
            project.exports(&format!("{}_IMAGE", image.to_uppercase()), &public(image));
        }
        let mut stack = Self { which: stack, project, _clone: clone };
        stack.build("");
        stack
    }

    /// Builds the images of the compose file below `place`, under the names that Compose gives them.
    #[track_caller]
    pub fn build(&mut self, place: &str) {
        let (model, folder) = (self.model(place), self.folder.0.join(place));
        let project = model["name"].as_str().expect("a name");
        for (service, settings) in model["services"].as_object().expect("services") {
            let build = &settings["build"];
            if build.is_null() {
                continue;
            }
            let image = image(self.which, &folder, &format!("{place}{service}"), build);
            let default = format!("{project}-{service}");
            let tag = settings["image"].as_str().unwrap_or(&default).to_owned();
            docker(["tag", &image, &tag]).exits(0);
            self.project.owns([tag]);
        }
    }

    /// The commands of the stack's README after `<!-- test: NAME -->`.
    #[track_caller]
    pub fn block(&self, name: &str) -> String {
        let path = format!("compose/{}/README.md", self.which);
        crate::init::readme::block_of(&path, name)
    }

    /// Runs them unchanged.
    #[track_caller]
    pub fn follows_readme(&self, name: &str) -> Outcome {
        self.types(&format!("set -e\n{}", self.block(name)))
    }

    /// Rebuilds the image of `service` from its current files.
    #[track_caller]
    pub fn rebuild(&self, service: &str) {
        let build = &self.model("")["services"][service]["build"];
        let tag = format!("{}-{service}", self.name);
        docker_build(build_words(&tag, &self.folder.0, build)).exits(0);
    }

    /// Asserts that `doctor` finds no fault, and that the servers it calls pass.
    #[track_caller]
    pub fn is_well(&self, options: &str) {
        let doctor = format!("trust-compose doctor {options} --strict --image {}", programs());
        let outcome = self.types(&doctor).exits(0).prints(": verified, TLS 1.3");
        assert!(!outcome.stdout.contains("warning ") && outcome.stderr.is_empty(), "{outcome}");
    }

    /// The compose file below `place` as Compose merges it.
    #[track_caller]
    fn model(&self, place: &str) -> Value {
        let words = format!("cd ./{place} && docker compose --profile '*' config --format json");
        serde_json::from_str(&self.types(&words).exits(0).stdout).expect("JSON")
    }
}

/// Copies the files below `from` that git tracks or would add.
fn copy(from: &str, to: &Path) {
    let root = repository().to_string_lossy();
    let list = call("60", "git", ["-C", &root, "ls-files", "-co", "--exclude-standard", from]);
    for path in list.exits(0).stdout.lines() {
        let target = to.join(path.strip_prefix(from).unwrap().trim_start_matches('/'));
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(repository().join(path), target).unwrap();
    }
}

/// Builds the local image that replaces a public one.
#[track_caller]
fn public(name: &str) -> String {
    let file = repository().join("tests/containers/public.Dockerfile");
    let (tag, file) = (format!("{PREFIX}{name}"), file.to_string_lossy().into_owned());
    let folder = repository().join("tests/containers").to_string_lossy().into_owned();
    once(&tag, || {
        let words = ["build", "--quiet", "--target", name, "--tag", &tag, "--file", &file, &folder];
        docker(words).exits(0);
    });
    tag
}

/// An image as docker/Dockerfile builds it, from the programs under test.
#[track_caller]
pub fn programs() -> String {
    let tag = format!("{PREFIX}trust-init");
    once(&tag, || {
        let folder = Folder::new();
        for program in ["trust-init", "trust-compose", "trust-doctor"] {
            fs::copy(trust_init().with_file_name(program), folder.0.join(program)).unwrap();
        }
        let doctor = folder.0.join("trust-doctor");
        fs::set_permissions(doctor, fs::Permissions::from_mode(0o711)).unwrap();
        let file = folder.write("Dockerfile", "FROM scratch\nCOPY trust-* /\n");
        let (file, folder) = (file.to_string_lossy(), folder.0.to_string_lossy());
        docker(["build", "--quiet", "--tag", &tag, "--file", &file, &folder]).exits(0);
    });
    tag
}

/// Builds the image of a service from its Dockerfile, with local base images.
#[track_caller]
fn image(stack: &str, folder: &Path, service: &str, build: &Value) -> String {
    let tag = format!("{PREFIX}{stack}-{}", service.replace('/', "-"));
    let words = build_words(&tag, folder, build);
    once(&tag, || {
        docker_build(&words).exits(0);
    });
    tag
}

/// Returns the arguments of `docker build` for that.
#[track_caller]
fn build_words(tag: &str, folder: &Path, build: &Value) -> Vec<String> {
    let context = folder.join(build["context"].as_str().expect("a context"));
    let file = context.join(build["dockerfile"].as_str().unwrap_or("Dockerfile"));
    let text = fs::read_to_string(&file).unwrap();
    let mut words: Vec<String> = vec!["build".into(), "--network=host".into()];
    words.extend([format!("--tag={tag}"), format!("--file={}", file.display())]);
    for (argument, default) in
        text.lines().filter_map(|line| line.strip_prefix("ARG ")?.split_once('='))
    {
        let name = default.split(':').next().unwrap();
        let base = match name {
            "trust-init" => programs(),
            name if PUBLIC.contains(&name) => public(name),
            _ => continue,
        };
        words.push(format!("--build-arg={argument}={base}"));
    }
    for (argument, value) in build["args"].as_object().into_iter().flatten() {
        words.push(format!("--build-arg={argument}={}", value.as_str().expect("a value")));
    }
    words.extend(build["target"].as_str().map(|target| format!("--target={target}")));
    words.extend(machine_roots().map(|path| format!("--secret=id=ca,src={path}")));
    words.push(context.to_string_lossy().into_owned());
    words
}

/// Calls `work` once per `tag` and process, one call at a time.
#[track_caller]
fn once(tag: &str, work: impl FnOnce()) {
    static DONE: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let mut done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    if done.insert(tag.to_owned()) {
        work();
    }
}
