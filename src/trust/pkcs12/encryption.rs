//! Checks the MAC of an archive, and decrypts its parts by the encryptions that OpenSSL, Java and Windows use:
//! PBES2 with AES or 3DES (RFC 8018, section 6.2), and RC2-40 and 3DES of older programs (RFC 7292,
//! appendix C).
//!
//! Not here: RC4, single DES and scrypt, which none of them writes.

use aes::{Aes128, Aes192, Aes256};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt as _, InnerIvInit as _, KeyInit};
use des::TdesEde3;
use rc2::Rc2;

use crate::trust::der::{
    INTEGER, OCTET_STRING, OID, SEQUENCE, contents_with_tag, skip_values, take_contents,
};
use crate::trust::pfx::{DATA, Pfx};
use crate::trust::pkcs12::error::Pkcs12Error;
use crate::trust::pkcs12::key_derivation::{
    ArchiveDigest, DIGESTS, Derivation, Password, Purpose, Rounds,
};

/// `[0] IMPLICIT OCTET STRING`.
const ENCRYPTED_CONTENT: u8 = 0x80;
/// `1.2.840.113549.1.5.13` and `.12`, PBES2 and PBKDF2 (RFC 8018, appendix A).
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];

/// Decrypts bytes with a key and an initial vector; `None` if the padding is wrong.
type Decrypt = fn(key: &[u8], initial_vector: &[u8], encrypted: &[u8]) -> Option<Vec<u8>>;

/// A block cipher in CBC mode.
struct Cipher {
    oid: &'static [u8],
    key_length: usize,
    block_length: usize,
    decrypt: Decrypt,
}

/// `1.2.840.113549.1.12.1.3` and `.6`, pbeWithSHAAnd3-KeyTripleDES-CBC and pbeWithSHAAnd40BitRC2-CBC (RFC
/// 7292, appendix C).
const OLD_CIPHERS: [Cipher; 2] = [
    Cipher {
        oid: &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01, 0x03],
        key_length: 24,
        block_length: 8,
        decrypt: decrypt_cbc::<TdesEde3>,
    },
    Cipher {
        oid: &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01, 0x06],
        key_length: 5,
        block_length: 8,
        decrypt: decrypt_cbc::<Rc2>,
    },
];

/// `2.16.840.1.101.3.4.1.2`, `.22` and `.42`, AES in CBC mode (RFC 3565, section 4.1), and
/// `1.2.840.113549.3.7`, des-EDE3-CBC (RFC 8018, appendix B.2.2).
const CIPHERS: [Cipher; 4] = [
    Cipher {
        oid: &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x02],
        key_length: 16,
        block_length: 16,
        decrypt: decrypt_cbc::<Aes128>,
    },
    Cipher {
        oid: &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x16],
        key_length: 24,
        block_length: 16,
        decrypt: decrypt_cbc::<Aes192>,
    },
    Cipher {
        oid: &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a],
        key_length: 32,
        block_length: 16,
        decrypt: decrypt_cbc::<Aes256>,
    },
    Cipher {
        oid: &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x03, 0x07],
        key_length: 24,
        block_length: 8,
        decrypt: decrypt_cbc::<TdesEde3>,
    },
];

fn decrypt_cbc<C>(key: &[u8], initial_vector: &[u8], encrypted: &[u8]) -> Option<Vec<u8>>
where
    C: BlockCipherDecrypt + KeyInit,
{
    let cipher = C::new_from_slice(key).ok()?;
    let cipher = Decryptor::inner_iv_slice_init(cipher, initial_vector).ok()?;
    cipher.decrypt_padded_vec::<Pkcs7>(encrypted).ok()
}

/// Checks the MAC of an archive: `MacData { DigestInfo, salt, rounds DEFAULT 1 }`.
///
/// # Errors
/// [`Pkcs12Error::Locked`] when it is that of another password, or of other contents.
pub(super) fn check_mac(
    archive: &Pfx<'_>,
    password: &Password,
    rounds: &mut Rounds,
) -> Result<(), Pkcs12Error> {
    let mut mac = contents_with_tag(SEQUENCE, archive.mac).ok_or(Pkcs12Error::Broken)?;
    let mut info = take(SEQUENCE, &mut mac)?;
    let algorithm =
        contents_with_tag(OID, take(SEQUENCE, &mut info)?).ok_or(Pkcs12Error::Broken)?;
    let expected = take(OCTET_STRING, &mut info)?;
    let salt = take(OCTET_STRING, &mut mac)?;
    let rounds = rounds.take(if mac.is_empty() { &[1] } else { take(INTEGER, &mut mac)? })?;
    let digest = DIGESTS.iter().find(|digest| digest.oid == algorithm);
    let digest = digest.ok_or(Pkcs12Error::Unknown)?;
    let derivation = Derivation { password, salt, rounds };
    let is_same = (digest.has_mac)(&derivation, archive.safe, expected);
    is_same.then_some(()).ok_or(Pkcs12Error::Locked)
}

/// Decrypts `EncryptedData { version, EncryptedContentInfo { type, algorithm, [0] content } }` (RFC 5652,
/// section 8).
///
/// # Errors
/// [`Pkcs12Error::Locked`] when the padding is wrong.
pub(super) fn decrypt(
    data: &[u8],
    password: &Password,
    rounds: &mut Rounds,
) -> Result<Vec<u8>, Pkcs12Error> {
    let mut data = contents_with_tag(SEQUENCE, data).ok_or(Pkcs12Error::Broken)?;
    take(INTEGER, &mut data)?;
    let mut info = take(SEQUENCE, &mut data)?;
    if take(OID, &mut info)? != DATA {
        return Err(Pkcs12Error::Unknown);
    }
    let mut algorithm = take(SEQUENCE, &mut info)?;
    let encrypted = take(ENCRYPTED_CONTENT, &mut info)?;
    let kind = take(OID, &mut algorithm)?;
    let mut parameters = take(SEQUENCE, &mut algorithm)?;
    if kind == PBES2 {
        return decrypt_pbes2(parameters, encrypted, password, rounds);
    }
    let cipher = find(&OLD_CIPHERS, kind)?;
    let salt = take(OCTET_STRING, &mut parameters)?;
    let rounds = rounds.take(take(INTEGER, &mut parameters)?)?;
    let derivation = Derivation { password, salt, rounds };
    let key = derivation.pkcs12_key(Purpose::Encryption, cipher.key_length);
    let initial_vector = derivation.pkcs12_key(Purpose::InitialVector, cipher.block_length);
    (cipher.decrypt)(&key, &initial_vector, encrypted).ok_or(Pkcs12Error::Locked)
}

/// `PBES2-params { keyDerivationFunc, encryptionScheme }` and `PBKDF2-params { salt, rounds, keyLength
/// OPTIONAL, prf DEFAULT hmacWithSHA1 }` (RFC 8018, appendix A).
fn decrypt_pbes2(
    mut parameters: &[u8],
    encrypted: &[u8],
    password: &Password,
    rounds: &mut Rounds,
) -> Result<Vec<u8>, Pkcs12Error> {
    let mut function = take(SEQUENCE, &mut parameters)?;
    if take(OID, &mut function)? != PBKDF2 {
        return Err(Pkcs12Error::Unknown);
    }
    let mut function = take(SEQUENCE, &mut function)?;
    let salt = take(OCTET_STRING, &mut function)?;
    let rounds = rounds.take(take(INTEGER, &mut function)?)?;
    // The cipher decides the length of the key.
    let digest = digest_of_hmac(skip_values(function, &[INTEGER]).unwrap_or(function))?;

    let mut scheme = take(SEQUENCE, &mut parameters)?;
    let cipher = find(&CIPHERS, take(OID, &mut scheme)?)?;
    let initial_vector = take(OCTET_STRING, &mut scheme)?;
    if initial_vector.len() != cipher.block_length {
        return Err(Pkcs12Error::Broken);
    }
    let mut key = vec![0; cipher.key_length];
    (digest.pbkdf2)(&Derivation { password, salt, rounds }, &mut key);
    (cipher.decrypt)(&key, initial_vector, encrypted).ok_or(Pkcs12Error::Locked)
}

/// Returns the digest of the HMAC with this AlgorithmIdentifier, which is SHA-1 if it is absent.
fn digest_of_hmac(identifier: &[u8]) -> Result<&'static ArchiveDigest, Pkcs12Error> {
    if identifier.is_empty() {
        return DIGESTS.first().ok_or(Pkcs12Error::Unknown);
    }
    let identifier = contents_with_tag(SEQUENCE, identifier);
    let oid = identifier.and_then(|identifier| contents_with_tag(OID, identifier));
    let oid = oid.ok_or(Pkcs12Error::Broken)?;
    DIGESTS.iter().find(|digest| digest.hmac == oid).ok_or(Pkcs12Error::Unknown)
}

fn find(ciphers: &'static [Cipher], oid: &[u8]) -> Result<&'static Cipher, Pkcs12Error> {
    ciphers.iter().find(|cipher| cipher.oid == oid).ok_or(Pkcs12Error::Unknown)
}

fn take<'a>(tag: u8, input: &mut &'a [u8]) -> Result<&'a [u8], Pkcs12Error> {
    take_contents(tag, input).ok_or(Pkcs12Error::Broken)
}
