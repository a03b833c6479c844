//! The decision for the images that self-hosters use most, from their names alone. docs/images.md is written from
//! the same table.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::setup::select::{image, only};

/// The smallest number of images in the table.
const LEAST: usize = 300;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// Returns the lines of the table: headings, and images with outcome and reason.
fn catalogue() -> String {
    fs::read_to_string(repository().join("tests/images/catalogue.txt")).unwrap()
}

#[test]
fn each_image_of_the_catalogue_has_its_decision() {
    let text = catalogue();
    let rows = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let rows: Vec<_> = rows.map(|line| line.split_once(' ').unwrap()).collect();
    let decide = |name: &str| only(image(name)).decision("it");
    let is_wrong = |(name, expected): &&(&str, &str)| decide(name) != *expected;
    let wrong = rows.iter().filter(is_wrong).map(|(name, expected)| {
        format!("{name}\n  expected: {expected}\n  decided:  {}\n", decide(name))
    });
    assert_eq!(wrong.collect::<String>(), "");
    let mut names: Vec<_> = rows.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rows.len(), "an image is in the table twice");
    assert!(names.len() >= LEAST, "{} images", names.len());
}

#[test]
fn the_page_of_images_is_the_catalogue() {
    let path = repository().join("docs/images.md");
    let page = fs::read_to_string(&path).unwrap();
    let first = catalogue().lines().next().unwrap().replacen('#', "##", 1);
    let (text, _) = page.split_once(&first).unwrap();
    let mut expected = text.to_owned();
    for line in catalogue().lines() {
        match (line.strip_prefix("# "), line.splitn(3, ' ').collect::<Vec<_>>().as_slice()) {
            (Some(heading), _) => {
                let _ = write!(
                    expected,
                    "## {heading}\n\n| image | decision | reason |\n|---|---|---|\n"
                );
            }
            (None, [name, outcome, reason]) => {
                let _ = writeln!(expected, "| `{name}` | {outcome} | {reason} |");
            }
            _ => expected.push('\n'),
        }
    }
    if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
        fs::write(path, expected).unwrap();
    } else {
        assert!(
            page == expected,
            "write docs/images.md: UPDATE_SNAPSHOT=1 cargo test --test it -- catalogue"
        );
    }
}
