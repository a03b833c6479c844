//! The server's certificate and key, mounted from where they lie.

use std::net::IpAddr;
use std::path::PathBuf;

use crate::cli::{Named, Origin};
use crate::compose::inputs::Server;
use crate::compose::overlay::Serving;
use crate::compose::place;
use crate::compose::proxy::{self, Proxy};
use crate::compose::refusal::Refusal;
use crate::discover::{Label, Source, Standing, file};
use crate::inspect::contents::contents;
use crate::inspect::details::Details;

/// A server's certificate and key.
pub struct Served {
    /// The certificate's path.
    pub certificate: PathBuf,
    /// The key's.
    pub key: PathBuf,
    /// The first of the certificate's addresses under which others reach this machine.
    pub address: Option<IpAddr>,
    text: Vec<u8>,
}

impl Served {
    /// Reads the certificate.
    pub fn read(server: &Server) -> Result<Self, Refusal> {
        let path = server.certificate.clone();
        let label = Label::Path(Named { path, origin: Origin::Option("--custom-ca") });
        let bytes = file::read(&server.certificate, &mut file::FILE_LIMIT.clone())
            .map_err(|problem| file::Unreadable { label: label.clone(), problem })?;
        let source = Source { label, standing: Standing::Named, bytes };
        let found = contents(&source).unwrap_or_default().certificates;
        let names = found.first().map(|leaf| Details::of(leaf).names).unwrap_or_default();
        let mut addresses = names.iter().filter_map(|name| name.strip_prefix("IP:")?.parse().ok());
        Ok(Self {
            certificate: place::absolute(&server.certificate),
            key: place::absolute(&server.key),
            address: addresses.find(|address: &IpAddr| !address.is_loopback()),
            text: source.bytes,
        })
    }
}

/// What each proxy serves.
pub fn serving<'a>(proxies: &[Proxy<'a>], served: Option<&'a Served>) -> Vec<Serving<'a>> {
    let serve = |proxy: &Proxy<'a>| {
        let Served { certificate, key, text, .. } = served?;
        let snippet = proxy.is_caddy.then(proxy::snippet);
        Some(Serving { name: proxy.name, certificate, text, key, snippet })
    };
    proxies.iter().filter_map(serve).collect()
}
