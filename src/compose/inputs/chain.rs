//! The certificates in a server's file: each signed by the next, and the CA above them.
//!
//! TLS sends them in the file's order (RFC 8446, section 4.4.2), and not every client sorts them or finds missing
//! ones. So the file has to be right, and the fix is the command that joins the parts, if they exist.

use crate::compose::inputs::ca_directory::CaDirectory;
use crate::compose::inputs::error::{InputError, ServerFault};
use crate::compose::inputs::files::{CUSTOM_CA, ServerFiles};
use crate::compose::inputs::listing::list_subjects;
use crate::sys::quote::{self, shell};
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::is_signed_by;
use crate::trust::source::Source;

/// A server's file.
pub(crate) struct ServerChain<'a> {
    pub pair: &'a ServerFiles,
    /// The bytes of the file.
    pub source: &'a Source,
    /// All certificates in it.
    pub file: &'a [Certificate],
    /// The certificate that the key belongs to.
    pub leaf: &'a Certificate,
}

impl ServerChain<'_> {
    /// Verifies that the file leads from the leaf to one of `authorities`. `remake` is the command that would make
    /// another leaf below them.
    ///
    /// # Errors
    /// When it does not, or not in this order.
    pub(crate) fn verify(
        &self,
        authorities: &[Certificate],
        remake: Option<String>,
    ) -> Result<(), InputError> {
        let Self { source, file, leaf, .. } = self;
        let chain = self.build_chain();
        let is_first = file.first().is_some_and(|first| first.der == leaf.der);
        let is_pair = |two: &[Certificate]| matches!(two, [one, next] if is_signed_by(one, next));
        if !is_first || !file.windows(2).all(is_pair) {
            return Err(self.wrong_order(&chain));
        }
        let is_below = |found: &Certificate| {
            authorities.iter().any(|ca| ca.der == found.der || is_signed_by(found, ca))
        };
        if chain.iter().any(|found| is_below(found)) {
            return Ok(());
        }
        let last = chain.last().copied().unwrap_or(leaf);
        let issuer = quote::word(&last.issuer);
        let mut others = self.other_files().into_iter();
        // A file without a last line end would be glued to the appended one.
        let missing = others.find(|(_, found)| {
            source.bytes.ends_with(b"\n") && is_signed_by(last, found) && is_below(found)
        });
        let failed = source.label.cannot("serve").because(format_args!(
            "{issuer} issued it, and the CA to trust is {}",
            list_subjects(authorities)
        ));
        Err(ServerFault::NotBelowCa.because(match (missing, remake) {
            (Some((issuer, _)), _) => {
                failed.run(format!("cat {issuer} >> {}", shell(&self.pair.certificate)))
            }
            (None, Some(command)) => failed.run(command),
            (None, None) => failed.advise(format!(
                "append the certificate of {issuer} to it if this CA signed that, or name the issuing \
                 CA with {CUSTOM_CA}"
            )),
        }))
    }

    fn wrong_order(&self, chain: &[&Certificate]) -> InputError {
        let cause = match self.file.iter().find(|found| !contains(chain, found)) {
            None => "its certificates are in the wrong order; the server's comes first, then each \
                     one's issuer"
                .to_owned(),
            Some(stranger) => format!(
                "{} in it is not among the issuers of the server's certificate",
                quote::word(&stranger.subject)
            ),
        };
        let failed = self.source.label.cannot("serve").because(cause);
        ServerFault::ChainOrder.because(match self.build_command(chain) {
            Some(command) => failed.run(command),
            None => failed.advise(
                "build the file again, the server's certificate first, then each one's issuer",
            ),
        })
    }

    /// From the leaf upwards, as far as the file has signers.
    fn build_chain(&self) -> Vec<&Certificate> {
        let mut chain = vec![self.leaf];
        let mut last = self.leaf;
        while let Some(next) =
            self.file.iter().find(|above| !contains(&chain, above) && is_signed_by(last, above))
        {
            chain.push(next);
            last = next;
        }
        chain
    }

    /// The command that builds the file in the right order, if each certificate has a file beside it. The root is
    /// not sent: clients have it.
    fn build_command(&self, chain: &[&Certificate]) -> Option<String> {
        let others = self.other_files();
        let is_sent = |(n, part): &(usize, &&Certificate)| *n == 0 || !part.is_self_issued;
        let parts = chain.iter().enumerate().filter(is_sent);
        let files = parts.map(|(_, part)| {
            let found = others.iter().find(|(_, found)| found.der == part.der);
            found.map(|(file, _)| file.as_str())
        });
        let files = files.collect::<Option<Vec<_>>>()?.join(" ");
        Some(format!("cat {files} > {}", shell(&self.pair.certificate)))
    }

    /// The other certificates of the directory that have a file of their own, with its name as a shell word.
    fn other_files(&self) -> Vec<(String, Certificate)> {
        // Only the fix depends on it: without a list it is a general one.
        let directory = CaDirectory::open(&self.pair.directory);
        let files = directory.map(|found| found.single_certificates()).unwrap_or_default();
        let others = files.into_iter().filter(|(path, _)| *path != self.pair.certificate);
        others.map(|(path, found)| (shell(&path), found)).collect()
    }
}

fn contains(chain: &[&Certificate], found: &Certificate) -> bool {
    chain.iter().any(|certificate| certificate.der == found.der)
}
