//! Warns of IP addresses in `https://` URLs of services that the server certificate lacks: a client would
//! only report "IP address mismatch", much later.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::compose::certs::server_name::ServerName;
use crate::compose::inputs::{ServerFiles, missing_names};
use crate::compose::project::Setting;
use crate::compose::select::Choice;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// The schemes of TLS servers.
const TLS_SCHEMES: [&str; 2] = ["https://", "wss://"];

/// Warns of the addresses that the environment of `choices` contains in URLs of TLS servers, and the
/// certificate of `pair` lacks.
pub(crate) fn missing_addresses<'a>(
    pair: &ServerFiles,
    choices: impl Iterator<Item = &'a Choice<'a>>,
) -> Option<Diagnostic> {
    let mut users = BTreeMap::new();
    for Choice { name, service, .. } in choices {
        for (variable, setting) in &service.environment {
            if let Setting::Value(value) = setting
                && let Some(address) = address(value)
            {
                let user = format!("{variable} of {}", quote::word(name));
                users.entry(address).or_insert(user);
            }
        }
    }
    let names: Vec<_> = users.keys().copied().map(ServerName::Ip).collect();
    let (names, command) = missing_names(pair, &names)?;
    let addresses = users.iter().filter(|(address, _)| names.contains(&ServerName::Ip(**address)));
    let addresses: Vec<_> =
        addresses.map(|(address, user)| format!("`{address}` ({user})")).collect();
    let cause = format!(
        "{} is not valid for {}: clients will refuse it there",
        quote::path(&pair.certificate),
        addresses.join(", ")
    );
    let add = match command {
        Some(command) => format!("add the address: `{command}`"),
        None => "ask its issuer to add the address".to_owned(),
    };
    let fix = format!("{add}; or ignore this if that server has another certificate");
    Some(Diagnostic::statement(cause).advise(fix))
}

/// Returns the IP address in a URL of a TLS server.
fn address(url: &str) -> Option<IpAddr> {
    let rest = TLS_SCHEMES.iter().find_map(|scheme| url.strip_prefix(scheme))?;
    match rest.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?.parse().ok(),
        None => rest.split([':', '/', '?', '#']).next()?.parse().ok(),
    }
}
