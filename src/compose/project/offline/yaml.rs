//! A YAML document becomes a tree.
//!
//! The YAML crate does not limit what aliases unfold to, does not say on which line a key stands for the
//! second time, and leaves `<<` to its caller: so the tree is built here, value by value.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use serde_yaml::{Mapping, Value};

/// How many values the documents of a file may hold, with what their aliases unfold to: a thousand
/// services have a tenth of that.
const MOST_VALUES: usize = 500_000;
/// A text counts as one value more for each of so many bytes.
const BYTES_PER_VALUE: usize = 100;

/// The tags by which an override takes away (docs.docker.com/reference/compose-file/merge/).
const TAGS: [&str; 2] = ["reset", "override"];

/// Why a document was refused, other than for its YAML.
pub enum Refusal {
    /// This key stands in one mapping twice.
    Duplicate(String),
    /// This tag is one of Compose's own.
    Tag(String),
    /// It holds too much.
    TooMuch,
}

/// Reads the documents in `text`, one after the other.
///
/// # Errors
/// The YAML crate's own error, which knows the line, and what is known beyond that.
pub fn documents(text: &str) -> Result<Vec<Value>, (serde_yaml::Error, Option<Refusal>)> {
    load(text, true)
}

/// The same with all that Compose can follow: tags of its own, and keys that are no text or stand twice,
/// of which it will say itself what it thinks.
///
/// # Errors
/// When it is no YAML, or holds too much.
pub fn outline(text: &str) -> Result<Vec<Value>, (serde_yaml::Error, Option<Refusal>)> {
    load(text, false)
}

fn load(text: &str, is_strict: bool) -> Result<Vec<Value>, (serde_yaml::Error, Option<Refusal>)> {
    let load = Load { left: Cell::new(MOST_VALUES), refusal: RefCell::new(None), is_strict };
    serde_yaml::Deserializer::from_str(text)
        .map(|document| Node(&load).deserialize(document).map_err(|e| (e, load.refusal.take())))
        .collect()
}

/// What a document has left of its share, and why it was refused.
struct Load {
    left: Cell<usize>,
    refusal: RefCell<Option<Refusal>>,
    is_strict: bool,
}

impl Load {
    /// The crate's own error tells the line; this one tells the rest.
    fn refuse<E: serde::de::Error>(&self, refusal: Refusal) -> E {
        *self.refusal.borrow_mut() = Some(refusal);
        E::custom("refused")
    }

    fn take<E: serde::de::Error>(&self, length: usize) -> Result<(), E> {
        let left = self.left.get().checked_sub(1 + length / BYTES_PER_VALUE);
        self.left.set(left.ok_or_else(|| self.refuse(Refusal::TooMuch))?);
        Ok(())
    }
}

/// A value that is being read.
#[derive(Clone, Copy)]
struct Node<'a>(&'a Load);

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: serde::de::Error>(self, truth: bool) -> Result<Value, E> {
        self.0.take(0).map(|()| truth.into())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Value, E> {
        self.0.take(0).map(|()| number.into())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        self.0.take(0).map(|()| number.into())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
        self.0.take(0).map(|()| number.into())
    }

    fn visit_u128<E: serde::de::Error>(self, number: u128) -> Result<Value, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i128<E: serde::de::Error>(self, number: i128) -> Result<Value, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        self.0.take(text.len()).map(|()| text.into())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Value, E> {
        self.0.take(0).map(|()| Value::Null)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Value, E> {
        self.visit_unit()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        self.0.take(0)?;
        let mut sequence = Vec::new();
        while let Some(element) = elements.next_element_seed(self)? {
            sequence.push(element);
        }
        Ok(Value::Sequence(sequence))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        self.0.take(0)?;
        let mut mapping = Mapping::new();
        while let Some(key) = entries.next_key_seed(Key { load: self.0, before: &mapping })? {
            let value = entries.next_value_seed(self)?;
            mapping.insert(key, value);
        }
        let Some(merged) = mapping.remove("<<") else { return Ok(Value::Mapping(mapping)) };
        // Whatever is merged here had its own `<<` merged when it was read.
        let merged = match merged {
            Value::Sequence(values) => values,
            value => vec![value],
        };
        for value in merged {
            let Value::Mapping(others) = value else {
                if !self.0.is_strict {
                    continue;
                }
                return Err(A::Error::custom("`<<` takes a mapping or a list of mappings"));
            };
            for (key, value) in others {
                mapping.entry(key).or_insert(value);
            }
        }
        Ok(Value::Mapping(mapping))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Value, A::Error> {
        let (tag, contents) = tagged.variant::<String>()?;
        if self.0.is_strict && TAGS.contains(&tag.as_str()) {
            return Err(self.0.refuse(Refusal::Tag(tag)));
        }
        contents.newtype_variant_seed(self)
    }
}

/// A key, which stands in its mapping for the first time.
struct Key<'a> {
    load: &'a Load,
    before: &'a Mapping,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.load.is_strict {
            deserializer.deserialize_str(self)
        } else {
            deserializer.deserialize_any(Node(self.load))
        }
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key that is text")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Value, E> {
        self.load.take(key.len())?;
        if self.before.contains_key(key) {
            return Err(self.load.refuse(Refusal::Duplicate(key.to_owned())));
        }
        Ok(key.into())
    }
}
