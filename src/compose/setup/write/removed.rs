//! The note that `remove` leaves in `.trust/` while containers mount its files: the overlay was removed, and
//! is not lost. Its name ends in its digest, so it is known as ours and goes with the files.

use std::sync::LazyLock;

use crate::compose::layout::file_name;

/// What the note says.
pub(crate) const TEXT: &str =
    "The overlay was removed, but containers mount the files beside this one. Recreate them,
then remove this directory with: trust-compose remove
";

/// The note's name.
pub(crate) static NAME: LazyLock<String> =
    LazyLock::new(|| file_name("overlay-removed", "txt", TEXT.as_bytes()));
