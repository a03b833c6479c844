//! Properties of every project, tested on pseudo-random projects with the real Compose: our own reader
//! returns what Compose returns, so the overlay is the same with and without docker; and only our keys of the
//! merged model change.

use std::collections::BTreeSet;
use std::ffi::OsString;

use trust_init::compose::project::files::{ProjectOptions, find};
use trust_init::compose::project::offline;
use trust_init::compose::project::read::read;
use trust_init::compose::project::{Project, Reading};
use trust_init::sys::diagnostic::Diagnostic;

use crate::model::{Desk, compose, differences, next};
use crate::setup::golden::named;
use crate::support::random::Random;

/// The number of projects; each takes half a second.
const ROUNDS: u64 = 30;

/// Returns the project as Compose reads it, and as our own reader does. Compose rewrites values that are
/// numbers or dates in old YAML; no path is such a value, so variables with them are ignored.
fn readings(desk: &Desk, words: &[String]) -> [Project; 2] {
    let files = words.windows(2).filter(|pair| pair[0] == "-f").map(|pair| desk.path(&pair[1]));
    let asked = ProjectOptions { files: files.collect(), ..ProjectOptions::default() };
    let shell =
        ["PATH", "HOME"].map(|name| (OsString::from(name), std::env::var_os(name).unwrap()));
    let asked = match asked.files.as_slice() {
        [] => ProjectOptions { directory: Some(desk.path("")), ..asked },
        _ => asked,
    };
    let place = find(&asked, &shell.into_iter().collect(), &desk.path("")).unwrap();
    let lookup = |name: &str| place.variables.get(name);
    let (with, note) = read(&place).unwrap();
    assert!(note.is_none(), "{}", Diagnostic::from(&note.unwrap()));
    let without = offline::read(&place.files.files, &place.base, &lookup).unwrap();
    [with, without].map(|mut project| {
        project.reading = Reading::Complete;
        for service in project.services.values_mut() {
            service.has_unread_environment = false;
            service.environment.retain(|name, _| !name.starts_with('N'));
            // A profile that is listed twice counts once.
            service.profiles.sort();
            service.profiles.dedup();
            service.ties.dedup();
            service.mounts.sort_by(|one, other| one.target.cmp(&other.target));
        }
        project
    })
}

fn holds(seed: u64) {
    let desk = Desk::new();
    let mut random = Random::new(seed);
    random.lay_out(&desk.path(""));
    let shown = format!("seed {seed}\n{}", random.text());
    let words = &random.words;
    let [with, without] = readings(&desk, words);
    assert!(with.services.keys().eq(without.services.keys()), "different services: {shown}");
    for (name, service) in &with.services {
        assert_eq!(service, &without.services[name], "{name} is read differently: {shown}");
    }
    assert_eq!(with.name, without.name, "{shown}");

    let before = desk.model(&compose(words));
    let (alone, outcome) = (desk.setup_alone(words), desk.setup(words));
    let refusal = |text: &str| text.split_once("error: ").map(|(_, cause)| cause.to_owned());
    assert_eq!(refusal(&outcome.stderr), refusal(&alone.stderr), "{shown}");
    if outcome.code != 0 {
        return;
    }
    let overlay = desk.read("docker-compose.ca.yml");
    let after = desk.model(&next(&outcome));
    let (trusted, off) = named(&overlay, words);
    let found = differences(&before, &after, &trusted, &off);
    assert!(found.is_empty(), "{found:#?}: {shown}\n{overlay}");
    let off = trusted.is_empty() && off.is_empty();
    assert!(off || !differences(&before, &after, &BTreeSet::new(), &BTreeSet::new()).is_empty());

    desk.setup_alone(words).exits(0);
    assert_eq!(
        desk.read("docker-compose.ca.yml"),
        overlay,
        "another overlay without docker: {shown}"
    );
    desk.types("trust-compose remove").exits(0);
    assert_eq!(desk.model(&compose(words)), before, "{shown}");
}

#[test]
fn any_project_is_read_the_same_without_compose_and_gets_only_our_keys() {
    for seed in 0..ROUNDS {
        holds(seed);
    }
}
