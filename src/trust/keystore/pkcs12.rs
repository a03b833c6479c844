//! The trusted certificates of a PKCS#12 (RFC 7292), as a JVM finds them.
//!
//! Java trusts a certificate in such a file only if it carries an attribute of Oracle's that says so;
//! what `openssl pkcs12 -export` writes is not trusted by it, and not by us.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt as _, InnerIvInit as _, KeyIvInit as _};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use crate::trust::der::{CONTEXT_0, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, take, value};
use crate::trust::keystore::{PASSWORD, Problem};

/// `1.2.840.113549.1.7.1` and `.6`, data and encryptedData (RFC 5652, sections 4 and 8).
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x06];
/// `1.2.840.113549.1.12.10.1.3`, certBag (RFC 7292, appendix D).
const CERT_BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x03];
/// `2.16.840.1.113894.746875.1.1`, trustedKeyUsage (`sun.security.pkcs12.PKCS12KeyStore`).
const TRUSTED_KEY_USAGE: &[u8] =
    &[0x60, 0x86, 0x48, 0x01, 0x86, 0xf9, 0x66, 0xad, 0xca, 0x7b, 0x01, 0x01];
/// `1.2.840.113549.1.12.1.6`, pbeWithSHAAnd40BitRC2-CBC (RFC 7292, appendix C): keytool until JDK 15.
const RC2_40: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01, 0x06];
/// `1.2.840.113549.1.5.13` and `.12`, PBES2 and PBKDF2 (RFC 8018, appendix C): keytool since JDK 16.
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
/// `1.2.840.113549.2.9`, hmacWithSHA256 (RFC 8018, appendix B.1.2).
const HMAC_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x09];
/// `2.16.840.1.101.3.4.1.42`, aes256-CBC (RFC 3565, section 4.1).
const AES_256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];

/// Rounds of key derivation that nobody uses, in all parts of a store together: keytool's are 10,000 to
/// 50,000 for each of two, and a service waits for them.
const TOO_MANY: u32 = 1_000_000;

/// `[0] IMPLICIT OCTET STRING`.
const CONTEXT_0_PRIMITIVE: u8 = 0x80;

/// The certificates that Java would trust in `store`.
pub fn read(store: &[u8]) -> Result<Vec<Vec<u8>>, Problem> {
    let contents = contents(store).ok_or(Problem::Broken)?;
    let rounds = contents.iter().filter_map(|content| rounds(content));
    if rounds.fold(0, u32::saturating_add) > TOO_MANY {
        return Err(Problem::Broken);
    }
    let mut certificates = Vec::new();
    for content in contents {
        let (kind, content) = typed(content).ok_or(Problem::Broken)?;
        let decrypted;
        let bags = match kind {
            DATA => of(OCTET_STRING, content).ok_or(Problem::Broken)?,
            ENCRYPTED_DATA => {
                decrypted = decrypt(content)?;
                &decrypted
            }
            // Nothing that a certificate would be in.
            _ => continue,
        };
        let bags = of(SEQUENCE, bags).and_then(values).ok_or(Problem::Broken)?;
        for bag in bags {
            trust(bag, &mut certificates).ok_or(Problem::Broken)?;
        }
    }
    Ok(certificates)
}

/// The contents of the one value that `input` begins with, if it has that tag.
fn of(tag: u8, input: &[u8]) -> Option<&[u8]> {
    let (found, contents, _) = value(input)?;
    (found == tag).then_some(contents)
}

/// The contents of each SEQUENCE in a row of them.
fn values(mut input: &[u8]) -> Option<Vec<&[u8]>> {
    let mut all = Vec::new();
    while !input.is_empty() {
        all.push(take(SEQUENCE, &mut input)?);
    }
    Some(all)
}

/// `SEQUENCE { OBJECT IDENTIFIER, [0] EXPLICIT … }`, from the inside.
fn typed(mut content: &[u8]) -> Option<(&[u8], &[u8])> {
    Some((take(OID, &mut content)?, take(CONTEXT_0, &mut content)?))
}

/// The parts of the archive (RFC 7292, section 4).
fn contents(store: &[u8]) -> Option<Vec<&[u8]>> {
    let mut archive = of(SEQUENCE, store)?;
    take(INTEGER, &mut archive)?;
    let (_, safe) = typed(take(SEQUENCE, &mut archive)?)?;
    values(of(SEQUENCE, of(OCTET_STRING, safe)?)?)
}

/// Adds the certificate in a bag, if one is in there that Java would trust.
fn trust(bag: &[u8], certificates: &mut Vec<Vec<u8>>) -> Option<()> {
    let (kind, content) = typed(bag)?;
    if kind != CERT_BAG {
        return Some(());
    }
    let (_, certificate) = typed(of(SEQUENCE, content)?)?;
    // They come third, where there are any.
    let (_, _, behind) = value(value(bag)?.2)?;
    let attributes = if behind.is_empty() { behind } else { of(SET, behind)? };
    let is_usage = |attribute: &&[u8]| of(OID, attribute) == Some(TRUSTED_KEY_USAGE);
    let is_trusted = values(attributes)?.iter().any(is_usage);
    let certificate = of(OCTET_STRING, certificate)?;
    certificates.extend(is_trusted.then(|| certificate.to_vec()));
    Some(())
}

/// The rounds of key derivation that a part asks for.
fn rounds(content: &[u8]) -> Option<u32> {
    let (ENCRYPTED_DATA, content) = typed(content)? else { return None };
    match encrypted(content)? {
        (PBES2, parameters, _) => Some(pbes2(parameters)?.1),
        (RC2_40, parameters, _) => Some(salted(parameters)?.1),
        _ => None,
    }
}

/// The plain text of an encryptedData.
fn decrypt(content: &[u8]) -> Result<Vec<u8>, Problem> {
    let (algorithm, parameters, text) = encrypted(content).ok_or(Problem::Broken)?;
    let plain = match algorithm {
        PBES2 => {
            let (salt, rounds, iv) = pbes2(parameters).ok_or(Problem::Unknown)?;
            let mut key = [0; 32];
            pbkdf2::pbkdf2_hmac::<Sha256>(PASSWORD.as_bytes(), salt, rounds, &mut key);
            let cipher = cbc::Decryptor::<aes::Aes256>::new_from_slices(&key, iv);
            cipher.map_err(|_| Problem::Broken)?.decrypt_padded_vec::<Pkcs7>(text)
        }
        RC2_40 => {
            let (salt, rounds) = salted(parameters).ok_or(Problem::Broken)?;
            let (key, iv) = (derive(1, salt, rounds), derive(2, salt, rounds));
            let (Some(key), Some(iv)) = (key.get(..5), iv.get(..8)) else {
                return Err(Problem::Broken);
            };
            let cipher = rc2::Rc2::new_with_eff_key_len(key, 40);
            let cipher = cbc::Decryptor::<rc2::Rc2>::inner_iv_slice_init(cipher, iv);
            cipher.map_err(|_| Problem::Broken)?.decrypt_padded_vec::<Pkcs7>(text)
        }
        _ => return Err(Problem::Unknown),
    };
    // A wrong password shows in the padding, or else in that no list of bags comes out.
    plain.ok().filter(|plain| of(SEQUENCE, plain).is_some()).ok_or(Problem::Locked)
}

/// `version, { data, { algorithm, parameters }, [0] text }`.
fn encrypted(content: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut content = of(SEQUENCE, content)?;
    take(INTEGER, &mut content)?;
    let mut info = take(SEQUENCE, &mut content)?;
    take(OID, &mut info)?;
    let mut algorithm = take(SEQUENCE, &mut info)?;
    let text = take(CONTEXT_0_PRIMITIVE, &mut info)?;
    Some((take(OID, &mut algorithm)?, take(SEQUENCE, &mut algorithm)?, text))
}

/// `salt, rounds`.
fn salted(mut parameters: &[u8]) -> Option<(&[u8], u32)> {
    let salt = take(OCTET_STRING, &mut parameters)?;
    let rounds = take(INTEGER, &mut parameters)?;
    let rounds = rounds.iter().try_fold(0_u32, |sum, byte| {
        Some(sum.checked_mul(256)? + u32::from(*byte)).filter(|sum| *sum <= TOO_MANY)
    })?;
    Some((salt, rounds))
}

/// Salt, rounds and initialisation vector of the one combination that keytool uses.
fn pbes2(mut parameters: &[u8]) -> Option<(&[u8], u32, &[u8])> {
    let mut derivation = take(SEQUENCE, &mut parameters)?;
    let mut cipher = take(SEQUENCE, &mut parameters)?;
    let is_known = take(OID, &mut derivation)? == PBKDF2 && take(OID, &mut cipher)? == AES_256;
    let details = take(SEQUENCE, &mut derivation)?;
    let (salt, rounds) = salted(details)?;
    // Behind the rounds: the length of the key, which the cipher says as well, and the function.
    let mut rest = value(value(details)?.2)?.2;
    if rest.first() == Some(&INTEGER) {
        take(INTEGER, &mut rest)?;
    }
    let is_known = is_known && of(OID, of(SEQUENCE, rest)?)? == HMAC_SHA256;
    is_known.then_some((salt, rounds, take(OCTET_STRING, &mut cipher)?))
}

/// RFC 7292, appendix B.2, with SHA-1, for what is no longer than one of its digests.
fn derive(purpose: u8, salt: &[u8], rounds: u32) -> [u8; 20] {
    /// Bytes in a block of SHA-1 (FIPS 180-4), to which everything is repeated.
    const BLOCK: usize = 64;
    let password = PASSWORD.bytes().chain([0]).flat_map(|byte| [0, byte]).collect::<Vec<_>>();
    let mut input = vec![purpose; BLOCK];
    for part in [salt, &password] {
        input.extend(part.iter().cycle().take(part.len().next_multiple_of(BLOCK)));
    }
    let mut digest = Sha1::digest(&input);
    for _ in 1..rounds {
        digest = Sha1::digest(digest);
    }
    digest.into()
}
