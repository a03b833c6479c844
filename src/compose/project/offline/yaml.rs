//! A YAML document becomes a tree, or the line of a part of it.
//!
//! The YAML crate does not limit what aliases expand to, does not say on which line a key is repeated, and leaves
//! `<<` to its caller: so the tree is built here, value by value. A tree knows no lines, but the crate's errors do:
//! to find a line, the text is read again, and what is looked for is an error.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde_yaml::{Error, Mapping, Value};

/// How many values the documents of a file may contain, with what their aliases expand to: a thousand
/// services have a tenth of that.
const MAX_VALUES: usize = 500_000;
/// A text counts as one value more for each of so many bytes.
const BYTES_PER_VALUE: usize = 100;

/// The tags by which an override removes something (docs.docker.com/reference/compose-file/merge/).
const TAGS: [&str; 2] = ["reset", "override"];

/// Why reading ended, other than for the YAML itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum StopReason {
    /// This key is in one mapping twice.
    Duplicate(String),
    /// This tag is one of Compose's own.
    Tag(String),
    /// It contains too much.
    TooMuch,
    /// Here is what was looked for.
    Found,
}

/// Reads the documents in `text`, one after the other.
///
/// # Errors
/// The YAML crate's own error, which knows the line, and what is known beyond that.
pub(crate) fn documents(text: &str) -> Result<Vec<Value>, (Error, Option<StopReason>)> {
    let load = Load::new(Search::None);
    let documents = serde_yaml::Deserializer::from_str(text);
    let read = |document| ValueSeed { load: &load, path: None }.deserialize(document);
    documents.map(|document| read(document).map_err(|error| (error, load.stop.take()))).collect()
}

/// The line in the last document that has one of the value at `path`; with `needle`, of a value below it that
/// contains this text.
pub(crate) fn find_line(text: &str, path: &[&str], needle: Option<&str>) -> Option<usize> {
    let load = Load::new(needle.map_or(Search::Key, Search::Text));
    let documents = serde_yaml::Deserializer::from_str(text);
    let node = ValueSeed { load: &load, path: Some(path) };
    let errors = documents.filter_map(|document| node.deserialize(document).err());
    let found = errors.filter(|_| load.stop.take() == Some(StopReason::Found));
    Some(found.last()?.location()?.line())
}

/// What is looked for, in a text that Compose may have read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Search<'a> {
    /// Nothing: the text is read.
    None,
    /// A key.
    Key,
    /// A value that contains this text.
    Text(&'a str),
}

/// What the documents of a text have left of their share, why reading stopped, and what is looked for.
struct Load<'a> {
    left: Cell<usize>,
    stop: RefCell<Option<StopReason>>,
    search: Search<'a>,
}

impl<'a> Load<'a> {
    fn new(search: Search<'a>) -> Self {
        Self { left: Cell::new(MAX_VALUES), stop: RefCell::new(None), search }
    }

    /// The crate's own error has the line; this has the rest.
    fn stop<E: serde::de::Error>(&self, stop: StopReason) -> E {
        *self.stop.borrow_mut() = Some(stop);
        E::custom("stopped")
    }

    fn count_value<E: serde::de::Error>(&self, length: usize) -> Result<(), E> {
        let left = self.left.get().checked_sub(1 + length / BYTES_PER_VALUE);
        self.left.set(left.ok_or_else(|| self.stop(StopReason::TooMuch))?);
        Ok(())
    }
}

/// A value that is being read.
#[derive(Clone, Copy)]
struct ValueSeed<'a> {
    load: &'a Load<'a>,
    /// Where what is looked for is below this value.
    path: Option<&'a [&'a str]>,
}

impl ValueSeed<'_> {
    /// The value of `key` in this one.
    fn child(self, key: &Value) -> Self {
        let path = match self.path {
            Some([first, rest @ ..]) if key.as_str() == Some(first) => Some(rest),
            Some([_, ..]) if key.as_str() != Some("<<") => None,
            path => path,
        };
        Self { path, ..self }
    }

    /// The merged keys, each of which had its own `<<` merged when it was read.
    fn merge<E: serde::de::Error>(self, mapping: &mut Mapping, merged: Value) -> Result<(), E> {
        let merged = match merged {
            Value::Sequence(values) => values,
            value => vec![value],
        };
        for value in merged {
            match value {
                Value::Mapping(others) => {
                    for (key, value) in others {
                        mapping.entry(key).or_insert(value);
                    }
                }
                _ if self.load.search != Search::None => {}
                _ => return Err(E::custom("`<<` takes a mapping or a list of mappings")),
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

macro_rules! plain {
    ($($visit:ident: $type:ty),*) => {
        $(fn $visit<E: serde::de::Error>(self, value: $type) -> Result<Value, E> {
            self.load.count_value(0).map(|()| value.into())
        })*
    };
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    plain! { visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64 }

    fn visit_u128<E: serde::de::Error>(self, number: u128) -> Result<Value, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i128<E: serde::de::Error>(self, number: i128) -> Result<Value, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        match self.load.search {
            Search::Text(needle) if self.path == Some(&[]) && text.contains(needle) => {
                Err(self.load.stop(StopReason::Found))
            }
            _ => self.load.count_value(text.len()).map(|()| text.into()),
        }
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        self.load.count_value(0).map(|()| Value::Null)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Value, E> {
        self.visit_unit()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        self.load.count_value(0)?;
        let mut sequence = Vec::new();
        while let Some(element) = elements.next_element_seed(self)? {
            sequence.push(element);
        }
        Ok(Value::Sequence(sequence))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        self.load.count_value(0)?;
        let mut mapping = Mapping::new();
        while let Some(key) = entries.next_key_seed(KeySeed { mapping: self, before: &mapping })? {
            let value = entries.next_value_seed(self.child(&key))?;
            mapping.insert(key, value);
        }
        if let Some(merged) = mapping.remove("<<") {
            self.merge(&mut mapping, merged)?;
        }
        Ok(Value::Mapping(mapping))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Value, A::Error> {
        let (tag, contents) = tagged.variant::<String>()?;
        if self.load.search == Search::None && TAGS.contains(&tag.as_str()) {
            return Err(self.load.stop(StopReason::Tag(tag)));
        }
        contents.newtype_variant_seed(self)
    }
}

/// A key, which is in its mapping for the first time.
struct KeySeed<'a> {
    mapping: ValueSeed<'a>,
    before: &'a Mapping,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key that is text")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Value, E> {
        let ValueSeed { load, path } = self.mapping;
        load.count_value(key.len())?;
        if load.search == Search::Key && path.is_some_and(|path| path == [key]) {
            return Err(load.stop(StopReason::Found));
        }
        if load.search == Search::None && self.before.contains_key(key) {
            return Err(load.stop(StopReason::Duplicate(key.to_owned())));
        }
        Ok(key.into())
    }
}
