//! Finds the blocks in a PEM text.
//!
//! Readers of RFC 7468 silently skip different blocks: after a byte order mark, indented, or joined to the
//! previous one because a file has no final line end. Here every `-----BEGIN` becomes a block or an error
//! with its line.

use base64_simd::STANDARD;

use crate::trust::bundle::{self, Pem};

/// One block between its markers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PemBlock<'a> {
    /// The label in its markers.
    pub label: &'a str,
    /// The byte offset of its BEGIN marker; [`line_number`] converts it.
    pub at: usize,
    /// The markers and the text between them, with the line end after them, if there is one.
    text: &'a [u8],
    /// The text between the markers.
    body: &'a [u8],
    /// Whether each marker is on a line of its own.
    is_on_lines: bool,
}

/// The decoded text between the markers.
#[derive(Debug)]
pub(crate) struct Decoded<'a> {
    /// The bytes.
    pub der: &'a [u8],
    /// Whether every client could read the block as it is.
    pub is_tidy: bool,
    /// Whether its text is exactly the canonical form of these bytes.
    is_canonical: bool,
}

/// Why a text cannot be divided into blocks, or a block not decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PemError {
    /// The byte offset of the fault; [`line_number`] converts it.
    pub at: usize,
    /// The fault in words.
    pub what: &'static str,
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
/// A full line of canonical text and its end.
const FULL: usize = bundle::LINE + 1;
/// The longest label: labels are short (RFC 7468, section 3), so a longer one is a missing line end.
const LONGEST_LABEL: usize = 64;
/// The label of a certificate (RFC 7468, section 5).
const USUAL: &str = "CERTIFICATE";

/// Divides `text` into its blocks, and continues after an error. Text between them is comment, as in every
/// reader.
pub(crate) fn blocks(text: &[u8]) -> Blocks<'_> {
    Blocks { text, rest: 0 }
}

/// The blocks of a text, and an error for each marker that is broken or has no partner.
pub(crate) struct Blocks<'a> {
    text: &'a [u8],
    rest: usize,
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Result<PemBlock<'a>, PemError>;

    fn next(&mut self) -> Option<Self::Item> {
        // The next marker of either kind: a search for BEGIN alone would read the rest again after each END
        // without a BEGIN.
        let tail = self.text.get(self.rest..)?;
        let is_marker = |at: &usize| is_at(tail, *at, BEGIN) || is_at(tail, *at, END);
        let first = memchr::memchr_iter(b'-', tail).find(is_marker)?;
        let at = self.rest + first;
        if tail.get(first + DASHES.len()).is_some_and(|byte| matches!(byte, b'E' | b'e')) {
            self.rest = at + END.len();
            return Some(Err(PemError { at, what: "an END marker has no BEGIN before it" }));
        }
        // Whether this block is whole or not, the search for the next one starts after its BEGIN.
        self.rest = at + BEGIN.len();
        Some(self.block(at))
    }
}

impl<'a> Blocks<'a> {
    fn block(&mut self, start: usize) -> Result<PemBlock<'a>, PemError> {
        let text = self.text;
        let is_capital = text.get(start..self.rest) == Some(BEGIN);
        let Some(label) = label(text, self.rest).filter(|_| is_capital) else {
            return Err(PemError { at: start, what: "the BEGIN marker is broken" });
        };
        let body_start = self.rest + label.len() + DASHES.len();
        let rest = text.get(body_start..).unwrap_or_default();
        let Some(length) = find(rest, DASHES) else {
            return Err(PemError {
                at: start,
                what: "the block is cut off: its END marker is missing",
            });
        };
        let body = rest.get(..length).unwrap_or_default();
        let end = body_start + length;
        if !text.get(end..).is_some_and(|text| text.starts_with(END)) {
            return Err(PemError {
                at: start,
                what: "the block is cut off: another one begins in it",
            });
        }
        if self::label(text, end + END.len()) != Some(label) {
            return Err(PemError { at: end, what: "the END marker does not fit its BEGIN" });
        }
        self.rest = end + END.len() + label.len() + DASHES.len();
        let is_on_lines =
            is_line_start(text, start) && is_line_start(text, end) && is_line_end(text, self.rest);
        let with_line_end = self.rest + usize::from(text.get(self.rest) == Some(&b'\n'));
        let text = text.get(start..with_line_end).unwrap_or_default();
        Ok(PemBlock { label, at: start, text, body, is_on_lines })
    }
}

/// Returns the offset of `marker`, which begins with a dash, in any case. Searching for dashes is fast,
/// because base64 contains none.
fn find(text: &[u8], marker: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'-', text).find(|at| is_at(text, *at, marker))
}

/// Whether `marker` is at this offset of `text`, in any case.
fn is_at(text: &[u8], at: usize, marker: &[u8]) -> bool {
    let found = text.get(at..at + marker.len()).unwrap_or_default();
    // Comparing the last byte, a space or a dash, first rules out most other text.
    found.last() == marker.last() && (found == marker || found.eq_ignore_ascii_case(marker))
}

/// Returns the label between `at` and the dashes at the end of a marker.
fn label(text: &[u8], at: usize) -> Option<&str> {
    let window = text.get(at..text.len().min(at + LONGEST_LABEL))?;
    // Nearly all labels are this one.
    if window.strip_prefix(USUAL.as_bytes()).is_some_and(|behind| behind.starts_with(DASHES)) {
        return Some(USUAL);
    }
    let label = window.get(..find(window, DASHES)?)?;
    let is_label = label.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    is_label.then(|| std::str::from_utf8(label).ok()).flatten()
}

/// Returns the line of the first BEGIN marker of a private key, also in text that is broken elsewhere.
pub(crate) fn private_key(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += find(text.get(at..)?, BEGIN)? + BEGIN.len();
        if label(text, at).is_some_and(|label| label.contains("PRIVATE KEY")) {
            return Some(line_number(text, at));
        }
    }
}

fn is_line_start(text: &[u8], at: usize) -> bool {
    at == 0 || text.get(at - 1) == Some(&b'\n')
}

fn is_line_end(text: &[u8], at: usize) -> bool {
    let behind = text.get(at..).unwrap_or_default();
    behind.is_empty() || behind.starts_with(b"\n") || behind.starts_with(b"\r\n")
}

/// Returns the line, counted from 1, of the byte offset `at`. For several offsets, use [`Lines`].
pub(crate) fn line_number(text: &[u8], at: usize) -> usize {
    Lines::new(text).line_number(at)
}

/// Converts ascending byte offsets to lines, and reads the text only once.
pub(crate) struct Lines<'a> {
    text: &'a [u8],
    counted: usize,
    feeds: usize,
    returns: usize,
}

impl<'a> Lines<'a> {
    /// Starts at the beginning of `text`.
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, counted: 0, feeds: 0, returns: 0 }
    }

    /// Returns the line, counted from 1, of the byte offset `at`.
    pub(crate) fn line_number(&mut self, at: usize) -> usize {
        if at < self.counted {
            *self = Self::new(self.text);
        }
        let between = self.text.get(self.counted..at).unwrap_or_default();
        self.counted = at;
        self.feeds += memchr::memchr_iter(b'\n', between).count();
        // Old Mac files end lines with a lone carriage return.
        if self.feeds == 0 {
            self.returns += memchr::memchr_iter(b'\r', between).count();
        }
        if self.feeds == 0 { self.returns + 1 } else { self.feeds + 1 }
    }
}

/// The contents of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PemKind {
    /// A certificate.
    Certificate,
    /// A certificate and the purposes that OpenSSL trusts it for.
    Trusted,
    /// Certificates in a PKCS#7 message.
    Pkcs7,
}

impl<'a> PemBlock<'a> {
    /// Returns its kind, if it contains certificates: by the labels that OpenSSL reads (crypto/pem/pem_lib.c,
    /// `check_pem`) and those of RFC 7468.
    pub(crate) fn kind(&self) -> Option<PemKind> {
        match self.label {
            "CERTIFICATE" | "X509 CERTIFICATE" => Some(PemKind::Certificate),
            "TRUSTED CERTIFICATE" => Some(PemKind::Trusted),
            "PKCS7" | "PKCS #7 SIGNED DATA" | "CMS" => Some(PemKind::Pkcs7),
            _ => None,
        }
    }

    /// Decodes the block's base64 in `buffer`, which can be reused for the next block.
    ///
    /// # Errors
    /// A character that is not base64, missing padding, or an empty block.
    pub(crate) fn decode<'b>(&self, buffer: &'b mut Vec<u8>) -> Result<Decoded<'b>, PemError> {
        let (mut is_tidy, mut is_full) = (self.is_on_lines, true);
        let mut rest = self.body.strip_prefix(b"\n").unwrap_or(self.body);
        buffer.resize(buffer.len().max(rest.len()), 0);
        let mut filled = 0;
        while !rest.is_empty() {
            // A full line is copied without a search for its end; decoding checks its characters.
            if let Some(([line @ .., b'\n'], behind)) = rest.split_first_chunk::<FULL>()
                && line.last() != Some(&b'\r')
                && let Some(to) = buffer.get_mut(filled..).and_then(<[u8]>::first_chunk_mut)
            {
                *to = *line;
                filled += line.len();
                rest = behind;
                continue;
            }
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let (whole, behind) = rest.split_at(end);
            rest = behind.get(1..).unwrap_or_default();
            is_full &= rest.is_empty() && (1..=bundle::LINE).contains(&end);
            let line = whole.strip_suffix(b"\r").unwrap_or(whole);
            is_full &= line.len() == end;
            // OpenSSL's strict mode accepts lines of at most 76 characters; RFC 7468 writes 64.
            is_tidy &= line.len() <= 76;
            if let Some(to) = buffer.get_mut(filled..filled + line.len()) {
                to.copy_from_slice(line);
                filled += line.len();
            }
        }
        let mut length = decode(buffer.get_mut(..filled));
        if length.is_none() {
            // Only white space within a line is tolerated.
            is_tidy = false;
            buffer.clear();
            buffer.extend(self.body.iter().filter(|byte| !byte.is_ascii_whitespace()));
            length = decode(Some(buffer));
        }
        let Some(length) = length else { return Err(PemError { at: self.at, what: self.flaw() }) };
        let der = buffer.get(..length).unwrap_or_default();
        if der.is_empty() {
            return Err(PemError { at: self.at, what: "the block is empty" });
        }
        let has_plain_markers = self.text.starts_with(bundle::BEGIN.as_bytes())
            && self.text.ends_with(bundle::END.as_bytes());
        Ok(Decoded { der, is_tidy, is_canonical: is_tidy && is_full && has_plain_markers })
    }

    /// Returns why its base64 cannot be decoded.
    fn flaw(&self) -> &'static str {
        let is_known = |byte: &u8| {
            byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || b"+/=".contains(byte)
        };
        if self.body.iter().all(is_known) {
            "the base64 in the block is cut off or badly padded"
        } else {
            "a character in the block is not base64"
        }
    }

    /// Returns the block as canonical text, borrowed if it is canonical already.
    pub(crate) fn pem(&self, decoded: &Decoded<'_>) -> Pem<'a> {
        if decoded.is_canonical { Pem::from_canonical(self.text) } else { Pem::encode(decoded.der) }
    }
}

/// Decodes `base64` in place, and returns the length of the result.
fn decode(base64: Option<&mut [u8]>) -> Option<usize> {
    STANDARD.decode_inplace(base64?).ok().map(|bytes| bytes.len())
}
