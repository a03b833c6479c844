//! The server's certificate and key, mounted from where they lie.

use std::net::IpAddr;
use std::path::PathBuf;

use crate::compose::inputs::Server;
use crate::compose::project::files;
use crate::compose::setup::overlay::Serving;
use crate::compose::setup::proxy::{self, Proxy};
use crate::trust::certificate::subject_alt_name::SubjectAltName;

/// A server's certificate and key.
pub struct Served<'a> {
    /// The certificate's path.
    pub certificate: PathBuf,
    /// The key's.
    pub key: PathBuf,
    /// The first of the certificate's addresses under which others reach this machine.
    pub address: Option<IpAddr>,
    text: &'a [u8],
}

impl<'a> Served<'a> {
    /// Those of `server`, seen from the root.
    pub fn of(server: &'a Server) -> Self {
        let mut addresses = server.names.iter().filter_map(|name| match name {
            SubjectAltName::Ip(address) => Some(*address),
            _ => None,
        });
        Self {
            certificate: files::absolute(&server.certificate),
            key: files::absolute(&server.key),
            address: addresses.find(|address: &IpAddr| !address.is_loopback()),
            text: &server.text,
        }
    }
}

/// What each proxy serves.
pub fn serving<'a>(proxies: &[Proxy<'a>], served: Option<&'a Served<'a>>) -> Vec<Serving<'a>> {
    let serve = |proxy: &Proxy<'a>| {
        let Served { certificate, key, text, .. } = served?;
        let snippet = proxy.is_caddy.then(proxy::snippet);
        Some(Serving { name: proxy.name, certificate, text, key, snippet })
    };
    proxies.iter().filter_map(serve).collect()
}
