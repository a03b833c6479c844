//! Code of both test programs: the projects and certificates that they use, and the documents that contain
//! their results. Code of a single test program is in its own directory.

pub mod document;
pub mod constant;

pub mod case;
pub mod random;
#[allow(
    clippy::format_collect,
    clippy::format_push_string,
    clippy::too_many_lines,
    reason = "tables"
)]
pub mod hostile;
pub mod odd_names;

pub mod recipe;
pub mod sign;
