//! Properties that hold for any input, tested with proptest on random values: the merged list, published
//! files, and the editor of `.env`.
//!
//! The seed is fixed, so a failure is reproducible and no file is kept. proptest shrinks a failure, which
//! then becomes a test of its own. PROPTEST_CASES and another seed give more cases.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use trust_init::compose::project::env_file;
use trust_init::compose::project::interpolate::escape;
use trust_init::compose::setup::write::managed_block::{insert, lines, remove};
use trust_init::compose::setup::write::variable::{assignment, is_assigned, value};
use trust_init::init::publish::{PublishOptions, publish};
use trust_init::trust::bundle::{self, Pem};
use trust_init::trust::keystore::{self, KeyStoreFormat};
use trust_init::trust::source::{Named, Origin, Roots};
use trust_init::trust::variables::TrustFile;

use crate::world::{BUNDLE, CUSTOM_CA, ROOTS, Scratch, World, gallery};

fn config(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { cases };
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..default }
}

/// Certificates of a few bytes: the merge only compares them.
fn certificates() -> impl Strategy<Value = Vec<Vec<u8>>> {
    // Around one and two lines of base64, and one long; few, so that each occurs more than once.
    let lengths = prop::sample::select(vec![1, 47, 48, 49, 96, 400_usize]);
    let certificate = (0..6_u8, lengths).prop_map(|(byte, length)| vec![byte; length]);
    prop::collection::vec(certificate, 0..9)
}

fn encoded(certificates: &[Vec<u8>]) -> Vec<Pem<'static>> {
    certificates.iter().map(|der| Pem::encode(der)).collect()
}

proptest! {
    #![proptest_config(config(512))]
    #[test]
    fn a_bundle_contains_every_certificate_once_custom_cas_first(
        custom in certificates(),
        roots in certificates(),
    ) {
        let mut expected: Vec<&Vec<u8>> = Vec::new();
        for der in custom.iter().chain(&roots) {
            if !expected.contains(&der) {
                expected.push(der);
            }
        }
        let (custom_pem, roots_pem) = (encoded(&custom), encoded(&roots));
        let merged = bundle::merge(&[&custom_pem, &roots_pem]);
        let found: Vec<_> = merged.certificates.iter().map(|pem| pem.decode().unwrap()).collect();
        prop_assert_eq!(found.iter().collect::<Vec<_>>(), expected);
        prop_assert_eq!(merged.duplicates, custom.len() + roots.len() - found.len());
        // In one encoding: other line lengths and line ends would give duplicates.
        for (pem, der) in merged.certificates.iter().zip(&found) {
            let text = std::str::from_utf8(pem.text()).unwrap();
            prop_assert_eq!(pem, &Pem::encode(der));
            prop_assert!(text.lines().all(|line| line.len() <= 64) && !text.contains('\r'));
        }
        let again = bundle::merge(&[&merged.certificates]);
        prop_assert_eq!((again.certificates, again.duplicates), (merged.certificates.clone(), 0));
    }
}

/// An event in a directory of bundles.
#[derive(Clone, Debug)]
enum Event {
    /// These files are published.
    Publish { files: BTreeMap<u8, Vec<Vec<u8>>>, is_dry: bool },
    /// The mode of the directory changes.
    Mode(u32),
    /// A file is truncated.
    Cut(prop::sample::Index),
    /// A file is removed.
    Lose(prop::sample::Index),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let files = prop::collection::btree_map(0..4_u8, certificates(), 1..4);
    let event = prop_oneof![
        6 => (files, prop::bool::weighted(0.2))
            .prop_map(|(files, is_dry)| Event::Publish { files, is_dry }),
        1 => prop::sample::select(vec![0o700, 0o755, 0o777, 0o1777]).prop_map(Event::Mode),
        1 => any::<prop::sample::Index>().prop_map(Event::Cut),
        1 => any::<prop::sample::Index>().prop_map(Event::Lose),
    ];
    prop::collection::vec(event, 1..9)
}

fn file(number: u8) -> TrustFile {
    let store = TrustFile::TrustStore(KeyStoreFormat::Pkcs12);
    [TrustFile::Bundle, TrustFile::Custom, TrustFile::Own("SSL_CERT_FILE"), store]
        [usize::from(number)]
    .clone()
}

/// Collects every file below `directory` with its contents.
fn walk(directory: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
}

proptest! {
    #![proptest_config(config(96))]
    #[test]
    fn published_files_are_whole_and_no_other_file_exists(events in events()) {
        let scratch = Scratch::new();
        let mut expected: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
        let mut cut = BTreeSet::new();
        for event in events {
            let existing: Vec<_> = expected.keys().cloned().collect();
            match event {
                Event::Mode(mode) => {
                    fs::set_permissions(scratch.path(), PermissionsExt::from_mode(mode)).unwrap();
                }
                Event::Cut(_) | Event::Lose(_) if existing.is_empty() => {}
                Event::Cut(index) => {
                    let path = index.get(&existing).clone();
                    let text = expected.get_mut(&path).unwrap();
                    text.truncate(text.len() / 2);
                    fs::write(&path, &*text).unwrap();
                    cut.insert(path);
                }
                Event::Lose(index) => {
                    let path = index.get(&existing);
                    fs::remove_file(path).unwrap();
                    expected.remove(path);
                    cut.remove(path);
                }
                Event::Publish { files, is_dry } => {
                    let files: Vec<_> = files
                        .into_iter()
                        .map(|(number, certificates)| (file(number), encoded(&certificates)))
                        .collect();
                    let path = scratch.path().to_path_buf();
                    let named = Named { path, origin: Origin::Option("--dir") };
                    let options = PublishOptions {
                        directory: Some(&named),
                        roots: Roots::System,
                        is_first: false,
                        prepares: false,
                        is_listed: false,
                        dry: is_dry,
                    };
                    let Ok(published) = publish(&files, &options) else {
                        prop_assert!(!cut.is_empty(), "refused, although no file had changed");
                        continue;
                    };
                    prop_assert_eq!(published.paths.len(), files.len());
                    for (file, certificates) in files.iter().filter(|_| !is_dry) {
                        let path = published.path(file).unwrap();
                        let text = match file {
                            TrustFile::TrustStore(format) => keystore::write(*format, certificates),
                            _ => certificates.iter().flat_map(Pem::text).copied().collect(),
                        };
                        prop_assert!(fs::read(path).unwrap() == text, "{:?} is not whole", path);
                        let mode = path.metadata().unwrap().permissions().mode() & 0o7777;
                        prop_assert_eq!(mode, 0o644);
                        prop_assert!(!cut.contains(path), "a truncated file is used as ours");
                        expected.insert(path.to_path_buf(), text);
                    }
                }
            }
            let mut found = BTreeMap::new();
            walk(scratch.path(), &mut found);
            prop_assert!(found == expected, "{:#?}", found.keys());
        }
    }
}

proptest! {
    #![proptest_config(config(12))]
    #[test]
    fn starts_in_any_order_leave_the_last_bundle_and_nothing_else(
        starts in prop::collection::vec(
            (prop::sample::subsequence(vec!["ca-ec.crt", "neighbour/ca.crt", "two.crt"], 1..=3),
             prop::bool::ANY, prop::sample::select(vec!["022", "0777", "000"])),
            1..5,
        ),
    ) {
        let world = World::new();
        for (names, is_damaged, umask) in starts {
            let text: Vec<_> = names.iter().map(|name| fs::read(gallery(name)).unwrap()).collect();
            world.write(CUSTOM_CA, text.concat());
            if is_damaged && world.has(BUNDLE) {
                world.write(BUNDLE, "-----BEGIN CERTIFICATE-----\nMII");
            }
            let words = ["sh", "-c", "cat \"$SSL_CERT_FILE\""];
            let run = world.trust_init(&words).before(&format!("umask {umask}")).run().succeeds();
            let blocks = |text: &str| -> Vec<String> {
                text.split_inclusive("-----END CERTIFICATE-----\n").map(str::to_owned).collect()
            };
            let custom = String::from_utf8(text.concat()).unwrap();
            let mut wanted: Vec<String> = Vec::new();
            for block in blocks(&custom).into_iter().chain(blocks(&world.read(ROOTS))) {
                if !wanted.contains(&block) {
                    wanted.push(block);
                }
            }
            prop_assert_eq!(blocks(&run.stdout()), wanted);
            prop_assert_eq!(world.names("/run/trust-init"), ["ca-bundle.crt", "custom-ca.crt"]);
        }
    }
}

/// A file of variables: with and without a final line end, with both kinds of line ends, with variables of
/// ours, and with invalid lines.
fn env() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        4 => "[A-C]=[a-z $\"'\\\\#]{0,6}".prop_map(String::into_bytes),
        1 => "(export )?COMPOSE_FILE ?[=:] ?[a-z.'\"]{0,8}".prop_map(String::into_bytes),
        1 => Just(b"# trust-compose: end of this".to_vec()),
        1 => "[ \t]{0,3}#?".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..8),
    ];
    let end = prop::sample::select(vec!["\n", "\n", "\r\n", "", "\r"]);
    let line = (line, end).prop_map(|(line, end)| [line, end.as_bytes().to_vec()].concat());
    let mark = prop::sample::select(vec!["", "", "\u{feff}"]);
    (mark, prop::collection::vec(line, 0..6))
        .prop_map(|(mark, lines)| [mark.as_bytes().to_vec(), lines.concat()].concat())
}

proptest! {
    #![proptest_config(config(1024))]
    #[test]
    fn a_line_in_an_env_file_takes_effect_and_is_removed_exactly(
        text in env(),
        list in "[a-zA-Z0-9 :;.,/\\\\$'\"#{}=ü-]{1,24}",
        other in "[a-z.:]{1,9}",
    ) {
        let (line, next) = (assignment(&list).unwrap(), assignment(&other).unwrap());
        prop_assert_eq!(value(&line), Some(list.clone()));
        let first = insert(Some(&text), std::slice::from_ref(&next), is_assigned).unwrap();
        let new = insert(Some(&first), std::slice::from_ref(&line), is_assigned).unwrap();
        prop_assert_eq!(lines(&new), Ok(Some(vec![line.clone()])));
        prop_assert_eq!(insert(Some(&new), &[line], is_assigned), Ok(new.clone()), "done again");
        prop_assert!(new.starts_with(&text), "not only our lines are new");
        prop_assert_eq!(remove(&new).unwrap().map(|rest| rest.text), Some(text.clone()));

        let parse = |text: &[u8]| env_file::parse(std::str::from_utf8(text).ok()?, &|_| None);
        if let (Some(mut before), Some(after)) = (parse(&text), parse(&new)) {
            before.insert("COMPOSE_FILE".to_owned(), escape(&list));
            prop_assert_eq!(after, before);
        }
    }
}
