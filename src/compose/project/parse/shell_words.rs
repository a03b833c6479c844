//! Splits a command string of a Compose file into words.
//!
//! Compose uses github.com/mattn/go-shellwords, which differs from a POSIX shell and the crate `shlex`: `#`
//! begins no comment, a backslash in double quotes escapes any letter, and `;`, `&`, `|`, `<` or `>` end the
//! command.

/// Returns the words of `command`. An open quote is closed at the end.
pub(crate) fn split(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = command.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if quote != Some('\'') => {
                word.get_or_insert_default().extend(letters.next());
            }
            '\'' | '"' if quote.is_none() => {
                word.get_or_insert_default();
                quote = Some(letter);
            }
            _ if quote == Some(letter) => quote = None,
            ';' | '&' | '|' | '<' | '>' if quote.is_none() => break,
            ' ' | '\t' | '\r' | '\n' if quote.is_none() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}
