//! The table of the clients: each is one row here, in the file of whoever packages it, and one row of
//! docs/compatibility.md for each image it is in.

use super::{crates, debian, npm, programs, pypi};

/// A program or a library that speaks TLS, and how it is asked.
#[derive(Clone, Copy)]
pub struct Client {
    pub runtime: &'static str,
    pub name: &'static str,
    /// Where it is; CI tries the first, the full matrix all.
    pub images: &'static [&'static str],
    /// CI does not even try that: it is slow, or like another, or an old version of one.
    pub seldom: bool,
    /// A shell's command that prints the version somewhere.
    pub version: &'static str,
    /// A shell's command that asks `$URL`, which is of `$HOST` and `$PORT`.
    pub asks: &'static str,
    /// What it prints only if the server was trusted.
    pub served: &'static str,
    /// Why it cannot be reached and what its owner can do; empty where any means reaches it.
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
