//! What the environment's trust variables name at present.
//!
//! What a user or an image has set stays in force for that variable's readers, and goes to nobody
//! else. Who can look where a variable points is the caller: in the container itself, or, on the host,
//! in its image and its mounts.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;

use super::{Environment, Points, Row, Warning};
use crate::inspect::Anchors;

/// What a row's readers trust at present, as far as a variable says so.
#[derive(Debug)]
pub struct Pin<'a> {
    /// The row.
    pub row: &'static Row,
    /// The variable that says so: the row's own or one that its readers fall back to.
    pub variable: &'static str,
    /// The certificates there; `None` if that cannot be known from here.
    pub anchors: Option<Cow<'a, Anchors<'a>>>,
}

/// What a variable's value came to.
#[derive(Clone)]
pub enum Found<'a> {
    /// Certificates, in a file or in a directory.
    Anchors { anchors: Cow<'a, Anchors<'a>>, is_directory: bool },
    /// It names the merged bundle or the custom CAs that we published.
    Ours,
    /// Nothing can be read there.
    Unusable(String),
    /// What is there cannot be known from here.
    Unknown,
}

/// Asks `look` for what each of `rows` names, itself or through the variables its readers fall back
/// to.
pub fn pins<'a>(
    rows: impl Iterator<Item = &'static Row>,
    environment: &Environment,
    mut look: impl FnMut(&OsStr) -> Found<'a>,
) -> (Vec<Pin<'a>>, Vec<Warning>) {
    let (mut pins, mut warnings) = (Vec::new(), Vec::new());
    // Many images set several variables to one file: it is read once.
    let mut seen: BTreeMap<&OsStr, Found<'a>> = BTreeMap::new();
    for row in rows {
        for variable in std::iter::once(&row.name).chain(row.falls_back_to) {
            let Some(value) = environment.get(variable).filter(|value| !value.is_empty()) else {
                continue;
            };
            let found = seen.entry(value).or_insert_with(|| look(value)).clone();
            let cause = match found {
                // A directory serves whoever replaces roots; clients that add to theirs want a file.
                Found::Anchors { anchors, is_directory }
                    if row.points == Points::Bundle || !is_directory =>
                {
                    pins.push(Pin { row, variable, anchors: Some(anchors) });
                    break;
                }
                Found::Unknown => {
                    pins.push(Pin { row, variable, anchors: None });
                    break;
                }
                Found::Ours => break,
                Found::Unusable(cause) => cause,
                Found::Anchors { .. } => "it is a directory".to_owned(),
            };
            // Said once, where the variable is looked at for its own sake.
            if *variable == row.name || *variable == "SSL_CERT_DIR" {
                let value = value.to_owned();
                warnings.push(Warning::Unusable { name: variable, value, cause });
            }
        }
    }
    (pins, warnings)
}
