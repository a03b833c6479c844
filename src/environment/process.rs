//! A process environment, exactly as it was found.

use std::ffi::{OsStr, OsString};

/// A process environment: names and values in the order found, duplicates included.
#[derive(Clone, Debug, Default)]
pub struct Environment(Vec<(OsString, OsString)>);

impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<T: IntoIterator<Item = (OsString, OsString)>>(pairs: T) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl Environment {
    /// The value that `getenv(3)` would return: the first of that name.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_os_str())
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &OsStr> {
        self.0.iter().map(|(name, _)| name.as_os_str())
    }

    /// All pairs, in order.
    pub fn pairs(&self) -> &[(OsString, OsString)] {
        &self.0
    }

    /// Gives `name` one value, in the place where it stood first.
    pub fn set(&mut self, name: &str, value: &OsStr) {
        match self.0.iter().position(|(other, _)| other == name) {
            Some(at) => {
                let mut index = 0;
                self.0.retain(|(other, _)| {
                    index += 1;
                    index - 1 == at || other != name
                });
                if let Some(pair) = self.0.get_mut(at) {
                    value.clone_into(&mut pair.1);
                }
            }
            None => self.0.push((name.into(), value.to_owned())),
        }
    }

    /// Takes `name` out.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(other, _)| other != name);
    }
}
