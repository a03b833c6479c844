//! Keys from a password: by the method of PKCS#12 (RFC 7292, appendix B), and by PBKDF2 (RFC 8018,
//! section 5.2).
//!
//! SHA-1 protects nothing here: it only opens what older programs wrote.

use hmac::digest::block_api::{BlockSizeUser, EagerHash};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::{Digest, Sha1};
use sha2::{Sha224, Sha256, Sha384, Sha512};

use crate::trust::pkcs12::error::Pkcs12Error;

/// The most rounds for all keys of an archive. Usual are 2,048 (OpenSSL 3) to 600,000 (NSS) for each.
pub(super) const MAX_ROUNDS: u32 = 2_000_000;

/// The number of rounds that are left for an archive.
pub(super) struct Rounds(u32);

impl Default for Rounds {
    fn default() -> Self {
        Self(MAX_ROUNDS)
    }
}

impl Rounds {
    /// Takes the number in the contents of an INTEGER, before the first of these rounds is run.
    pub(super) fn take(&mut self, contents: &[u8]) -> Result<u32, Pkcs12Error> {
        let [0..=0x7f, ..] = contents else { return Err(Pkcs12Error::Broken) };
        let rounds = contents.iter().fold(0_u32, |number, byte| {
            number.saturating_mul(256).saturating_add(u32::from(*byte))
        });
        if rounds == 0 {
            return Err(Pkcs12Error::Broken);
        }
        self.0 =
            self.0.checked_sub(rounds).ok_or(Pkcs12Error::TooManyRounds { most: MAX_ROUNDS })?;
        Ok(rounds)
    }
}

/// A password in its two encodings.
pub(super) struct Password {
    /// UTF-8, for PBKDF2.
    pub(super) text: Vec<u8>,
    /// UTF-16 with a final zero, for the method of PKCS#12.
    units: Vec<u8>,
}

impl Password {
    pub(super) fn new(text: &str) -> Self {
        let units = text.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect();
        Self { text: text.into(), units }
    }

    /// The absence of a password, which Windows does not encode as the empty password.
    pub(super) fn absent() -> Self {
        Self { text: Vec::new(), units: Vec::new() }
    }
}

/// The purpose of a key (RFC 7292, appendix B.3).
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Encryption = 1,
    InitialVector = 2,
    Mac = 3,
}

/// The parameters of a derivation.
pub(super) struct Derivation<'a> {
    pub(super) password: &'a Password,
    pub(super) salt: &'a [u8],
    pub(super) rounds: u32,
}

impl Derivation<'_> {
    /// Returns a key of `length` bytes by the method of PKCS#12 with SHA-1.
    pub(super) fn pkcs12_key(&self, purpose: Purpose, length: usize) -> Vec<u8> {
        self.derive::<Sha1>(purpose, length)
    }

    /// RFC 7292, appendix B.2.
    fn derive<D: Digest + BlockSizeUser>(&self, purpose: Purpose, length: usize) -> Vec<u8> {
        let block = D::block_size();
        let diversifier = vec![purpose as u8; block];
        let mut input: Vec<u8> = filled(self.salt, block).collect();
        input.extend(filled(&self.password.units, block));
        let mut key = Vec::new();
        while key.len() < length {
            let mut digest = D::new().chain_update(&diversifier).chain_update(&input).finalize();
            for _ in 1..self.rounds {
                digest = D::digest(&digest);
            }
            key.extend_from_slice(&digest);
            let addend: Vec<u8> = digest.iter().copied().cycle().take(block).collect();
            input.chunks_mut(block).for_each(|part| add_with_one(part, &addend));
        }
        key.truncate(length);
        key
    }
}

/// Repeats `bytes` to a multiple of `block`.
fn filled(bytes: &[u8], block: usize) -> impl Iterator<Item = u8> {
    bytes.iter().copied().cycle().take(bytes.len().next_multiple_of(block))
}

/// Adds `addend` and 1 to a number of the same length, and drops the carry.
fn add_with_one(number: &mut [u8], addend: &[u8]) {
    let mut carry = 1;
    for (digit, added) in number.iter_mut().zip(addend).rev() {
        let sum = u16::from(*digit) + u16::from(*added) + carry;
        let [high, low] = sum.to_be_bytes();
        *digit = low;
        carry = u16::from(high);
    }
}

/// A digest of archives.
pub(super) struct ArchiveDigest {
    /// Its identifier in a MAC.
    pub(super) oid: &'static [u8],
    /// The identifier of its HMAC in PBKDF2.
    pub(super) hmac: &'static [u8],
    /// Whether the second is the MAC of the first.
    pub(super) has_mac: fn(&Derivation<'_>, &[u8], &[u8]) -> bool,
    /// Fills the key by PBKDF2.
    pub(super) pbkdf2: fn(&Derivation<'_>, &mut [u8]),
}

impl ArchiveDigest {
    const fn new<D>(oid: &'static [u8], hmac: &'static [u8]) -> Self
    where
        D: Digest + BlockSizeUser + EagerHash,
    {
        Self { oid, hmac, has_mac: has_mac::<D>, pbkdf2: pbkdf2::<D> }
    }
}

/// THE table of digests: `1.3.14.3.2.26` and `2.16.840.1.101.3.4.2.N` (RFC 8017, appendix B.1), and
/// `1.2.840.113549.2.N` (RFC 8018, appendix B.1.2).
pub(super) const DIGESTS: [ArchiveDigest; 5] = [
    ArchiveDigest::new::<Sha1>(
        &[0x2b, 0x0e, 0x03, 0x02, 0x1a],
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x07],
    ),
    ArchiveDigest::new::<Sha224>(
        &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04],
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x08],
    ),
    ArchiveDigest::new::<Sha256>(
        &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01],
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x09],
    ),
    ArchiveDigest::new::<Sha384>(
        &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02],
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x0a],
    ),
    ArchiveDigest::new::<Sha512>(
        &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03],
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x0b],
    ),
];

fn has_mac<D>(derivation: &Derivation<'_>, bytes: &[u8], expected: &[u8]) -> bool
where
    D: Digest + BlockSizeUser + EagerHash,
{
    let key = derivation.derive::<D>(Purpose::Mac, <D as Digest>::output_size());
    Hmac::<D>::new_from_slice(&key)
        .is_ok_and(|mac| mac.chain_update(bytes).verify_slice(expected).is_ok())
}

fn pbkdf2<D: EagerHash>(derivation: &Derivation<'_>, key: &mut [u8]) {
    pbkdf2::pbkdf2_hmac::<D>(&derivation.password.text, derivation.salt, derivation.rounds, key);
}
