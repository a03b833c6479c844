//! YAML that is written: mappings whose keys keep the order in which they are given.

use serde_yaml::{Mapping, Value};

use crate::sys::diagnostic::Diagnostic;

impl From<serde_yaml::Error> for Diagnostic {
    fn from(error: serde_yaml::Error) -> Self {
        Self::cannot("write", "YAML").because(error).advise("report this, with your files")
    }
}

/// A mapping in this order.
pub(crate) fn mapping_of<const N: usize>(pairs: [(&str, Value); N]) -> Mapping {
    pairs.into_iter().map(|(key, value)| (key.into(), value)).collect()
}

/// The same as a value.
pub(crate) fn mapping<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    mapping_of(pairs).into()
}

/// `text` without the comment lines at its beginning, which can ask for the same in several ways.
pub(crate) fn without_comments(text: &str) -> &str {
    let mut rest = text;
    while let Some((_, below)) = rest.strip_prefix('#').and_then(|line| line.split_once('\n')) {
        rest = below;
    }
    rest
}
