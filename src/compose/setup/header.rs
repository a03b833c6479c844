//! The first lines of an overlay: the command that generated it, by which every version recognizes it, and
//! the command that removes it. The options of a setup are stored nowhere else.

use crate::compose::layout::HEADER;
use crate::sys::quote;

/// The text before the options in overlays of earlier versions.
const OLD: &str = "# The words were:";

/// Returns the header of the overlay that `setup` generates with these options: `project` names the compose
/// files, which `remove` needs too. A line end in an option is escaped.
pub fn header(project: &[String], others: &[String]) -> String {
    let [project, others] = [project, others].map(quote::shell_arguments);
    format!(
        "{HEADER}{project}{others}\n# Do not edit. Remove it with: trust-compose remove{project}\n"
    )
}

/// Returns the options with which `overlay` was generated; empty if its header does not contain them.
pub fn options(overlay: &str) -> Vec<String> {
    let mut comments = overlay.lines().take_while(|line| line.starts_with('#'));
    let options = comments.find_map(|line| line.strip_prefix(HEADER).or(line.strip_prefix(OLD)));
    options.and_then(split).unwrap_or_default()
}

/// Splits a line of words that [`quote::shell`] quoted; `None` for any other line.
fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(letter) = rest.next() {
        match letter {
            ' ' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().push(rest.next()?),
            '\'' => {
                let (quoted, after) = rest.as_str().split_once('\'')?;
                word.get_or_insert_default().push_str(quoted);
                rest = after.chars();
            }
            '$' if rest.as_str().starts_with('\'') => {
                rest.next();
                let word = word.get_or_insert_default();
                loop {
                    match rest.next()? {
                        '\'' => break,
                        '\\' => word.push(escaped(&mut rest)?),
                        letter => word.push(letter),
                    }
                }
            }
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Some(words)
}

/// Returns the character of an escape in `$'…'`.
fn escaped(rest: &mut std::str::Chars<'_>) -> Option<char> {
    let digits = match rest.next()? {
        'u' => 4,
        'U' => 8,
        letter => return Some(letter),
    };
    let (number, after) = rest.as_str().split_at_checked(digits)?;
    *rest = after.chars();
    char::from_u32(u32::from_str_radix(number, 16).ok()?)
}
