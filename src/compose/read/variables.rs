//! `$NAME` and `${NAME…}` in the values of a Compose file.
//!
//! The forms are those of the Compose specification (docs.docker.com, "Interpolation"); a dollar sign
//! that begins none of them is itself, as in Compose 2.26.

/// How deep variables may stand in the defaults of others.
const MOST_NESTED: usize = 32;

/// Where the values are.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A part of a value.
enum Piece<'a> {
    Text(&'a str),
    Dollar,
    Variable { written: &'a str, name: &'a str, rule: Rule<'a> },
}

/// What a variable becomes.
#[derive(Clone, Copy)]
enum Rule<'a> {
    /// Its value.
    Value,
    /// Its value, else this: `-`.
    Default(&'a str),
    /// Its value, or it is an error: `?`.
    Required,
    /// Nothing, or this if it has a value: `+`.
    Alternative(&'a str),
    /// One of them, with an empty value as good as none: `:-`, `:?`, `:+`.
    OrEmpty(&'a Rule<'a>),
}
