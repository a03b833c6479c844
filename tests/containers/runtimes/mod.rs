//! Every runtime of docs/compatibility.md: the table of clients, their calls to servers, and the document.

mod table;
mod pypi;
mod npm;
mod crates;
mod debian;
mod programs;

mod image;
mod ask;
mod document;

mod matrix;
