//! Looks up the name of an image or a service in [`IMAGE_TABLE`].

use crate::compose::project::image_name::ImageName;
use crate::compose::project::interpolate::{MARK, interpolate_or_mark};
use crate::compose::select::image_table::{
    BACK_ENDS, BROWSER_NAMES, BROWSER_WORDS, CLIENT_WORDS, IMAGE_TABLE, ImageKind, ImageRow,
};

/// The result of a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageClass {
    /// The image gets no CA by default: its kind, and the matching entry.
    Left(ImageKind, &'static str),
    /// The image is a back end: the matching entry.
    BackEnd(&'static str),
    /// The image contains a Chromium: the matching entry.
    Browser(&'static str),
}

/// The last elements of an image's name.
struct ImageNameEnd {
    /// The last element, without tag and digest.
    last: String,
    /// The last two elements, without tag and digest.
    longer: String,
}

impl ImageNameEnd {
    /// Parses an image's name from a file; `None` if a variable decides it.
    fn parse(image: &str) -> Option<Self> {
        let image = interpolate_or_mark(image, &|_| None).to_lowercase();
        let path = ImageName::parse(&image).path;
        let (above, last) = path.rsplit_once('/').unwrap_or(("", path));
        // At either end, a variable may add a registry or a tag.
        let last = last.trim_matches(MARK).to_owned();
        let above = above.rsplit('/').next()?;
        let longer = format!("{above}/{last}");
        (!last.is_empty()).then_some(Self { last, longer })
    }

    /// Returns the entry that equals the last element, or the last two.
    fn entry_among(&self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().find(|name| **name == self.last || **name == self.longer).copied()
    }

    /// Returns the entry that equals a word of the last element, with or without a version number at the
    /// word's end.
    fn word_among(&self, entries: &[&'static str]) -> Option<&'static str> {
        let mut words = self.last.split(['-', '_', '.', MARK]);
        words.find_map(|word| {
            let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
            entries.iter().find(|entry| **entry == word || **entry == bare).copied()
        })
    }
}

/// Whether an image's name can be looked up: no variable decides it.
pub fn is_named(image: &str) -> bool {
    ImageNameEnd::parse(image).is_some()
}

/// Whether the name is that of a client of a product, or of an application built on one.
pub(crate) fn is_client(image: &str) -> bool {
    ImageNameEnd::parse(image).is_some_and(|name| name.word_among(CLIENT_WORDS).is_some())
}

/// Looks up an image by its name.
pub fn classify_image(image: &str) -> Option<ImageClass> {
    let name = ImageNameEnd::parse(image)?;
    let browser = name.entry_among(BROWSER_NAMES).or_else(|| name.word_among(BROWSER_WORDS));
    if let Some(entry) = browser {
        return Some(ImageClass::Browser(entry));
    }
    if let Some(entry) = name.entry_among(BACK_ENDS) {
        return Some(ImageClass::BackEnd(entry));
    }
    let whole = IMAGE_TABLE
        .iter()
        .find_map(|row| Some(ImageClass::Left(row.kind, name.entry_among(row.names)?)));
    let by_word = || {
        let has = |row: &ImageRow| Some(ImageClass::Left(row.kind, name.word_among(row.words)?));
        if name.word_among(CLIENT_WORDS).is_some() {
            None
        } else {
            IMAGE_TABLE.iter().find_map(has)
        }
    };
    whole.or_else(by_word)
}

/// Looks up the name of a service, or of the image that is built for it: it must equal an entry.
pub fn classify_name(name: &str) -> Option<ImageKind> {
    let name = ImageNameEnd::parse(name)?;
    let lists =
        |row: &&ImageRow| [row.words, row.names, row.services].map(|list| name.entry_among(list));
    IMAGE_TABLE.iter().find(|row| lists(row).iter().any(Option::is_some)).map(|row| row.kind)
}
