//! The blocks in a PEM text, however it was saved.
//!
//! RFC 7468 readers differ in what they pass over in silence: a block behind a byte order mark, an
//! indented one, one glued to its neighbour because a file lacked its last line end. Here every
//! `-----BEGIN` is accounted for: it becomes a block or a flaw with its line. Nothing is skipped.

use base64_simd::STANDARD;

use crate::trust::bundle::{self, Pem};

/// One block between its markers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PemBlock<'a> {
    /// What the markers say it is.
    pub label: &'a str,
    /// The byte that its BEGIN marker starts at; [`line`] tells the line.
    pub at: usize,
    /// The markers and what is between them, with the line end behind, if there is one.
    text: &'a [u8],
    /// The text between the markers.
    body: &'a [u8],
    /// Whether its markers stand on lines of their own.
    is_on_lines: bool,
}

/// What is between the markers, decoded.
#[derive(Debug)]
pub(crate) struct Decoded<'a> {
    /// The bytes.
    pub der: &'a [u8],
    /// Whether every client could read the block in its place.
    pub is_tidy: bool,
    /// Whether its text is exactly what would be written for these bytes.
    is_canonical: bool,
}

/// Why a text cannot be divided into blocks, or a block not decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PemError {
    /// The byte it begins at; [`line`] tells the line.
    pub at: usize,
    /// What is wrong there.
    pub what: &'static str,
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
/// A full line of canonical text and its end.
const FULL: usize = bundle::LINE + 1;
/// RFC 7468, section 3: labels are short words; what is longer is no label but a lost line end.
const LONGEST_LABEL: usize = 64;
/// The label of a certificate (RFC 7468, section 5).
const USUAL: &str = "CERTIFICATE";

/// Divides `text` into its blocks, and goes on behind a flaw. Text between them is comment, as in
/// every reader.
pub(crate) fn blocks(text: &[u8]) -> Blocks<'_> {
    Blocks { text, rest: 0 }
}

/// The blocks of a text, or the place where a marker has no partner or is broken.
pub(crate) struct Blocks<'a> {
    text: &'a [u8],
    rest: usize,
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Result<PemBlock<'a>, PemError>;

    fn next(&mut self) -> Option<Self::Item> {
        // The first marker of either kind: the search for a BEGIN alone would read all of the rest
        // again behind each END that has none.
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
        let behind = text.get(body_start..).unwrap_or_default();
        let Some(length) = find(behind, DASHES) else {
            return Err(PemError {
                at: start,
                what: "the block is cut off: its END marker is missing",
            });
        };
        let body = behind.get(..length).unwrap_or_default();
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

/// Where `marker`, which begins with a dash, is in `text`, in capitals or not. Base64 has no dashes,
/// so hardly anything is looked at twice.
fn find(text: &[u8], marker: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'-', text).find(|at| is_at(text, *at, marker))
}

/// Whether `marker` is at this byte of `text`, in capitals or not.
fn is_at(text: &[u8], at: usize, marker: &[u8]) -> bool {
    let found = text.get(at..at + marker.len()).unwrap_or_default();
    // A marker ends in a space or a dash, which most of what only begins like one does not.
    found.last() == marker.last() && (found == marker || found.eq_ignore_ascii_case(marker))
}

/// The word between `at` and the dashes that end a marker.
fn label(text: &[u8], at: usize) -> Option<&str> {
    let window = text.get(at..text.len().min(at + LONGEST_LABEL))?;
    // Nearly all are this one.
    if window.strip_prefix(USUAL.as_bytes()).is_some_and(|behind| behind.starts_with(DASHES)) {
        return Some(USUAL);
    }
    let label = window.get(..find(window, DASHES)?)?;
    let is_label = label.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    is_label.then(|| std::str::from_utf8(label).ok()).flatten()
}

/// The line of the first marker that begins a private key of whatever kind, also where the text
/// around it is broken.
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

/// The line, counted from 1, that the byte `at` is on. Counted only for messages; for more than one
/// of them, [`Lines`] counts.
pub(crate) fn line_number(text: &[u8], at: usize) -> usize {
    Lines::new(text).line_number(at)
}

/// The lines of bytes that are asked for in the order of the text: it is read once for all of them.
pub(crate) struct Lines<'a> {
    text: &'a [u8],
    counted: usize,
    feeds: usize,
    returns: usize,
}

impl<'a> Lines<'a> {
    /// Of this text.
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, counted: 0, feeds: 0, returns: 0 }
    }

    /// The line, counted from 1, that the byte `at` is on.
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

/// What a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PemKind {
    /// A certificate.
    Certificate,
    /// A certificate and OpenSSL's note on what it is trusted for.
    Trusted,
    /// Certificates in a message.
    Pkcs7,
}

impl<'a> PemBlock<'a> {
    /// What it holds, if that is certificates: by the labels that OpenSSL reads (crypto/pem/pem_lib.c,
    /// `check_pem`) and those of RFC 7468.
    pub(crate) fn kind(&self) -> Option<PemKind> {
        match self.label {
            "CERTIFICATE" | "X509 CERTIFICATE" => Some(PemKind::Certificate),
            "TRUSTED CERTIFICATE" => Some(PemKind::Trusted),
            "PKCS7" | "PKCS #7 SIGNED DATA" | "CMS" => Some(PemKind::Pkcs7),
            _ => None,
        }
    }

    /// Decodes the block's base64 in `buffer`, which serves one block after the other.
    ///
    /// # Errors
    /// A character that is not base64, missing padding, or nothing at all.
    pub(crate) fn decode<'b>(&self, buffer: &'b mut Vec<u8>) -> Result<Decoded<'b>, PemError> {
        let (mut is_tidy, mut is_full) = (self.is_on_lines, true);
        let mut rest = self.body.strip_prefix(b"\n").unwrap_or(self.body);
        buffer.resize(buffer.len().max(rest.len()), 0);
        let mut filled = 0;
        while !rest.is_empty() {
            // A full line is taken without looking for its end; what else it may hold is seen below.
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
            // OpenSSL's strict reading takes lines of 76 at most; RFC 7468 writes 64.
            is_tidy &= line.len() <= 76;
            if let Some(to) = buffer.get_mut(filled..filled + line.len()) {
                to.copy_from_slice(line);
                filled += line.len();
            }
        }
        let mut length = decode(buffer.get_mut(..filled));
        if length.is_none() {
            // White space within a line is all that may be forgiven.
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

    /// Why its base64 cannot be decoded.
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

    /// The block as canonical text, unchanged if it is that already.
    pub(crate) fn pem(&self, decoded: &Decoded<'_>) -> Pem<'a> {
        if decoded.is_canonical { Pem::from_canonical(self.text) } else { Pem::encode(decoded.der) }
    }
}

/// Decodes `base64` where it lies, and returns how much of it is then filled.
fn decode(base64: Option<&mut [u8]>) -> Option<usize> {
    STANDARD.decode_inplace(base64?).ok().map(|bytes| bytes.len())
}
