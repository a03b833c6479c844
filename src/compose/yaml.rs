//! Builds YAML mappings whose keys keep their order.

use serde_yaml::{Mapping, Value};

use crate::sys::diagnostic::Diagnostic;

impl From<serde_yaml::Error> for Diagnostic {
    fn from(error: serde_yaml::Error) -> Self {
        Self::cannot("write", "YAML").because(error).advise("report this, with your files")
    }
}

/// Returns a mapping of `pairs`, in this order.
pub(crate) fn mapping_of<const N: usize>(pairs: [(&str, Value); N]) -> Mapping {
    pairs.into_iter().map(|(key, value)| (key.into(), value)).collect()
}

/// Returns [`mapping_of`] as a value.
pub(crate) fn mapping<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    mapping_of(pairs).into()
}

/// Returns `text` without its leading comment lines: the same result can be requested with different options.
pub(crate) fn without_comments(text: &str) -> &str {
    let mut rest = text;
    while let Some((_, below)) = rest.strip_prefix('#').and_then(|line| line.split_once('\n')) {
        rest = below;
    }
    rest
}
