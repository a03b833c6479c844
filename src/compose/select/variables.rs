//! Variables in the names of images, where nobody put in their values yet.
//!
//! Compose files and Dockerfiles write them alike. A default is what counts on a machine that sets
//! nothing, so it is the best that is known; a variable without one leaves a mark.

/// Stands where a value is not known. No name of an image contains it: the reference grammar of
/// <https://github.com/distribution/reference> has letters, digits, `.-_/:@` only.
pub const MARK: char = '$';

/// Defaults within defaults that are followed; nobody writes as many.
const DEPTH: usize = 16;

/// `text` with its variables put in, as far as `value` knows them.
///
/// `$V`, `${V}`, `${V:-default}`, `${V-default}`, `${V:+other}` and `${V+other}`, as in
/// <https://docs.docker.com/reference/compose-file/interpolation/> and
/// <https://docs.docker.com/reference/dockerfile/#environment-replacement>.
pub fn put_in(text: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    nested(text, value, DEPTH)
}

fn nested(text: &str, value: &dyn Fn(&str) -> Option<String>, depth: usize) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        whole.push_str(before);
        let (inside, behind) = after.strip_prefix('{').and_then(braced).unwrap_or((after, ""));
        let end = inside.find(|c: char| c != '_' && !c.is_ascii_alphanumeric());
        let (name, operation) = inside.split_at(end.unwrap_or(inside.len()));
        if !after.starts_with('{') {
            whole.push_str(&value(name).unwrap_or_else(|| MARK.to_string()));
            rest = operation;
            continue;
        }
        rest = behind;
        let Some(depth) = depth.checked_sub(1) else { continue };
        let other = |operator| operation.strip_prefix(operator);
        let known = value(name);
        let filled = known.as_ref().filter(|value| !value.is_empty()).cloned();
        let put = if let Some(default) = other(":-") {
            filled.unwrap_or_else(|| nested(default, value, depth))
        } else if let Some(default) = other("-") {
            known.unwrap_or_else(|| nested(default, value, depth))
        } else if let Some(instead) = other(":+") {
            filled.map_or(String::new(), |_| nested(instead, value, depth))
        } else if let Some(instead) = other("+") {
            known.map_or(String::new(), |_| nested(instead, value, depth))
        } else {
            known.unwrap_or_else(|| MARK.to_string())
        };
        whole.push_str(&put);
    }
    whole + rest
}

/// What stands before the brace that closes, and what stands behind it.
fn braced(text: &str) -> Option<(&str, &str)> {
    let mut open = 1_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some((text.get(..at)?, text.get(at + 1..)?));
        }
    }
    None
}
