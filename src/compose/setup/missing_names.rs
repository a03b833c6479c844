//! Servers that services ask for by address, and whose certificate does not name it: a client says "IP
//! address mismatch" then, long after, and not what mends it.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::net::IpAddr;

use crate::compose::certs::server_name::Name;
use crate::compose::inputs::{ServerFiles, missing_names};
use crate::compose::project::Setting;
use crate::compose::select::Choice;
use crate::sys::quote;

/// How a URL begins behind which there is TLS.
const SECURE: [&str; 2] = ["https://", "wss://"];

/// Addresses that a certificate is not for.
pub struct Lacking<'a> {
    pair: &'a ServerFiles,
    /// Each with who asks for it.
    addresses: Vec<(IpAddr, String)>,
    /// What adds them.
    command: Option<String>,
}

impl<'a> Lacking<'a> {
    /// Those that the environment of `choices` names, and the certificate of `pair` does not.
    pub fn of(
        pair: &'a ServerFiles,
        choices: impl Iterator<Item = &'a Choice<'a>>,
    ) -> Option<Self> {
        let mut asked = BTreeMap::new();
        for Choice { name, service, .. } in choices {
            for (variable, setting) in &service.environment {
                if let Setting::Value(value) = setting
                    && let Some(address) = address(value)
                {
                    let who = format!("{variable} of {}", quote::word(name));
                    asked.entry(address).or_insert(who);
                }
            }
        }
        let names: Vec<_> = asked.keys().copied().map(Name::Ip).collect();
        let (names, command) = missing_names(pair, &names)?;
        let addresses =
            asked.into_iter().filter(|(address, _)| names.contains(&Name::Ip(*address)));
        Some(Self { pair, addresses: addresses.collect(), command })
    }
}

/// The address that a URL names, if TLS is spoken there.
fn address(url: &str) -> Option<IpAddr> {
    let rest = SECURE.iter().find_map(|scheme| url.strip_prefix(scheme))?;
    match rest.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?.parse().ok(),
        None => rest.split([':', '/', '?', '#']).next()?.parse().ok(),
    }
}

impl Display for Lacking<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses = self.addresses.iter().map(|(address, who)| format!("`{address}` ({who})"));
        let addresses = addresses.collect::<Vec<_>>().join(", ");
        let certificate = quote::path(&self.pair.certificate);
        write!(f, "{certificate} is not for {addresses}: clients refuse it there\nfix: ")?;
        match &self.command {
            Some(command) => write!(f, "have that added: `{command}`")?,
            None => f.write_str("have its issuer add that")?,
        }
        f.write_str(", unless the server there has another certificate")
    }
}
