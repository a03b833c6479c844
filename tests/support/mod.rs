//! What both test programs use: the projects and certificates that they try, and the documents that they compare
//! their results with. What only one of them uses is in its own directory.

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
