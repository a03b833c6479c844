//! Parses YAML documents, and finds the line of a part of one.
//!
//! The YAML crate does not limit the expansion of aliases, has no line for a repeated key, and does not merge
//! `<<`, so this module builds the tree itself. Only the crate's errors have lines: to find a line, the text
//! is read again, and the part in question is made an error.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde_yaml::{Error, Mapping, Value};

/// Largest number of values in a file, with aliases expanded: a thousand services have a tenth of that.
const MAX_VALUES: usize = 500_000;
/// A text counts as one additional value per so many bytes.
const BYTES_PER_VALUE: usize = 100;

/// The tags with which an override removes values (docs.docker.com/reference/compose-file/merge/).
const TAGS: [&str; 2] = ["reset", "override"];

/// Why reading stopped, other than for invalid YAML.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum StopReason {
    /// A mapping repeats this key.
    Duplicate(String),
    /// Only Compose supports this tag.
    Tag(String),
    /// The documents contain too many values.
    TooMuch,
    /// The search succeeded at this line.
    Found,
}

/// Parses the documents in `text`.
///
/// # Errors
/// The YAML crate's error, which has the line, and the reason if this module stopped.
pub(crate) fn documents(text: &str) -> Result<Vec<Value>, (Error, Option<StopReason>)> {
    let load = Load::new(Search::None);
    let documents = serde_yaml::Deserializer::from_str(text);
    let read = |document| ValueSeed { load: &load, path: None }.deserialize(document);
    documents.map(|document| read(document).map_err(|error| (error, load.stop.take()))).collect()
}

/// Returns the line of the value at `path` in the last document that has it; with `needle`, the line of a
/// value below it that contains this text.
pub(crate) fn find_line(text: &str, path: &[&str], needle: Option<&str>) -> Option<usize> {
    let load = Load::new(needle.map_or(Search::Key, Search::Text));
    let documents = serde_yaml::Deserializer::from_str(text);
    let node = ValueSeed { load: &load, path: Some(path) };
    let errors = documents.filter_map(|document| node.deserialize(document).err());
    let found = errors.filter(|_| load.stop.take() == Some(StopReason::Found));
    Some(found.last()?.location()?.line())
}

/// The target of a search.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Search<'a> {
    /// No search: the text is parsed.
    None,
    /// A key.
    Key,
    /// A value that contains this text.
    Text(&'a str),
}

/// The state of reading one text: how many more values are allowed, why reading stopped, and the search.
struct Load<'a> {
    left: Cell<usize>,
    stop: RefCell<Option<StopReason>>,
    search: Search<'a>,
}

impl<'a> Load<'a> {
    fn new(search: Search<'a>) -> Self {
        Self { left: Cell::new(MAX_VALUES), stop: RefCell::new(None), search }
    }

    /// Stops with an error, which gets its line from the crate, and records the reason.
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

/// Deserializes one value.
#[derive(Clone, Copy)]
struct ValueSeed<'a> {
    load: &'a Load<'a>,
    /// The path from this value to the target of the search.
    path: Option<&'a [&'a str]>,
}

impl ValueSeed<'_> {
    /// Returns the seed for the value of `key`.
    fn child(self, key: &Value) -> Self {
        let path = match self.path {
            Some([first, rest @ ..]) if key.as_str() == Some(first) => Some(rest),
            Some([_, ..]) if key.as_str() != Some("<<") => None,
            path => path,
        };
        Self { path, ..self }
    }

    /// Adds the keys of `<<`, whose own `<<` were merged when they were read.
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

/// Deserializes a key, and refuses one that its mapping repeats.
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
