//! Explains why no trusted anchor signed the chain: its CA is not trusted, an intermediate was not sent, or
//! the CA was replaced. A CA is recognised by its key, because one that is created again keeps its name.

use crate::doctor::anchor_file::roots;
use crate::doctor::diagnosis::context::{Context, RENEW, accepts, signing_path};
use crate::doctor::endpoint::Endpoint;
use crate::doctor::handshake::HandshakeResult;
use crate::sys::finding::service_fix::ServiceCommand;
use crate::sys::finding::{Finding, Severity};
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::{Details, is_signed_by};

/// Returns the finding about a chain that ends in no anchor, with the candidate that would fix it.
pub(crate) fn diagnose(
    endpoint: &Endpoint,
    result: &HandshakeResult,
    chain: &[Certificate],
    context: &Context<'_>,
) -> Option<Finding> {
    let path = signing_path(chain);
    let (own, last) = (*path.first()?, *path.last()?);
    let issuer = quote::word(&last.issuer);
    if last.is_self_issued && path.len() == 1 {
        let cause = format!(
            "the server's certificate {issuer} is signed by itself, not by a CA (\"self-signed certificate\")"
        );
        let fix = format!(
            "give the server a certificate of a CA: `trust-compose certs {}` creates both",
            quote::shell(&endpoint.host)
        );
        return Some(Finding::error("self-signed", endpoint, cause, fix));
    }
    let signs = |ca: &&Certificate| ca.der == last.der || is_signed_by(last, ca);
    let candidate = context.candidates.iter().find(signs);
    if let Some(ca) = candidate.filter(|ca| !ca.is_self_issued) {
        return Some(missing_intermediate(endpoint, last, ca));
    }
    let candidate = candidate.filter(|ca| accepts(&roots([*ca]), endpoint, result));
    match find_namesake(last, chain, context) {
        Some(namesake) => Some(replaced(endpoint, own, &namesake, candidate)),
        None => Some(not_trusted(endpoint, last, candidate, context)),
    }
}

fn missing_intermediate(endpoint: &Endpoint, last: &Certificate, ca: &Certificate) -> Finding {
    let (issuer, file) = (quote::word(&last.issuer), shell(ca));
    let cause = format!(
        "the server does not send the intermediate {issuer}, which {} contains{UNABLE}",
        name(ca)
    );
    let fix = format!(
        "append {file} to the server's certificate, and restart the server\n\
         if the server is not yours, add `--extra-ca {file}` to the options of setup"
    );
    Finding::error("missing-intermediate", endpoint, cause, fix)
}

/// The finding that no file of anchors contains the issuer of `last`, the end of what the server sent.
fn not_trusted(
    endpoint: &Endpoint,
    last: &Certificate,
    candidate: Option<&Certificate>,
    context: &Context<'_>,
) -> Finding {
    let issuer = quote::word(&last.issuer);
    let (id, subject, openssl) = if last.is_self_issued {
        ("untrusted-root", format!("the root {issuer}, which the server sends,"), IN_CHAIN)
    } else {
        ("unknown-issuer", format!("{issuer}, which signed it,"), UNABLE)
    };
    if let Some(ca) = candidate {
        let cause = format!(
            "{subject} is not among the trust anchors here{openssl}; {} contains it",
            name(ca)
        );
        return Finding::new(id, Severity::Error, endpoint, cause)
            .with_service_fix(None, trust(ca));
    }
    let signs = |ca: &Certificate| ca.der == last.der || is_signed_by(last, ca);
    // The first file is the one that most programs read, and it does not contain the anchor.
    let mut others = context.files.iter().skip(1);
    if let (Some(first), Some(other)) =
        (context.files.first(), others.find(|file| file.anchors.iter().any(signs)))
    {
        let (first, other) = (first.name(), other.name());
        let cause = format!("{subject} is not in {first}{openssl}; {other} contains it");
        return Finding::error(id, endpoint, cause, format!("add that CA to {first}"));
    }
    let is_in = if last.is_self_issued { "is not" } else { "is neither sent nor" };
    let cause = format!("{subject} {is_in} among the trust anchors here{openssl}");
    let url = Details::of(last).issuer_url;
    let url = url.map(|url| format!(" (its certificate names {})", quote::word(&url)));
    let mut fix = format!(
        "ask the operator of the server for that CA{}, and add `--extra-ca FILE` to the options of setup (the first CA: \
         `--custom-ca FILE`)",
        url.unwrap_or_default()
    );
    if !last.is_self_issued {
        fix += "\nif it is an intermediate, append it to the server's certificate, and restart the server";
    }
    Finding::error(id, endpoint, cause, fix)
}

/// The messages of OpenSSL, and so of curl, Python and Node (X509_verify_cert_error_string(3)).
const UNABLE: &str = " (\"unable to get local issuer certificate\")";
const IN_CHAIN: &str = " (\"self-signed certificate in certificate chain\")";

/// A CA with the issuer's name and another key.
struct Namesake<'a> {
    ca: &'a Certificate,
    /// The file that contains it, or `None` if the server sent it.
    file: Option<String>,
}

fn find_namesake<'a>(
    last: &Certificate,
    chain: &'a [Certificate],
    context: &Context<'a>,
) -> Option<Namesake<'a>> {
    let sent = chain.iter().map(|ca| Namesake { ca, file: None });
    let trusted = context
        .files
        .iter()
        .flat_map(|file| file.anchors.iter().map(|ca| Namesake { ca, file: Some(file.name()) }));
    let candidates = context.candidates.iter().map(|ca| Namesake { ca, file: Some(name(ca)) });
    sent.chain(trusted).chain(candidates).find(|Namesake { ca, .. }| {
        ca.subject == last.issuer && ca.der != last.der && !is_signed_by(last, ca)
    })
}

/// The finding about a replaced CA. `candidate`: the right CA, if a candidate is that.
fn replaced(
    endpoint: &Endpoint,
    own: &Certificate,
    Namesake { ca, file }: &Namesake<'_>,
    candidate: Option<&Certificate>,
) -> Finding {
    let name = quote::word(&ca.subject);
    let key = Details::of(ca).key_identifier;
    let key = key.map(|key| format!(" ({key})")).unwrap_or_default();
    let Some(file) = file else {
        let cause =
            format!("the server sends {name} with another key{key} than the one that signed");
        let fix = "in the server's certificate file, replace it by the intermediate that signed";
        return Finding::error("wrong-intermediate", endpoint, cause, fix);
    };
    let cause =
        format!("{name} was replaced: in {file} it has another key{key} than the one that signed");
    let finding = Finding::new("ca-replaced", Severity::Error, endpoint, cause);
    match candidate {
        Some(ca) => finding.with_service_fix(None, trust(ca)),
        None if own.not_before <= ca.not_before => finding.with_fix(RENEW),
        None => {
            finding.with_fix("replace the old CA in the options of setup by the one that signs now")
        }
    }
}

/// Returns the command that trusts a candidate.
fn trust(ca: &Certificate) -> ServiceCommand {
    ServiceCommand::Trust(
        ca.label.path().map(|path| path.display().to_string()).unwrap_or_default(),
    )
}

/// Returns the candidate's file, for messages.
fn name(ca: &Certificate) -> String {
    ca.label.path().map(|path| quote::path(path).to_string()).unwrap_or_default()
}

/// Returns the candidate's file, for a shell.
fn shell(ca: &Certificate) -> String {
    ca.label.path().map(quote::shell).unwrap_or_default()
}
