//! Nobody here knows who signed a chain: its CA is trusted nowhere, an intermediate was not sent, or the CA
//! was made anew. A CA is known by its key. A name proves nothing: who makes a CA anew keeps its name.

use crate::doctor::diagnosis::{Background, accepts, renew, roots};
use crate::doctor::endpoint::Target;
use crate::doctor::handshake::Heard;
use crate::sys::finding::Finding;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::{Details, is_signed_by};

/// The chain as it was sent: from the server's own certificate on, each signed by the next.
pub fn path(chain: &[Certificate]) -> Vec<&Certificate> {
    let mut path: Vec<&Certificate> = chain.first().into_iter().collect();
    while let Some(last) = path.last().filter(|last| !last.is_self_issued) {
        let is_next = |one: &&Certificate| {
            path.iter().all(|other| other.der != one.der) && is_signed_by(last, one)
        };
        let Some(next) = chain.iter().find(is_next) else { break };
        path.push(next);
    }
    path
}

/// Why no anchor is known for the chain, and what is at hand that mends it.
pub fn diagnose(
    target: &Target,
    heard: &Heard,
    chain: &[Certificate],
    background: &Background<'_>,
) -> Option<Finding> {
    let path = path(chain);
    let (own, last) = (*path.first()?, *path.last()?);
    let issuer = quote::word(&last.issuer);
    if last.is_self_issued && path.len() == 1 {
        let cause = format!(
            "its certificate {issuer} is signed by itself, not by a CA (\"self-signed certificate\")"
        );
        let fix = "trust-compose certs makes a CA and a certificate that every client accepts";
        return Some(Finding::error("self-signed", target, cause, fix));
    }
    let signs = |ca: &&Certificate| ca.der == last.der || is_signed_by(last, ca);
    let at_hand = background.at_hand.iter().find(signs);
    if let Some(ca) = at_hand.filter(|ca| !ca.is_self_issued) {
        let cause =
            format!("it does not send the intermediate {issuer}, which {} has{UNABLE}", place(ca));
        let file = shell(ca);
        let fix = format!(
            "append {file} to the server's certificate, and start it again\n\
             where the server is not yours: trust-compose setup --extra-ca {file}"
        );
        return Some(Finding::error("missing-intermediate", target, cause, fix));
    }
    let at_hand = at_hand.filter(|ca| accepts(&roots([*ca]), target, heard, &[]));
    let setup = |ca: &Certificate| format!("trust-compose setup --custom-ca {}", shell(ca));
    if let Some(other) = namesake(last, chain, background) {
        return Some(replaced(target, own, &other, at_hand.map(setup)));
    }
    let (id, who, words) = if last.is_self_issued {
        ("untrusted-root", format!("the root {issuer}, which it sends along,"), IN_CHAIN)
    } else {
        ("unknown-issuer", format!("{issuer}, who signed it,"), UNABLE)
    };
    if let Some(ca) = at_hand {
        let cause =
            format!("{who} is in no file of trust anchors here{words}; {} has it", place(ca));
        return Some(Finding::error(id, target, cause, setup(ca)));
    }
    // The first file is what most programs read, and it was found wanting.
    let mut others = background.stores.iter().skip(1);
    if let (Some(first), Some(other)) =
        (background.stores.first(), others.find(|store| store.anchors.iter().any(|ca| signs(&ca))))
    {
        let cause = format!("{who} is not in {}{words}; {} has it", first.name, other.name);
        let fix = format!("add that CA to {}", first.name);
        return Some(Finding::error(id, target, cause, fix));
    }
    let is_sent = if last.is_self_issued { "is in no" } else { "is neither sent nor in a" };
    let cause = format!("{who} {is_sent} file of trust anchors here{words}");
    let url = Details::of(last).issuer_url;
    let url = url.map(|url| format!(" (its certificate names {})", quote::word(&url)));
    let mut fix = format!(
        "ask whoever runs the server for that CA{}, and trust it: trust-compose setup --custom-ca FILE",
        url.unwrap_or_default()
    );
    if !last.is_self_issued {
        fix += "\nif that is an intermediate, append it to the server's certificate, and start it again";
    }
    Some(Finding::error(id, target, cause, fix))
}

/// What OpenSSL, and so curl, Python and Node, say of it (X509_verify_cert_error_string(3)).
const UNABLE: &str = " (\"unable to get local issuer certificate\")";
const IN_CHAIN: &str = " (\"self-signed certificate in certificate chain\")";

/// A CA with the name of who signed, and with another key.
struct Namesake<'a> {
    ca: &'a Certificate,
    /// The file that it is in, or none: the server sent it.
    file: Option<String>,
}

fn namesake<'a>(
    last: &Certificate,
    chain: &'a [Certificate],
    background: &Background<'a>,
) -> Option<Namesake<'a>> {
    let sent = chain.iter().map(|ca| Namesake { ca, file: None });
    let stores = background.stores.iter().flat_map(|store| {
        store.anchors.iter().map(|ca| Namesake { ca, file: Some(store.name.clone()) })
    });
    let at_hand = background.at_hand.iter();
    let at_hand = at_hand.map(|ca| Namesake { ca, file: Some(place(ca)) });
    sent.chain(stores).chain(at_hand).find(|Namesake { ca, .. }| {
        ca.subject == last.issuer && ca.der != last.der && !is_signed_by(last, ca)
    })
}

/// `mend`: what makes the right CA trusted, if that is at hand.
fn replaced(
    target: &Target,
    own: &Certificate,
    Namesake { ca, file }: &Namesake<'_>,
    mend: Option<String>,
) -> Finding {
    let name = quote::word(&ca.subject);
    let key = Details::of(ca).key_identifier;
    let key = key.map(|key| format!(" ({key})")).unwrap_or_default();
    let Some(file) = file else {
        let cause = format!("it sends {name} with another key{key} than the one that signed");
        let fix =
            "append the intermediate that signed it to the server's certificate in place of that";
        return Finding::error("wrong-intermediate", target, cause, fix);
    };
    let cause =
        format!("{name} was made anew: in {file} it has another key{key} than the one that signed");
    let is_older = own.not_before <= ca.not_before;
    let fix = mend.unwrap_or_else(|| {
        if is_older {
            renew(target)
        } else {
            "trust the CA that signs now: trust-compose setup --custom-ca FILE".to_owned()
        }
    });
    Finding::error("ca-replaced", target, cause, fix)
}

fn place(ca: &Certificate) -> String {
    ca.label.path().map(|path| quote::path(path).to_string()).unwrap_or_default()
}

fn shell(ca: &Certificate) -> String {
    ca.label.path().map(quote::shell).unwrap_or_default()
}
