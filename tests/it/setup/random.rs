//! Properties of every project, tested on random projects without a docker command: a second setup changes
//! nothing, and removal leaves no trace. tests/containers tests the rest.

use crate::desk::{Desk, trust_compose};
use crate::support::random::Random;
use crate::world::Outcome;

/// The number of projects; each takes a fraction of a second.
const ROUNDS: u64 = 300;

fn run_alone(desk: &Desk, words: &[String]) -> Outcome {
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let mut command = desk.command(&trust_compose(), &words, "022");
    Outcome(command.env("PATH", "/nowhere").output().unwrap())
}

/// Tests the project of this seed; returns `false` if it is refused.
fn holds(seed: u64, desk: &Desk) -> bool {
    let mut random = Random::new(seed);
    random.lay_out(&desk.path("."));
    let shown = format!("seed {seed}\n{}", random.text());
    let words: Vec<_> = std::iter::once("setup".to_owned()).chain(random.words).collect();
    let before = desk.contents(".");

    let outcome = run_alone(desk, &words);
    if outcome.0.status.code() != Some(0) {
        assert_eq!(outcome.0.status.code(), Some(1), "{}\n{shown}", outcome.stderr());
        assert!(outcome.stderr().contains("fix: "), "{}\n{shown}", outcome.stderr());
        assert_eq!(desk.contents("."), before, "a file has changed: {shown}");
        return false;
    }
    let first = (desk.state("."), desk.contents("."));
    let again = run_alone(desk, &words);
    assert_eq!(again.0.status.code(), Some(0), "{}\n{shown}", again.stderr());
    assert!(
        first == (desk.state("."), desk.contents(".")),
        "not the same when done again: {shown}"
    );

    let gone = run_alone(desk, &["remove".to_owned()]);
    assert_eq!(gone.0.status.code(), Some(0), "{}\n{shown}", gone.stderr());
    let after = desk.contents(".");
    assert!(after == before, "not restored: {before:#?}\n{after:#?}\n{shown}");
    true
}

#[test]
fn a_second_setup_changes_nothing_and_removal_restores_any_project() {
    let certificates = Desk::with(&["reflector.local"]);
    let mut done = 0;
    for seed in 0..ROUNDS {
        let desk = Desk::new();
        desk.directory("certs", 0o700);
        for name in ["ca.crt", "ca.key", "server.pem", "server-key.pem"] {
            let from = certificates.path("certs").join(name);
            std::fs::copy(from, desk.path("certs").join(name)).unwrap();
        }
        std::fs::copy(desk.path("certs/ca.crt"), desk.path("one.crt")).unwrap();
        done += u64::from(holds(seed, &desk));
    }
    assert!(done > ROUNDS / 2, "only {done} of {ROUNDS} projects could be set up");
}
