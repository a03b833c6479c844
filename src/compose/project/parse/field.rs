//! One key of a service, in whichever form it is written.

use serde_yaml::{Mapping, Value};

use crate::compose::project::Reading;
use crate::compose::project::error::{Error, Thing};
use crate::compose::project::interpolate::{self, Text};

/// The keys whose list may be written as its one element (`string_or_list` in
/// <https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json>).
const SINGLE: [&str; 2] = ["env_file", "tmpfs"];

/// A key's value, or a part of it.
pub struct Field<'a> {
    /// How the tree came about: that decides what a variable in a value means.
    pub reading: Reading,
    /// The service.
    pub service: &'a str,
    /// The key.
    pub key: &'static str,
    /// The value; null where the key is not there.
    pub value: &'a Value,
}

impl<'a> Field<'a> {
    /// The same key, and a part of its value.
    pub fn with(&self, value: &'a Value) -> Self {
        Field { value: plain(value), ..*self }
    }

    /// Its name in messages.
    pub fn thing(&self) -> Thing {
        Thing { service: Some(self.service.to_owned()), key: Some(self.key) }
    }

    /// The value as text, as it is written; `None` for null.
    pub fn text(&self) -> Result<Option<String>, Error> {
        match scalar(self.value) {
            None if !self.value.is_null() => Err(self.form("a plain value")),
            text => Ok(text),
        }
    }

    /// The value if it is known. Where this program reads alone, it must be.
    pub fn known(&self) -> Result<Option<String>, Error> {
        self.text()?.map_or(Ok(None), |text| self.known_of(&text))
    }

    /// The value if it is known.
    pub fn if_known(&self) -> Result<Option<String>, Error> {
        Ok(self.text()?.and_then(|text| self.if_known_of(&text)))
    }

    /// The value if it is known, else as it is written.
    pub fn written(&self) -> Result<Option<String>, Error> {
        Ok(self.text()?.map(|text| self.if_known_of(&text).unwrap_or(text)))
    }

    /// The same. Where this program reads alone, it must be known.
    pub fn needed(&self) -> Result<Option<String>, Error> {
        self.known().and_then(|known| known.map_or_else(|| self.written(), |known| Ok(Some(known))))
    }

    /// The value `text` if it is known. Where this program reads alone, it must be.
    pub fn known_of(&self, text: &str) -> Result<Option<String>, Error> {
        let (thing, place) = (self.thing(), None);
        match self.read(text) {
            Text::Known(text) => Ok(Some(text)),
            _ if self.reading != Reading::Alone => Ok(None),
            Text::Open(name) => Err(Error::Variable { thing, place, name }),
            Text::Malformed(text) => Err(Error::Template { thing, place, text }),
        }
    }

    /// The value `text` if it is known.
    pub fn if_known_of(&self, text: &str) -> Option<String> {
        match self.read(text) {
            Text::Known(text) => Some(text),
            _ => None,
        }
    }

    /// Whether `text` holds the beginning of a variable and not its end, or the like.
    pub fn is_malformed(&self, text: &str) -> bool {
        matches!(self.read(text), Text::Malformed(_))
    }

    /// In Compose's own answer every dollar sign is doubled, and no variable is left.
    fn read(&self, text: &str) -> Text {
        match self.reading {
            Reading::Complete => Text::Known(text.replace("$$", "$")),
            _ => interpolate::read(text),
        }
    }

    /// The elements of a list. A plain value is a list of one for the keys that Compose reads so.
    pub fn list(&self) -> Result<Vec<Field<'a>>, Error> {
        match self.value {
            Value::Null => Ok(Vec::new()),
            Value::Sequence(values) => Ok(values.iter().map(|value| self.with(value)).collect()),
            Value::Mapping(_) => Err(self.form("a list")),
            _ if SINGLE.contains(&self.key) => Ok(vec![self.with(self.value)]),
            _ => Err(self.form("a list")),
        }
    }

    /// The elements of a list as text: see [`Field::written`].
    pub fn written_list(&self) -> Result<Vec<String>, Error> {
        self.list()?.iter().filter_map(|element| element.written().transpose()).collect()
    }

    /// The elements of a list as text: see [`Field::needed`].
    pub fn needed_list(&self) -> Result<Vec<String>, Error> {
        self.list()?.iter().filter_map(|element| element.needed().transpose()).collect()
    }

    /// A mapping, if there is one.
    pub fn mapping(&self) -> Result<Option<&'a Mapping>, Error> {
        match self.value {
            Value::Null => Ok(None),
            Value::Mapping(mapping) => Ok(Some(mapping)),
            _ => Err(self.form("a mapping")),
        }
    }

    /// The keys of a mapping, or the elements of a list.
    pub fn names(&self) -> Result<Vec<String>, Error> {
        match self.value {
            Value::Mapping(mapping) => Ok(mapping.keys().filter_map(scalar).collect()),
            _ => self.written_list(),
        }
    }

    /// Names and values, from a mapping or a list of `NAME=VALUE`; `None` for a name without a value.
    pub fn pairs(&self) -> Result<Vec<(String, Option<String>)>, Error> {
        if let Value::Mapping(mapping) = self.value {
            let pair =
                |(name, value)| Ok((scalar(name).unwrap_or_default(), self.with(value).text()?));
            return mapping.iter().map(pair).collect();
        }
        if !matches!(self.value, Value::Null | Value::Sequence(_)) {
            return Err(self.form("a mapping"));
        }
        let mut pairs = Vec::new();
        for element in self.list()? {
            let Some(text) = element.text()? else { continue };
            pairs.push(match text.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (text, None),
            });
        }
        Ok(pairs)
    }

    /// The refusal of a value that is not `wanted`.
    pub fn form(&self, wanted: &'static str) -> Error {
        Error::Form { thing: self.thing(), place: None, is: form(self.value), wanted }
    }
}

/// What kind of value it is.
pub fn form(value: &Value) -> &'static str {
    match plain(value) {
        Value::Null => "empty",
        Value::Mapping(_) => "a mapping",
        Value::Sequence(_) => "a list",
        _ => "a plain value",
    }
}

/// A value without its tag: Compose knows two, and `alone` refuses those.
pub fn plain(mut value: &Value) -> &Value {
    while let Value::Tagged(tagged) = value {
        value = &tagged.value;
    }
    value
}

/// A string, number or boolean as text.
pub fn scalar(value: &Value) -> Option<String> {
    match plain(value) {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) => Some(match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => float.to_string(),
            None => number.to_string(),
        }),
        _ => None,
    }
}
