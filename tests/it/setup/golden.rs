//! Every case of tests/compose without a docker command: the written overlay, and its removal without a
//! trace.

use crate::desk::{Desk, trust_compose};
use crate::support::case::cases;
use crate::world::Outcome;

/// Runs trust-compose with an empty PATH.
pub fn run_alone(desk: &Desk, words: &[&str]) -> Outcome {
    let mut command = desk.command(&trust_compose(), words, "022");
    Outcome(command.env("PATH", "/nowhere").output().unwrap())
}

#[test]
fn every_case_gives_its_overlay_and_is_removed_without_a_trace() {
    for case in cases() {
        let desk = Desk::with(&["reflector.local", "192.168.1.100"]);
        case.lay_out(&desk.path("."));
        std::fs::copy(desk.path("certs/ca.crt"), desk.path("one.crt")).unwrap();
        let before = desk.contents(".");

        let words = case.words();
        let words: Vec<_> =
            std::iter::once("setup").chain(words.iter().map(String::as_str)).collect();
        run_alone(&desk, &words).succeeds();
        case.expects(&desk.read("docker-compose.ca.yml"));

        let first = desk.state(".");
        run_alone(&desk, &words).succeeds();
        assert_eq!(desk.state("."), first, "{}: a second run changed it", case.name());

        run_alone(&desk, &["remove"]).succeeds();
        assert_eq!(desk.contents("."), before, "{}: not restored", case.name());
    }
}
