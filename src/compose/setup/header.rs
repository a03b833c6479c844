//! The first lines of an overlay: the command that generated it, by which every version recognises it, and the
//! one that removes it. No other place remembers the options of a setup.

use crate::compose::layout::HEADER;
use crate::sys::quote;

/// What precedes the options in overlays of earlier versions.
const OLD: &str = "# The words were:";

/// The first lines of the overlay that `setup` generates with these options: those that name the compose files,
/// which `remove` needs too, and the others. An option with a line end in it stays on its line.
pub fn header(project: &[String], others: &[String]) -> String {
    let [project, others] = [project, others].map(|options| {
        options.iter().fold(String::new(), |words, option| words + " " + &quote::shell(option))
    });
    format!(
        "{HEADER}{project}{others}\n# Do not edit. Remove it with: trust-compose remove{project}\n"
    )
}

/// The options with which `overlay` was generated; empty if its header does not name them.
pub fn options(overlay: &str) -> Vec<String> {
    let mut comments = overlay.lines().take_while(|line| line.starts_with('#'));
    let options = comments.find_map(|line| line.strip_prefix(HEADER).or(line.strip_prefix(OLD)));
    options.and_then(words).unwrap_or_default()
}

/// The words of a line that is made of what [`quote::shell`] makes; `None` if it is not.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(letter) = rest.next() {
        match letter {
            ' ' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().push(rest.next()?),
            '\'' => {
                let (quoted, behind) = rest.as_str().split_once('\'')?;
                word.get_or_insert_default().push_str(quoted);
                rest = behind.chars();
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

/// The character that an escape of `$'…'` names.
fn escaped(rest: &mut std::str::Chars<'_>) -> Option<char> {
    let digits = match rest.next()? {
        'u' => 4,
        'U' => 8,
        letter => return Some(letter),
    };
    let (number, behind) = rest.as_str().split_at_checked(digits)?;
    *rest = behind.chars();
    char::from_u32(u32::from_str_radix(number, 16).ok()?)
}
