//! Certificates with one mutated part each: whatever the program accepts, OpenSSL and GnuTLS read too,
//! which would reject a whole bundle for one bad certificate; and a JVM reads a key store of the
//! certificates that are not reported as unreadable for it.

use std::collections::BTreeSet;

use trust_init::trust::inspection::{certificates, for_java};
use trust_init::trust::source::{CertificateSource, Label, SourceKind};
use trust_init::trust::source::{Named, Origin};

use crate::init::truststore::java::java_reads;
use crate::inspect::openssl::are_read_whole;
use crate::world::{Scratch, count, gallery};

/// A value in DER, and the values it contains, including those in the bytes of extensions and keys.
struct Node {
    tag: u8,
    contents: Vec<u8>,
    /// The number of bytes before the parts.
    front: usize,
    parts: Vec<Node>,
}

fn encode(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len();
    let head = match length {
        0..=0x7f => vec![tag, length as u8],
        0x80..=0xff => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [&head[..], contents].concat()
}

fn decode(mut bytes: &[u8]) -> Option<Vec<Node>> {
    let mut nodes = Vec::new();
    while let [tag, first, rest @ ..] = bytes {
        let wide = if *first < 0x80 { 0 } else { usize::from(*first & 0x7f) };
        let (length, rest) = rest.split_at_checked(wide)?;
        let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let length = if wide == 0 { usize::from(*first) } else { length };
        let (contents, rest) = rest.split_at_checked(length)?;
        let (front, parts) = match (tag, contents) {
            (0x04, _) => (0, decode(contents).unwrap_or_default()),
            (0x03, [0, inner @ ..]) => (1, decode(inner).unwrap_or_default()),
            _ if tag & 0x20 == 0 => (0, Vec::new()),
            _ => (0, decode(contents)?),
        };
        nodes.push(Node { tag: *tag, contents: contents.to_vec(), front, parts });
        bytes = rest;
    }
    bytes.is_empty().then_some(nodes)
}

impl Node {
    /// Returns the encoding, with the mutation applied to the value number `wanted`.
    fn encoded(&self, wanted: &mut usize, mutate: &Mutation) -> Vec<u8> {
        let is_it = *wanted == 0;
        *wanted = wanted.wrapping_sub(1);
        let contents = if self.parts.is_empty() {
            self.contents.clone()
        } else {
            let parts = self.parts.iter().flat_map(|part| part.encoded(wanted, mutate));
            self.contents[..self.front].iter().copied().chain(parts).collect()
        };
        if is_it { mutate(self.tag, &contents) } else { encode(self.tag, &contents) }
    }

    fn size(&self) -> usize {
        1 + self.parts.iter().map(Node::size).sum::<usize>()
    }
}

/// A mutation: returns other bytes for a value's tag and contents.
type Mutation = Box<dyn Fn(u8, &[u8]) -> Vec<u8>>;

/// Returns every mutation: of a value's length, its tag, its contents and the bytes around it.
fn mutations() -> Vec<Mutation> {
    let mut mutations: Vec<Mutation> = vec![
        Box::new(|tag, contents| {
            [&[tag, 0x83, 0], &(contents.len() as u16).to_be_bytes()[..], contents].concat()
        }),
        Box::new(|tag, contents| [&[tag | 0x20, 0x80], contents, &[0, 0]].concat()),
        Box::new(|tag, _| encode(tag, b"")),
        Box::new(|_, _| Vec::new()),
        Box::new(|tag, contents| encode(tag, contents).repeat(2)),
        Box::new(|tag, contents| encode(tag, &contents[contents.len().min(1)..])),
        Box::new(|tag, contents| encode(tag, &contents[..contents.len().saturating_sub(1)])),
        Box::new(|tag, contents| [&[5, 0], &encode(tag, contents)[..]].concat()),
        Box::new(|tag, contents| [&encode(tag, contents)[..], &[5, 0]].concat()),
        Box::new(|tag, contents| encode(tag, &[contents, &[5, 0]].concat())),
        Box::new(|tag, contents| encode(tag ^ 0x20, contents)),
        Box::new(|tag, contents| encode(tag, &vec![0xff; contents.len()])),
        Box::new(|tag, contents| encode(tag, &vec![0; contents.len()])),
    ];
    for byte in [0, 1, 0x7f, 0x80, 0xff] {
        mutations.push(Box::new(move |tag, contents| encode(tag, &[&[byte], contents].concat())));
        mutations.push(Box::new(move |tag, contents| encode(tag, &[contents, &[byte]].concat())));
        mutations.push(Box::new(move |tag, _| encode(tag, &[byte])));
    }
    // Including the tags of names (RFC 5280, section 4.2.1.6).
    for tag in (0..0x20).chain([0x30, 0x31]).chain(0x80..0x8a).chain(0xa0..0xa9) {
        mutations.push(Box::new(move |_, contents| encode(tag, contents)));
    }
    for uri in [
        "http://a b/",
        "a.b",
        "https://a.b",
        "http:",
        "http://a_b/",
        "http://a.b:x/",
        "",
        ".",
        "a..b",
    ] {
        for tag in [0x16, 0x81, 0x82, 0x86] {
            mutations.push(Box::new(move |_, _| encode(tag, uri.as_bytes())));
        }
    }
    // Invalid texts, and dates that GnuTLS and OpenSSL read differently.
    for (tag, text) in [
        (0x0c, &b"\xed\xa0\x80"[..]),
        (0x0c, b"\xc0\x80"),
        (0x0c, b"a\xc3"),
        (0x0c, b"a\0b"),
        (0x1e, b"\xd8\0"),
        (0x1e, b"abc"),
        (0x1c, b"\0\x11\0\0"),
        (0x1c, b"\0\0a"),
        (0x17, b"2001010000Z"),
        (0x17, b"200101000000+0100"),
        (0x17, b"200230000000Z"),
        (0x18, b"20200101000000.5Z"),
        (0x18, b"20200101000000"),
        (0x18, b"00000101000000Z"),
        (0x18, b"99991231235959Z"),
    ] {
        mutations.push(Box::new(move |_, _| encode(tag, text)));
    }
    mutations
}

#[test]
fn a_mutated_certificate_is_refused_or_read_by_every_library() {
    let label = || Label::Path(Named { path: "bent.der".into(), origin: Origin::Default });
    let (mut tried, mut accepted, mut readable) = (0, String::new(), BTreeSet::new());
    for file in [
        "ca-rsa.pem",
        "ca-name-constraints.crt",
        "intermediate.crt",
        "v1-root.crt",
        "ca-rsa-pss.crt",
        "ca-all-critical.crt",
    ] {
        let bytes = std::fs::read(gallery(file)).unwrap();
        let kind = SourceKind::Named;
        let whole = certificates(&CertificateSource { label: label(), kind, bytes }).unwrap();
        let [node] = &decode(&whole[0].der).unwrap()[..] else { panic!("{file}") };
        for at in 0..node.size() {
            for mutate in mutations() {
                let bytes = node.encoded(&mut { at }, &mutate);
                tried += 1;
                if let Ok(found) = certificates(&CertificateSource { label: label(), kind, bytes })
                {
                    let text = found.iter().flat_map(|found| found.pem.text().to_vec());
                    accepted += &String::from_utf8(text.collect()).unwrap();
                    readable.extend(for_java(&found).map(|pem| pem.into_owned()));
                }
            }
        }
    }
    assert!(tried > 10_000 && count(&accepted) > 1_000, "{tried} {}", count(&accepted));
    // Readers identify a certificate by its contents, so equal results are written once.
    let directory = Scratch::new();
    let blocks = accepted.split_inclusive("-----END CERTIFICATE-----\n");
    let distinct: BTreeSet<_> = blocks.collect();
    assert!(readable.len() > 1_000, "{}", readable.len());
    java_reads(&readable.into_iter().collect::<Vec<_>>());
    let text: String = distinct.into_iter().collect();
    std::fs::write(directory.path().join("bundle"), text).unwrap();
    are_read_whole(directory.path());
}
