//! Certificates with mutated parts, and the inputs of the fuzzer: whatever the program accepts, OpenSSL and GnuTLS read too,
//! which would reject a whole bundle for one bad certificate; and a JVM reads a key store of the
//! certificates that are not reported as unreadable for it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use trust_init::trust::bundle::Pem;
use trust_init::trust::inspection::{certificates, for_java};
use trust_init::trust::source::{CertificateSource, Label, SourceKind};
use trust_init::trust::source::{Named, Origin};

use crate::init::truststore::java::java_reads;
use crate::inspect::gallery::rows;
use crate::inspect::openssl::are_read_whole;
use crate::world::{Scratch, gallery};

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

/// Certificates that were accepted, by their PEM text.
#[derive(Default)]
struct Accepted {
    all: BTreeSet<Pem<'static>>,
    /// Those that are not reported as unreadable for Java.
    for_java: BTreeSet<Pem<'static>>,
}

impl Accepted {
    /// Reads a file, and adds the certificates that are accepted.
    fn add_from(&mut self, bytes: Vec<u8>) {
        let label = Label::Path(Named { path: "bent.der".into(), origin: Origin::Default });
        let source = CertificateSource { label, kind: SourceKind::Named, bytes };
        let found = certificates(&source).unwrap_or_default();
        self.for_java.extend(for_java(&found).map(Pem::into_owned));
        self.all.extend(found.into_iter().map(|found| found.pem));
    }

    /// Asserts that every client reads a bundle of them, and a JVM a key store.
    #[track_caller]
    fn are_read(self) {
        java_reads(&self.for_java.into_iter().collect::<Vec<_>>());
        let directory = Scratch::new();
        let text: Vec<_> = self.all.iter().flat_map(Pem::text).copied().collect();
        std::fs::write(directory.path().join("bundle"), text).unwrap();
        are_read_whole(directory.path());
    }
}

/// Returns the first certificate of a file in tests/certs.
fn first_in(file: &str) -> Option<Vec<u8>> {
    let mut found = Accepted::default();
    found.add_from(std::fs::read(gallery(file)).unwrap());
    found.all.first().and_then(Pem::decode)
}

#[test]
fn a_mutated_certificate_is_refused_or_read_by_every_library() {
    let (mut tried, mut accepted) = (0, Accepted::default());
    for file in [
        "ca-rsa.pem",
        "ca-name-constraints.crt",
        "intermediate.crt",
        "v1-root.crt",
        "ca-rsa-pss.crt",
        "ca-all-critical.crt",
    ] {
        let [node] = &decode(&first_in(file).unwrap()).unwrap()[..] else { panic!("{file}") };
        for at in 0..node.size() {
            for mutate in mutations() {
                tried += 1;
                accepted.add_from(node.encoded(&mut { at }, &mutate));
            }
        }
    }
    let (all, for_java) = (accepted.all.len(), accepted.for_java.len());
    assert!(tried > 10_000 && all > 1_000 && for_java > 1_000, "{tried} {all} {for_java}");
    accepted.are_read();
}

/// A generator of random numbers (xorshift, <https://doi.org/10.18637/jss.v008.i14>).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    /// Returns `der` with up to three mutations; a third of them change one byte.
    fn mutated(&mut self, mut der: Vec<u8>, mutations: &[Mutation]) -> Vec<u8> {
        for _ in 0..=self.below(3) {
            let nodes = decode(&der).unwrap_or_default();
            let [node] = &nodes[..] else { return der };
            let (mut at, by, value) =
                (self.below(node.size()), self.below(1 << 20), self.below(256));
            let change_byte: Mutation = Box::new(move |tag, contents| {
                let mut changed = contents.to_vec();
                let place = by % changed.len().max(1);
                changed.iter_mut().skip(place).take(1).for_each(|byte| *byte = value as u8);
                encode(tag, &changed)
            });
            der = match self.below(3) {
                0 => node.encoded(&mut at, &change_byte),
                _ => node.encoded(&mut at, &mutations[self.below(mutations.len())]),
            };
        }
        der
    }
}

/// Of every file in tests/certs, until MUTATIONS (200 by default) different ones are accepted. The seed
/// differs at each run; a failure prints the certificate.
#[test]
fn random_mutations_are_refused_or_read_by_every_library() {
    let wanted = std::env::var("MUTATIONS").map_or(200, |number| number.parse().unwrap());
    let since = std::time::UNIX_EPOCH.elapsed().unwrap();
    let mut random = Random(since.as_nanos() as u64 | 1);
    let (files, mutations) = (rows(), mutations());
    let originals: Vec<_> = files.iter().filter_map(|(file, ..)| first_in(file)).collect();
    assert!(originals.len() > 80, "{}", originals.len());
    let mut accepted = Accepted::default();
    while accepted.all.len() < wanted {
        let original = originals[random.below(originals.len())].clone();
        accepted.add_from(random.mutated(original, &mutations));
    }
    accepted.are_read();
}

/// FUZZED_CERTIFICATES names another folder of the fuzzer's inputs.
#[test]
fn every_library_reads_what_is_accepted_of_the_fuzzers_inputs() {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus").into();
    let folder = std::env::var_os("FUZZED_CERTIFICATES").map_or(own, PathBuf::from);
    let mut accepted = Accepted::default();
    for target in ["bundle", "inspect", "jks", "pkcs"] {
        for entry in folder.join(target).read_dir().unwrap() {
            accepted.add_from(std::fs::read(entry.unwrap().path()).unwrap());
        }
    }
    assert!(accepted.all.len() >= 10, "{}", accepted.all.len());
    accepted.are_read();
}
