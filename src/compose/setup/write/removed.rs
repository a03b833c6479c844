//! The note that `remove` writes to `.trust/` while containers mount its files: the overlay was removed, not
//! lost. Its name contains its digest, so a later run removes it with the files.

use std::sync::LazyLock;

use crate::compose::layout::file_name;

/// The text of the note.
pub(crate) const TEXT: &str =
    "The overlay was removed, but containers mount the files beside this one. Recreate them,
then remove this directory with: trust-compose remove
";

/// The name of the note.
pub(crate) static NAME: LazyLock<String> =
    LazyLock::new(|| file_name("overlay-removed", "txt", TEXT.as_bytes()));
