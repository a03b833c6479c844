//! The managed block in a user's `.env`: adding it sets the intended variable, adding it again changes
//! nothing, and removing it restores every byte. The input is the file and, after its last NUL, if it has
//! one, the list of compose files.

use super::is_printable;
use trust_init::compose::project::env_file;
use trust_init::compose::project::interpolate::escape;
use trust_init::compose::setup::write::managed_block::{insert, lines, remove};
use trust_init::compose::setup::write::variable::{assignment, is_assigned, value};

const USUAL: &[u8] = b"docker-compose.yml:docker-compose.ca.yml";

/// Tries one input; panics on a finding.
pub fn try_input(bytes: &[u8]) {
    let cut = bytes.iter().rposition(|byte| *byte == 0);
    let (text, list) = cut.map_or((bytes, USUAL), |at| (&bytes[..at], &bytes[at + 1..]));
    let list = String::from_utf8_lossy(list);
    let Some(line) = assignment(&list) else { return };
    assert!(is_assigned(line.as_bytes()) && value(&line).as_deref() == Some(&list), "{line}");

    let new = match insert(Some(text), std::slice::from_ref(&line), is_assigned) {
        Ok(new) => new,
        Err(damage) => return is_printable(&damage),
    };
    assert_eq!(lines(&new), Ok(Some(vec![line.clone()])));
    assert_eq!(insert(Some(&new), &[line], is_assigned).as_ref(), Ok(&new), "done again");
    let rest = remove(&new).expect("it was just written").expect("it was just written");
    let before = remove(text).expect("it was found whole").map(|rest| rest.text);
    assert_eq!(rest.text, before.as_deref().unwrap_or(text), "not as it was");

    let parse = |text: &[u8]| env_file::parse(std::str::from_utf8(text).ok()?, &|_| None);
    let (Some(mut before), Some(after)) = (parse(&rest.text), parse(&new)) else { return };
    before.insert("COMPOSE_FILE".to_owned(), escape(&list));
    assert_eq!(after, before, "the variables are others");
}
