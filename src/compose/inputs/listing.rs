//! Lists in messages, shortened: items, subjects of certificates, contents of an archive.

use crate::sys::output;
use crate::sys::quote;
use crate::trust::certificate::Certificate;

/// Number of items that a list shows.
const SHOWN: usize = 5;

/// Returns the first few of `items` and the number of the others.
pub(crate) fn first_few(items: &[String]) -> String {
    let shown = items.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Returns the quoted subjects of certificates.
pub(crate) fn list_subjects(certificates: &[Certificate]) -> String {
    let quoted = certificates.iter().map(|found| quote::word(&found.subject).to_string());
    first_few(&quoted.collect::<Vec<_>>())
}

/// Returns the contents of an archive besides CAs.
pub(crate) fn list_contents(keys: usize, others: &[Certificate]) -> String {
    match (keys, others) {
        (0, []) => "nothing".to_owned(),
        (0, _) => list_subjects(others),
        (_, []) => output::count(keys, "key"),
        _ => format!("{} and {}", output::count(keys, "key"), list_subjects(others)),
    }
}
