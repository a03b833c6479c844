//! The table of clients. Each has one row in the file of its packager, and one row of docs/compatibility.md
//! for each of its images.

use super::{crates, debian, npm, programs, pypi};

/// A program or a library that speaks TLS, and the command that calls a server with it.
#[derive(Clone, Copy)]
pub struct Client {
    pub runtime: &'static str,
    pub name: &'static str,
    /// Images with the client; CI runs it in the first one, the full matrix in all.
    pub images: &'static [&'static str],
    /// Only the full matrix runs it: it is slow, similar to another one, or an old version.
    pub seldom: bool,
    /// A shell command whose output contains the version.
    pub version: &'static str,
    /// A shell command that requests `$URL`, on `$HOST` and `$PORT`.
    pub asks: &'static str,
    /// Text that it prints only if the server was trusted.
    pub served: &'static str,
    /// Why no means reaches it and what its owner can do; empty if a means reaches it.
    pub reason: &'static str,
}

pub const fn client(
    runtime: &'static str,
    name: &'static str,
    images: &'static [&'static str],
) -> Client {
    let served = "served over a verified connection";
    Client { runtime, name, images, version: "", asks: "", served, reason: "", seldom: false }
}

impl Client {
    pub const fn version(self, version: &'static str) -> Self {
        Self { version, ..self }
    }

    pub const fn asks(self, asks: &'static str) -> Self {
        Self { asks, ..self }
    }

    pub const fn served_says(self, served: &'static str) -> Self {
        Self { served, ..self }
    }

    pub const fn seldom(self) -> Self {
        Self { seldom: true, ..self }
    }

    pub const fn reason(self, reason: &'static str) -> Self {
        Self { reason, ..self }
    }
}

/// All of them, in the order of the document.
pub fn clients() -> Vec<Client> {
    let mut clients =
        [debian::CLIENTS, programs::CLIENTS, pypi::CLIENTS, npm::CLIENTS, crates::CLIENTS].concat();
    clients.sort_by_key(|client| (client.runtime.to_lowercase(), client.name.to_lowercase()));
    clients
}
