//! The line of something that turned out to be wrong after the files were put together.
//!
//! Trees know no lines, but the YAML crate's errors do: the file is read once more, and what is looked
//! for is an error when it comes by.

use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IgnoredAny, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};

use crate::compose::project::error::{Place, Thing};
use crate::compose::project::offline::source::Source;

/// Where in `source` the last word on `thing` stands; with `needle`, a value below it that has this text.
pub fn place(source: &Source<'_>, thing: &Thing, needle: Option<&str>) -> Option<Place> {
    let service = thing.service.iter().flat_map(|name| ["services", name]);
    let path: Vec<_> = service.chain(thing.key).collect();
    let seek = Seek { path: &path, needle };
    let documents = serde_yaml::Deserializer::from_str(&source.text);
    let lines = documents.filter_map(|document| seek.deserialize(document).err()?.location());
    let line = lines.last()?.line();
    Some(Place { path: source.path.to_owned(), line: Some(line) })
}

#[derive(Clone, Copy)]
struct Seek<'a> {
    path: &'a [&'a str],
    needle: Option<&'a str>,
}

/// What a key is to the search.
enum Step {
    Into,
    Merged,
    Past,
}

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        let is_found = self.path.is_empty() && self.needle.is_some_and(|word| text.contains(word));
        if is_found { Err(E::custom("found")) } else { Ok(()) }
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while elements.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(step) = entries.next_key_seed(Key(self))? {
            let path = match step {
                Step::Into => self.path.get(1..).unwrap_or_default(),
                Step::Merged => self.path,
                Step::Past => {
                    entries.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            entries.next_value_seed(Seek { path, ..self })?;
        }
        Ok(())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<(), A::Error> {
        tagged.variant::<String>()?.1.newtype_variant_seed(self)
    }
}

struct Key<'a>(Seek<'a>);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Step;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Step, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Step;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Step, E> {
        let Seek { path, needle } = self.0;
        Ok(match path {
            [] => Step::Into,
            [last] if key == *last && needle.is_none() => return Err(E::custom("found")),
            [first, ..] if key == *first => Step::Into,
            _ if key == "<<" => Step::Merged,
            _ => Step::Past,
        })
    }
}
