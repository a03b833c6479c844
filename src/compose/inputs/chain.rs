//! The certificates in a server's file: each signed by the next, and the CA above them.
//!
//! TLS sends them as they lie (RFC 8446, section 4.4.2), and not every client sorts them or finds
//! what is missing. So the file has to be right, and whoever has the parts is told how to join them.

use crate::compose::inputs::ca_directory::{Directory, Pair};
use crate::compose::inputs::server_error::{Mend, Unservable};
use crate::sys::quote::shell;
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::is_signed_by;
use crate::trust::source::Source;

/// Proves that `file`, which is what `source` holds, leads from `leaf` to one of `authorities`.
/// `certs` is the command that would make another leaf below them.
///
/// # Errors
/// When it does not, or not in this order.
pub fn prove(
    pair: &Pair,
    source: &Source,
    leaf: &Certificate,
    file: &[Certificate],
    authorities: &[Certificate],
    certs: Option<String>,
) -> Result<(), Unservable> {
    let label = source.label.clone();
    let chain = climb(leaf, file);
    let is_first = file.first().is_some_and(|first| first.der == leaf.der);
    let is_pair = |two: &[Certificate]| matches!(two, [one, next] if is_signed_by(one, next));
    if !is_first || !file.windows(2).all(is_pair) {
        let stranger = file.iter().find(|found| !holds(&chain, found));
        let stranger = stranger.map(|found| found.subject.clone());
        return Err(Unservable::Order { label, stranger, command: build(pair, &chain) });
    }
    let is_below = |found: &Certificate| {
        authorities.iter().any(|ca| ca.der == found.der || is_signed_by(found, ca))
    };
    if chain.iter().any(|found| is_below(found)) {
        return Ok(());
    }
    let last = chain.last().copied().unwrap_or(leaf);
    let mut beside = beside(pair).into_iter();
    // A file without a last line end would be glued to what is appended.
    let missing = beside.find(|(_, found)| {
        source.bytes.ends_with(b"\n") && is_signed_by(last, found) && is_below(found)
    });
    let mend = match (missing, certs) {
        (Some((file, _)), _) => Mend::Append(format!("cat {file} >> {}", shell(&pair.certificate))),
        (None, Some(command)) => Mend::Make(command),
        (None, None) => Mend::Unknown,
    };
    let (last, authorities) = (Box::new(last.clone()), authorities.to_vec());
    Err(Unservable::Unrelated { label, last, authorities, mend })
}

/// From `leaf` upwards, as far as `file` has signers.
fn climb<'a>(leaf: &'a Certificate, file: &'a [Certificate]) -> Vec<&'a Certificate> {
    let mut chain = vec![leaf];
    let mut last = leaf;
    while let Some(next) =
        file.iter().find(|above| !holds(&chain, above) && is_signed_by(last, above))
    {
        chain.push(next);
        last = next;
    }
    chain
}

fn holds(chain: &[&Certificate], found: &Certificate) -> bool {
    chain.iter().any(|certificate| certificate.der == found.der)
}

/// The command that builds the file in the right order, where all that belongs there lies in files beside
/// it. The root is not sent: clients have it.
fn build(pair: &Pair, chain: &[&Certificate]) -> Option<String> {
    let beside = beside(pair);
    let is_sent = |(n, part): &(usize, &&Certificate)| *n == 0 || !part.is_self_issued;
    let parts = chain.iter().enumerate().filter(is_sent);
    let files = parts.map(|(_, part)| {
        let found = beside.iter().find(|(_, found)| found.der == part.der);
        found.map(|(file, _)| file.as_str())
    });
    let files = files.collect::<Option<Vec<_>>>()?.join(" ");
    Some(format!("cat {files} > {}", shell(&pair.certificate)))
}

/// The other certificates that have a file of their own, as a shell names it.
fn beside(pair: &Pair) -> Vec<(String, Certificate)> {
    // Only words depend on it: without a list, the mend is said in general.
    let files = Directory::open(&pair.directory).map(|found| found.alone()).unwrap_or_default();
    let others = files.into_iter().filter(|(path, _)| *path != pair.certificate);
    others.map(|(path, found)| (shell(&path), found)).collect()
}
