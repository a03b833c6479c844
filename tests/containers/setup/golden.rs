//! Every case of tests/compose with the real Compose: the overlay is the same as without Compose, the command
//! that is printed as the next step works, and Compose merges only our keys.

use std::collections::BTreeSet;

use crate::model::{Desk, compose, differences, next};
use crate::support::case::cases;

/// Returns the services to which an overlay adds files, and those that it disables.
pub fn named(overlay: &str, words: &[String]) -> (BTreeSet<String>, BTreeSet<String>) {
    let tree: serde_yaml::Value = serde_yaml::from_str(overlay).unwrap();
    let services = tree["services"].as_mapping().unwrap();
    let has_files = |stanza: &serde_yaml::Value| {
        ["volumes", "configs"].iter().any(|key| stanza.get(key).is_some())
    };
    let with_files = services.iter().filter(|(_, stanza)| has_files(stanza));
    let trusted = with_files.map(|(name, _)| name.as_str().unwrap().to_owned()).collect();
    let without = words.windows(2).filter(|pair| pair[0] == "--without");
    (trusted, without.map(|pair| pair[1].clone()).collect())
}

#[test]
fn each_case_gets_its_overlay_and_nothing_else_changes() {
    for case in cases() {
        let desk = Desk::new();
        case.lay_out(&desk.path("."));
        let words = case.words();
        let before = desk.model(&compose(&words));

        let outcome = desk.setup(&words).exits(0).never_says("without Compose");
        let overlay = desk.read("docker-compose.ca.yml");
        case.expects(&overlay);

        let after = desk.model(&next(&outcome));
        let (trusted, without) = named(&overlay, &words);
        let found = differences(&before, &after, &trusted, &without);
        assert!(found.is_empty(), "{}: {found:#?}", case.name());
        let none = BTreeSet::new();
        assert!(!differences(&before, &after, &none, &none).is_empty(), "no difference at all");

        desk.types("trust-compose remove").exits(0);
        assert_eq!(desk.model(&compose(&words)), before, "{}", case.name());
    }
}
