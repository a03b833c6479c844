//! A compose file becomes an overlay, which contains only the keys of trust-compose, for existing services;
//! the project is otherwise read as before. For every second file, the last service is disabled.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use super::is_well_formed;
use serde_yaml::{Mapping, Value};
use trust_init::compose::decide::bundles;
use trust_init::compose::images::{Images, RootSets, RootsOrigin};
use trust_init::compose::layout::{DIRECTORY, LABEL};
use trust_init::compose::project::Project;
use trust_init::compose::project::error::ProjectError;
use trust_init::compose::project::offline;
use trust_init::compose::project::offline::source::ComposeFile;
use trust_init::compose::select::{self, Evidence, Outcome, SelectionOptions};
use trust_init::compose::setup::overlay::delivery::Delivery;
use trust_init::compose::setup::overlay::{self, Overlay, OverlaySpec};
use trust_init::compose::setup::trusted_services::ServiceContext;
use trust_init::compose::setup::{disabled_services, header, mount_conflicts};
use trust_init::sys::styled::Styled;
use trust_init::trust::bundle::Pem;
use trust_init::trust::root_stores::RootSource;
use trust_init::trust::source::CUSTOM_CA;
use trust_init::trust::variables::runtimes::Runtime;
use trust_init::trust::variables::{TABLE, java};

/// The project directory, which does not exist.
const BASE: &str = "/nowhere/project";

static CUSTOM: LazyLock<Vec<Pem<'static>>> = LazyLock::new(|| {
    let text = include_bytes!("../../tests/certs/neighbour/ca.crt");
    trust_init::trust::trust_anchors::anchors(text).into_owned().certificates
});

/// Tries one input; panics on a finding.
pub fn try_input(bytes: &[u8]) {
    let project = match read(&[bytes]) {
        Ok(project) => project,
        Err(error) => return is_well_formed(&error.into()),
    };
    let off: Vec<_> = project.services.keys().next_back().cloned().into_iter().collect();
    let off = if bytes.len().is_multiple_of(2) { off } else { Vec::new() };
    let Some(overlay) = overlaid(&project, &off) else { return };
    let named: BTreeSet<_> = check(&overlay, &project).into_iter().collect();

    // Only Compose reads `!override`.
    if overlay.text.contains("!override") {
        return;
    }
    let merged = read(&[bytes, overlay.text.as_bytes()]).expect("the overlay cannot be read");
    assert!(merged.services.keys().eq(project.services.keys()), "other services");
    for (name, before) in project.services {
        let mut after = merged.services[&name].clone();
        if named.contains(&name) {
            let is_ours =
                |target: &str| target == CUSTOM_CA || Path::new(target).starts_with(DIRECTORY);
            let is_theirs = |name: &String| !variables().any(|ours| ours == name);
            let mut before = before;
            for service in [&mut before, &mut after] {
                service.environment.retain(|name, _| is_theirs(name));
                service.mounts.retain(|mount| !is_ours(&mount.target));
                service.profiles.clear();
            }
            assert_eq!(after, before, "{name} changes beyond our keys");
        } else {
            assert_eq!(after, before, "{name} changes, which is not in the overlay");
        }
    }
}

fn read(texts: &[&[u8]]) -> Result<Project, ProjectError> {
    let sources =
        texts.iter().map(|text| ComposeFile::from_bytes(Path::new("compose.yml"), text.to_vec()));
    let sources = sources.collect::<Result<Vec<_>, _>>()?;
    // Variables of one letter have a value, which contains a reference to another variable.
    let lookup = |name: &str| (name.len() == 1).then(|| "a$b".to_owned());
    offline::project(&sources, Path::new(BASE), &lookup)
}

/// Returns the overlay that setup would write without a Docker engine.
fn overlaid(project: &Project, off: &[String]) -> Option<Overlay> {
    let disabled = disabled_services::resolve(project, off).inspect_err(is_well_formed).ok()?;
    let wishes =
        SelectionOptions { without: off.iter().cloned().collect(), ..SelectionOptions::default() };
    let evidence = Evidence { dockerfile: &|_| None, entrypoint: &|_| None };
    let choices = select::select(project, &wishes, evidence).expect("nothing is wished");
    select::write_table(&mut Styled::default(), "SERVICE", &choices, |reason| reason.to_string());
    let trusting = || choices.iter().filter(|choice| choice.outcome == Outcome::Trust);
    for choice in trusting() {
        let check = mount_conflicts::check(choice.name, choice.service, &[], &CUSTOM);
        check.inspect_err(is_well_formed).ok()?;
    }
    let services = trusting().map(|choice| (choice.name, (0, RootsOrigin::NoImage)));
    let root_sets = RootSets { sources: vec![RootSource::Unwanted], services: services.collect() };
    let public: Vec<_> =
        root_sets.sources.iter().map(trust_init::trust::trust_anchors::roots).collect();
    let (images, root_sets, for_java) = (&Images::default(), &root_sets, &CUSTOM);
    let context = ServiceContext { project, images, root_sets, public: &public, for_java };
    let trusted = context.trusted_services(trusting(), &|warning| is_well_formed(&warning));
    let words: Vec<_> = ["--without".to_owned()].into_iter().chain(off.iter().cloned()).collect();
    // A name with a line end must not end the comment that it is in.
    let head = header::header(&[], &words);
    assert!(head.lines().all(|line| line.starts_with('#')), "{head}");
    assert_eq!(header::options(&head), words);
    let spec = OverlaySpec {
        base: Path::new(BASE),
        custom: &CUSTOM,
        bundles: &bundles(&CUSTOM, &public),
        trusted: trusted.services,
        serving: Vec::new(),
        disabled,
        delivery: &Delivery::Mounts,
    };
    Some(overlay::overlay(&spec).expect("YAML cannot express it"))
}

/// Checks that the overlay contains only keys of trust-compose; returns the services in it.
fn check(overlay: &Overlay, project: &Project) -> Vec<String> {
    let text = &overlay.text;
    let whole: BTreeMap<String, BTreeMap<String, Mapping>> =
        serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert!(whole.keys().eq(["services"]), "{text}");
    for (name, stanza) in &whole["services"] {
        assert!(project.services.contains_key(name), "{name:?} is no service: {text}");
        for (key, value) in stanza {
            let key = key.as_str().expect("a key is no text");
            match (key, value) {
                ("environment", Value::Mapping(pairs)) => {
                    for name in pairs.keys() {
                        assert!(variables().any(|ours| *name == *ours), "{name:?}: {text}");
                    }
                }
                ("labels", Value::Mapping(pairs)) => {
                    assert!(pairs.keys().all(|name| *name == *LABEL), "{text}");
                }
                ("volumes", Value::Sequence(mounts)) => mounts.iter().for_each(|mount| {
                    let is = |key: &str, start: &str| {
                        mount[key].as_str().is_some_and(|path| path.starts_with(start))
                    };
                    assert!(is("source", "./.trust/"), "{text}");
                    assert!(is("target", CUSTOM_CA) || is("target", DIRECTORY), "{text}");
                    assert_eq!(mount["read_only"], Value::Bool(true), "{text}");
                }),
                ("depends_on", Value::Mapping(others)) => {
                    assert!(
                        others.keys().all(|name| name
                            .as_str()
                            .is_some_and(|name| project.services.contains_key(name))),
                        "{text}"
                    );
                }
                ("profiles", _) => {}
                _ => panic!("{key} is not ours: {text}"),
            }
        }
    }
    whole["services"].keys().cloned().collect()
}

/// The variables that an overlay may set.
fn variables() -> impl Iterator<Item = &'static str> {
    let settings =
        [Runtime::Php, Runtime::Wget, Runtime::Wget2, Runtime::Erlang].map(Runtime::variable);
    TABLE.iter().map(|row| row.name).chain([java::JAVA_TOOL_OPTIONS]).chain(settings)
}
