//! Reads one key of a service, in any of its forms.

use serde_yaml::{Mapping, Value};

use crate::compose::project::Reading;
use crate::compose::project::error::{Locate, NEEDS_COMPOSE, ProjectError, YamlPath};
use crate::compose::project::interpolate::{self, Interpolation};
use crate::sys::quote;

/// The keys whose list can be written as a single value (`string_or_list` in
/// <https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json>).
const SINGLE: [&str; 2] = ["env_file", "tmpfs"];

/// The treatment of a value that depends on a variable without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IfUnknown {
    /// The value is omitted.
    Omit,
    /// The value is the text as written.
    Raw,
    /// The value is omitted; without Compose, it is an error.
    Refuse,
    /// The value is the text as written; without Compose, it is an error.
    RefuseOrRaw,
}

/// The value of a key, or a part of it.
pub(crate) struct Field<'a> {
    /// How the project was read: decides whether a value can contain variables.
    pub reading: Reading,
    /// Finds the line of an error.
    pub locate: Locate<'a>,
    /// The service.
    pub service: &'a str,
    /// The key.
    pub key: &'static str,
    /// The value; null where the key is missing.
    pub value: &'a Value,
}

impl<'a> Field<'a> {
    /// Returns the field of the same key for a part of its value.
    pub(crate) fn part(&self, value: &'a Value) -> Self {
        Field { value: untagged(value), ..*self }
    }

    /// Returns its path in the model.
    pub(crate) fn path(&self) -> YamlPath {
        YamlPath { service: Some(self.service.to_owned()), key: Some(self.key) }
    }

    /// Returns the value as text; `None` for null.
    pub(crate) fn text(&self, if_unknown: IfUnknown) -> Result<Option<String>, ProjectError> {
        self.scalar()?.map_or(Ok(None), |text| self.resolve(&text, if_unknown))
    }

    /// Returns the elements of a list as text.
    pub(crate) fn texts(&self, if_unknown: IfUnknown) -> Result<Vec<String>, ProjectError> {
        self.list()?.iter().filter_map(|element| element.text(if_unknown).transpose()).collect()
    }

    /// Returns the value of `text`, a part of the field.
    pub(crate) fn resolve(
        &self,
        text: &str,
        if_unknown: IfUnknown,
    ) -> Result<Option<String>, ProjectError> {
        use IfUnknown::{Raw, Refuse, RefuseOrRaw};
        let is_refused =
            self.reading == Reading::Offline && matches!(if_unknown, Refuse | RefuseOrRaw);
        let refused = |needle: &str, cause: String, fix: &str| {
            let location = (self.locate)(&self.path(), Some(needle));
            let error = self.path().unreadable(location.as_ref());
            Err(ProjectError::Other(error.because(cause).advise(fix)))
        };
        match self.read(text) {
            Interpolation::Known(text) => Ok(Some(text)),
            Interpolation::Open(name) if is_refused => {
                let cause = format!("the variable {} has no value", quote::word(&name));
                let fix = format!("set it in the shell or in `.env`, or {NEEDS_COMPOSE}");
                refused(&name, cause, &fix)
            }
            Interpolation::Malformed(text) if is_refused => {
                let cause = format!("{} is not a form of variable in Compose", quote::word(&text));
                refused(&text, cause, "correct it, or write `$$` for a plain dollar sign")
            }
            _ => Ok(matches!(if_unknown, Raw | RefuseOrRaw).then(|| text.to_owned())),
        }
    }

    /// Whether `text` contains a malformed variable, such as one without its end.
    pub(crate) fn is_malformed(&self, text: &str) -> bool {
        matches!(self.read(text), Interpolation::Malformed(_))
    }

    /// Reads variables. Compose's complete output contains none, and doubles every dollar sign.
    fn read(&self, text: &str) -> Interpolation {
        match self.reading {
            Reading::Complete => Interpolation::Known(text.replace("$$", "$")),
            _ => interpolate::read(text),
        }
    }

    fn scalar(&self) -> Result<Option<String>, ProjectError> {
        match scalar(self.value) {
            None if !self.value.is_null() => Err(self.form_error("a plain value")),
            text => Ok(text),
        }
    }

    /// Returns the elements of a list. For some keys, a plain value is a list of one element.
    pub(crate) fn list(&self) -> Result<Vec<Field<'a>>, ProjectError> {
        match self.value {
            Value::Null => Ok(Vec::new()),
            Value::Sequence(values) => Ok(values.iter().map(|value| self.part(value)).collect()),
            Value::Mapping(_) => Err(self.form_error("a list")),
            _ if SINGLE.contains(&self.key) => Ok(vec![self.part(self.value)]),
            _ => Err(self.form_error("a list")),
        }
    }

    /// Returns the value as a mapping; `None` for null.
    pub(crate) fn mapping(&self) -> Result<Option<&'a Mapping>, ProjectError> {
        match self.value {
            Value::Null => Ok(None),
            Value::Mapping(mapping) => Ok(Some(mapping)),
            _ => Err(self.form_error("a mapping")),
        }
    }

    /// Returns the keys of a mapping, or the elements of a list.
    pub(crate) fn names(&self) -> Result<Vec<String>, ProjectError> {
        match self.value {
            Value::Mapping(mapping) => Ok(mapping.keys().filter_map(scalar).collect()),
            _ => self.texts(IfUnknown::Raw),
        }
    }

    /// Returns names and values of a mapping or a list of `NAME=VALUE`; `None` for a name without a value.
    pub(crate) fn pairs(&self) -> Result<Vec<(String, Option<String>)>, ProjectError> {
        if let Value::Mapping(mapping) = self.value {
            let pair =
                |(name, value)| Ok((scalar(name).unwrap_or_default(), self.part(value).scalar()?));
            return mapping.iter().map(pair).collect();
        }
        if !matches!(self.value, Value::Null | Value::Sequence(_)) {
            return Err(self.form_error("a mapping"));
        }
        let mut pairs = Vec::new();
        for element in self.list()? {
            let Some(text) = element.scalar()? else { continue };
            pairs.push(match text.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (text, None),
            });
        }
        Ok(pairs)
    }

    /// Returns the error for a value that is not `wanted`.
    pub(crate) fn form_error(&self, wanted: &'static str) -> ProjectError {
        self.path().wrong_form(kind(self.value), wanted, self.locate)
    }
}

/// Returns the kind of a value, for messages.
pub(crate) fn kind(value: &Value) -> &'static str {
    match untagged(value) {
        Value::Null => "empty",
        Value::Mapping(_) => "a mapping",
        Value::Sequence(_) => "a list",
        _ => "a plain value",
    }
}

/// Returns a value without its tags. `offline` has refused the two that Compose supports.
pub(crate) fn untagged(mut value: &Value) -> &Value {
    while let Value::Tagged(tagged) = value {
        value = &tagged.value;
    }
    value
}

/// Returns a string, number or boolean as text.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match untagged(value) {
        Value::String(text) => Some(text.clone()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) => Some(match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => float.to_string(),
            None => number.to_string(),
        }),
        _ => None,
    }
}
