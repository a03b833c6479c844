//! What a run tells on stdout: what was made, for whom, until when, and what to do with it.

use std::fmt::{self, Display, Write as _};
use std::path::PathBuf;

use crate::compose::certs::existing::Standing;
use crate::compose::certs::host_stores::{MACHINES, keychain};
use crate::compose::certs::issue::Set;
use crate::compose::certs::plan::{Plan, plain};
use crate::compose::certs::server_name::Name;
use crate::compose::certs::{CA, CA_KEY, Order, SERVER, SERVER_KEY};
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::Details;
use crate::trust::source::Origin;

/// A directory with other things in it got no `.gitignore`.
pub struct NotIgnored(pub PathBuf);

impl Display for NotIgnored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} lies among files that are not ours, so no .gitignore was put there\n\
             fix: see that version control leaves it out",
            quote::path(&self.0)
        )
    }
}

/// The command for this directory with these names.
pub fn command(order: &Order, names: &[&str]) -> String {
    let mut command = "trust-compose certs".to_owned();
    for name in names {
        let _ = write!(command, " {}", quote::shell(name));
    }
    if let Some(ca) = &order.ca {
        let _ = write!(command, " --ca {}", quote::shell(&ca.path));
    }
    if order.out.origin != Origin::Default {
        let _ = write!(command, " --out {}", quote::shell(&order.out.path));
    }
    command
}

/// A dry run found an interrupted one.
pub fn unfinished(order: &Order) -> String {
    let path = quote::path(&order.out.path);
    format!("would first put in place what an interrupted run left ready in {path}\n")
}

/// An interrupted run was brought to its end.
pub fn finished(order: &Order) -> String {
    let path = quote::path(&order.out.path);
    format!("put in place what an interrupted run left ready in {path}")
}

/// Nothing had to be made. Under `--renew` not a word.
pub fn nothing(order: &Order, plan: &Plan, standing: &Standing) -> String {
    let mut text = String::new();
    if order.renew {
        return text;
    }
    let path = order.path(if order.ca_only { CA } else { SERVER });
    let _ = writeln!(text, "nothing to do: {} stands and is good", quote::path(&path));
    if let Some(authority) = &standing.authority {
        about(&mut text, &authority.certificate);
    }
    if let (false, Some(server)) = (plan.names.is_empty(), &standing.server) {
        names(&mut text, &server.details);
        dates(&mut text, &server.certificate);
    }
    text
}

/// What a dry run would have done.
pub fn intended(order: &Order, plan: &Plan, standing: &Standing) -> String {
    let mut text = String::new();
    let mut line = |what: &str, files: [&str; 2]| {
        let [one, other] = files.map(|file| quote::path(&order.path(file)).to_string());
        let _ = writeln!(text, "would make {one} and {other}: {what}");
    };
    if plan.makes_authority {
        line("a CA", [CA, CA_KEY]);
    }
    if let Some(reason) = &plan.server {
        let names: Vec<_> = plan.names.iter().map(ToString::to_string).collect();
        let what = format!("a server's certificate for {}; {reason}", names.join(", "));
        line(&what, [SERVER, SERVER_KEY]);
    }
    if let (true, Some(authority)) = (plan.copies_authority, &standing.authority) {
        let path = quote::path(&order.path(CA)).to_string();
        let _ = writeln!(text, "would copy {} to {path}", authority.certificate.label);
    }
    text
}

/// What was done, and what comes next.
pub fn made(order: &Order, set: &Set) -> String {
    let path = |file: &str| quote::path(&order.path(file)).to_string();
    let mut text = String::new();
    if set.authority_is_new {
        let _ = writeln!(text, "made {} and {}: the CA", path(CA), path(CA_KEY));
    } else if set.authority_is_copied {
        let _ = writeln!(text, "copied {}: the CA's certificate, without its key", path(CA));
    } else {
        let _ = writeln!(text, "kept {}: the CA", path(CA));
    }
    about(&mut text, &set.authority.certificate);
    dates(&mut text, &set.authority.certificate);
    if let Some((certificate, _, reason)) = &set.server {
        let (server, key) = (path(SERVER), path(SERVER_KEY));
        let _ = writeln!(text, "made {server} and {key}: the server's certificate ({reason})");
        names(&mut text, &Details::of(certificate));
        dates(&mut text, certificate);
        let _ = writeln!(
            text,
            "\nnext: restart the service that serves {server}; most read it only when they start"
        );
    }
    if set.authority_is_new {
        text.push_str(&trust(order));
    } else if set.server.is_some() {
        text.push_str("The CA is the same: who trusts it already has nothing to do.\n");
    }
    text
}

fn about(text: &mut String, certificate: &Certificate) {
    let _ = writeln!(text, "  CA       {}", quote::word(&certificate.subject));
}

fn names(text: &mut String, details: &Details) {
    let _ = writeln!(text, "  names    {}", plain(details).join(", "));
}

fn dates(text: &mut String, certificate: &Certificate) {
    let _ = writeln!(text, "  until    {}", certificate.not_after);
    let _ = writeln!(text, "  SHA-256  {}", certificate.fingerprint());
}

/// How a CA comes to be trusted. The commands are those of each system's own manual.
fn trust(order: &Order) -> String {
    let path = order.path(CA);
    let first = order.words.first().and_then(|word| Name::parse(word).ok());
    let name = first.map_or_else(|| "private".to_owned(), |name| name.to_string());
    let name: String =
        name.chars().filter(|c| c.is_ascii_alphanumeric() || "-.".contains(*c)).collect();
    // A wildcard's dot would hide the file.
    let name = name.trim_start_matches('.');
    let key = quote::path(&order.path(CA_KEY)).to_string();
    let mut text =
        format!("next: let clients trust {}, and never hand out {key}\n", quote::path(&path));
    let _ = writeln!(text, "  macOS           {}", keychain(&path));
    for machine in &MACHINES {
        let _ =
            writeln!(text, "  {:<14}  {}", machine.name, machine.add(&path, &format!("{name}-ca")));
    }
    text.push_str(
        "  Windows         certutil -addstore -f Root ca.crt      (as administrator)
  Firefox         Settings, Privacy & Security, View Certificates, Authorities, Import
  containers      mount it at /usr/local/share/ca-certificates/custom-ca.crt where trust-init is the entrypoint
",
    );
    text
}
