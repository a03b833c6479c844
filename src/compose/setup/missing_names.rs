//! Servers that services connect to by an address that the certificate lacks: without this warning, a client
//! reports "IP address mismatch" much later, and not how to fix it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::compose::certs::server_name::ServerName;
use crate::compose::inputs::{ServerFiles, missing_names};
use crate::compose::project::Setting;
use crate::compose::select::Choice;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// How the URLs of TLS servers begin.
const SECURE: [&str; 2] = ["https://", "wss://"];

/// Warns of the addresses that the environment of `choices` names with TLS, and the certificate of `pair` does
/// not.
pub(crate) fn missing_addresses<'a>(
    pair: &ServerFiles,
    choices: impl Iterator<Item = &'a Choice<'a>>,
) -> Option<Diagnostic> {
    let mut asked = BTreeMap::new();
    for Choice { name, service, .. } in choices {
        for (variable, setting) in &service.environment {
            if let Setting::Value(value) = setting
                && let Some(address) = address(value)
            {
                let user = format!("{variable} of {}", quote::word(name));
                asked.entry(address).or_insert(user);
            }
        }
    }
    let names: Vec<_> = asked.keys().copied().map(ServerName::Ip).collect();
    let (names, command) = missing_names(pair, &names)?;
    let addresses = asked.iter().filter(|(address, _)| names.contains(&ServerName::Ip(**address)));
    let addresses: Vec<_> =
        addresses.map(|(address, user)| format!("`{address}` ({user})")).collect();
    let cause = format!(
        "{} is not valid for {}: clients refuse it there",
        quote::path(&pair.certificate),
        addresses.join(", ")
    );
    let add = match command {
        Some(command) => format!("add that: `{command}`"),
        None => "have its issuer add that".to_owned(),
    };
    let fix = format!("{add}, unless the server there has another certificate");
    Some(Diagnostic::statement(cause).advise(fix))
}

/// The address in a URL of a TLS server.
fn address(url: &str) -> Option<IpAddr> {
    let rest = SECURE.iter().find_map(|scheme| url.strip_prefix(scheme))?;
    match rest.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?.parse().ok(),
        None => rest.split([':', '/', '?', '#']).next()?.parse().ok(),
    }
}
