//! Verifies the chain in a server's file: each certificate signed by the next, the last one by a custom CA.
//!
//! Servers send the certificates in this order (RFC 8446, section 4.4.2), and not every client sorts them or
//! finds a missing one. The fix is a command that builds the file, if its parts exist.

use crate::compose::inputs::ca_directory::CaDirectory;
use crate::compose::inputs::error::{InputError, ServerFault};
use crate::compose::inputs::files::{CUSTOM_CA, ServerFiles};
use crate::compose::inputs::listing::list_subjects;
use crate::sys::quote::{self, shell};
use crate::trust::certificate::Certificate;
use crate::trust::certificate::extensions::is_signed_by;
use crate::trust::source::CertificateSource;

/// A server's certificate file.
pub(crate) struct ServerChain<'a> {
    pub pair: &'a ServerFiles,
    /// The file with its contents.
    pub source: &'a CertificateSource,
    /// All certificates in the file.
    pub file: &'a [Certificate],
    /// The certificate that the key belongs to.
    pub leaf: &'a Certificate,
}

impl ServerChain<'_> {
    /// Verifies the chain from the leaf to one of `authorities`. `reissue` is the command that issues another
    /// leaf below them.
    ///
    /// # Errors
    /// When the chain does not end at one of them, or has another order.
    pub(crate) fn verify(
        &self,
        authorities: &[Certificate],
        reissue: Option<String>,
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
        // Without a final newline, `cat >>` would join the two blocks on one line.
        let missing = others.find(|(_, found)| {
            source.bytes.ends_with(b"\n") && is_signed_by(last, found) && is_below(found)
        });
        let failed = source.label.cannot("serve").because(format_args!(
            "{issuer} issued it, and the CA to trust is {}",
            list_subjects(authorities)
        ));
        Err(ServerFault::NotBelowCa.because(match (missing, reissue) {
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
                "{} is in it, but is not an issuer of the server's certificate",
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

    /// Returns the chain from the leaf upwards, as far as the file contains the issuers.
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

    /// Returns the command that builds the file in the right order, if each certificate has a file in the
    /// directory. It omits the root, which clients have.
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

    /// Returns the directory's other single certificates, each with its file name as a shell word.
    fn other_files(&self) -> Vec<(String, Certificate)> {
        // If this fails, the fix is a sentence instead of a command.
        let directory = CaDirectory::open(&self.pair.directory, CUSTOM_CA);
        let files = directory.map(|found| found.single_certificates()).unwrap_or_default();
        let others = files.into_iter().filter(|(path, _)| *path != self.pair.certificate);
        others.map(|(path, found)| (shell(&path), found)).collect()
    }
}

fn contains(chain: &[&Certificate], found: &Certificate) -> bool {
    chain.iter().any(|certificate| certificate.der == found.der)
}
