//! Substitutes `$NAME` and `${NAME…}` in the values of a Compose file.
//!
//! Syntax: <https://docs.docker.com/reference/compose-file/interpolation/>. Any other dollar sign is literal,
//! as in Compose 2.26.

/// Marks an unknown value. No image name contains it: the reference grammar of
/// <https://github.com/distribution/reference> has letters, digits, `.-_/:@` only.
pub const MARK: char = '$';

/// How deep variables can be nested in the defaults of others.
const MAX_NESTING: usize = 32;

/// Returns the value of a variable.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The result of reading a value.
pub enum Interpolation {
    /// The value contains no variable; `$$` is replaced by `$`.
    Known(String),
    /// The value depends on this variable.
    Open(String),
    /// The value contains this text, which is not a valid variable.
    Malformed(String),
}

enum Piece<'a> {
    Text(&'a str),
    Dollar,
    Variable(Variable<'a>),
    Malformed(&'a str),
}

struct Variable<'a> {
    written: &'a str,
    name: &'a str,
    /// Whether an empty value counts as unset: the colon in `:-`, `:?`, `:+`.
    skips_empty: bool,
    operator: Option<char>,
    operand: &'a str,
}

/// Reads `text` without substituting variables.
pub fn read(text: &str) -> Interpolation {
    let mut known = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => known.push_str(text),
            Piece::Dollar => known.push('$'),
            Piece::Variable(variable) => return Interpolation::Open(missing_variable(variable)),
            Piece::Malformed(text) => return Interpolation::Malformed(text.to_owned()),
        }
    }
    Interpolation::Known(known)
}

/// Substitutes the variables whose values `lookup` returns, escaped so that [`read`] returns the value. A
/// variable with neither value nor default is unchanged.
pub fn interpolate(text: &str, lookup: Lookup<'_>) -> String {
    resolve(text, lookup, MAX_NESTING).0
}

/// Escapes `value` for a Compose file.
pub fn escape(value: &str) -> String {
    value.replace('$', "$$")
}

/// Substitutes every variable in an image's name: without a value by its default, which applies where nothing
/// is set, else by [`MARK`].
pub fn interpolate_or_mark(text: &str, lookup: Lookup<'_>) -> String {
    mark(text, lookup, MAX_NESTING)
}

fn mark(text: &str, lookup: Lookup<'_>, depth: usize) -> String {
    let text = interpolate(text, lookup);
    let pieces = pieces(&text).into_iter().map(|piece| match piece {
        Piece::Text(text) => text.to_owned(),
        // The operand applies, and contains an unknown variable.
        Piece::Variable(Variable { operator: Some('-' | '+'), operand, .. }) if depth > 0 => {
            mark(operand, lookup, depth - 1)
        }
        Piece::Dollar | Piece::Variable(_) | Piece::Malformed(_) => MARK.to_string(),
    });
    pieces.collect()
}

/// Returns the name of an image whose tag a variable decides: with the variable's default as the tag, or
/// without a tag. `None` if the variable is in the name itself.
pub fn without_unknown_tag(text: &str) -> Option<String> {
    let (prefix, rest) = text.split_at(text.find('$')?);
    let name_ends = prefix.rfind([':', '@'])?;
    if prefix.rfind('/').is_some_and(|slash| slash > name_ends) || rest.contains('/') {
        return None;
    }
    match read(&interpolate(text, &|_| None)) {
        Interpolation::Known(image) if !image.ends_with([':', '@']) => Some(image),
        _ => prefix.get(..name_ends).map(str::to_owned),
    }
}

/// Substitutes variables. The second value is true if one remains.
fn resolve(text: &str, lookup: Lookup<'_>, depth: usize) -> (String, bool) {
    let (mut out, mut is_open) = (String::new(), false);
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => out.push_str(&escape(text)),
            Piece::Dollar => out.push_str("$$"),
            Piece::Malformed(text) => {
                out.push_str(text);
                is_open = true;
            }
            Piece::Variable(variable) => {
                let value = value(&variable, lookup, depth);
                is_open |= value.is_none();
                out.push_str(value.as_deref().unwrap_or(variable.written));
            }
        }
    }
    (out, is_open)
}

fn value(variable: &Variable<'_>, lookup: Lookup<'_>, depth: usize) -> Option<String> {
    let value = lookup(variable.name).filter(|value| !(variable.skips_empty && value.is_empty()));
    let operand = || {
        let (text, is_open) = resolve(variable.operand, lookup, depth.checked_sub(1)?);
        (!is_open).then_some(text)
    };
    match (variable.operator, value) {
        (Some('+'), None) => Some(String::new()),
        (Some('+'), Some(_)) | (Some('-'), None) => operand(),
        (_, value) => value.map(|value| escape(&value)),
    }
}

/// Returns the variable whose value is missing: the innermost one in the defaults.
fn missing_variable(mut variable: Variable<'_>) -> String {
    for _ in 0..MAX_NESTING {
        let inner = pieces(variable.operand).into_iter().find_map(|piece| match piece {
            Piece::Variable(inner) => Some(inner),
            _ => None,
        });
        match inner {
            Some(inner) if variable.operator == Some('-') => variable = inner,
            _ => break,
        }
    }
    variable.name.to_owned()
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        let (piece, length) = piece(from);
        pieces.push(Piece::Text(before));
        pieces.push(piece);
        rest = from.get(length..).unwrap_or_default();
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// Returns the piece at the start of `text`, which begins with a dollar sign, and its length.
fn piece(text: &str) -> (Piece<'_>, usize) {
    let after = text.get(1..).unwrap_or_default();
    if after.starts_with('$') {
        return (Piece::Dollar, 2);
    }
    let Some(braced) = after.strip_prefix('{') else {
        let name = name(after);
        let written = text.get(..=name.len()).unwrap_or_default();
        let plain = Variable { written, name, skips_empty: false, operator: None, operand: "" };
        let piece = if name.is_empty() { Piece::Text("$") } else { Piece::Variable(plain) };
        return (piece, written.len());
    };
    let Some(body) = closing_brace(braced).and_then(|end| braced.get(..end)) else {
        return (Piece::Malformed(text), text.len());
    };
    let written = text.get(..body.len() + 3).unwrap_or_default();
    let name = name(body);
    let rest = body.get(name.len()..).unwrap_or_default();
    let operation = rest.strip_prefix(':').unwrap_or(rest);
    let operator = operation.chars().next();
    let is_form = match operator {
        Some(operator) => matches!(operator, '-' | '?' | '+'),
        None => rest.is_empty(),
    };
    if name.is_empty() || !is_form {
        return (Piece::Malformed(written), written.len());
    }
    let skips_empty = rest.starts_with(':');
    let operand = operation.get(1..).unwrap_or_default();
    (Piece::Variable(Variable { written, name, skips_empty, operator, operand }), written.len())
}

/// Returns the name at the start of `text`.
fn name(text: &str) -> &str {
    let is_part = |c: char| c == '_' || c.is_ascii_alphanumeric();
    let name = text.split(|c| !is_part(c)).next().unwrap_or_default();
    if name.starts_with(|c: char| c.is_ascii_digit()) { "" } else { name }
}

/// Returns the index of the closing brace for one before `text`. As in Compose, only `${` opens another.
fn closing_brace(text: &str) -> Option<usize> {
    let (mut open, mut last) = (1_usize, ' ');
    for (at, c) in text.char_indices() {
        match c {
            '{' if last == '$' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
        last = c;
    }
    None
}
