//! A command that a Compose file writes as one string, in words.
//!
//! As Compose splits it (github.com/mattn/go-shellwords), which is not how a POSIX shell, and so not how
//! the crate `shlex` does: `#` begins no comment, a backslash is an escape in double quotes before any
//! letter, and what follows `;`, `&`, `|`, `<` or `>` is not there.

/// The words of `command`. A quote that is not closed closes at the end.
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
