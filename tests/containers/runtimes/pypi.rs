//! Clients from the registry of that name.

use super::table::Client;

pub const CLIENTS: &[Client] = &[];
