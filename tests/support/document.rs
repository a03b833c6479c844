//! The parts of documents that tests write: the text between two HTML comments.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Returns the text between the comments `name` in a document of this repository.
#[track_caller]
pub fn between(path: &str, name: &str) -> String {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    let (_, rest) = text.split_once(&format!("<!-- {name}: begin -->\n")).unwrap();
    rest.split_once(&format!("<!-- {name}: end -->")).unwrap().0.to_owned()
}

/// Asserts that this part of the document is `text`; UPDATE_SNAPSHOT=1 writes it.
#[track_caller]
pub fn is_between(document: &str, name: &str, text: &str) {
    // Several tests may write parts of one document.
    static DOCUMENTS: Mutex<()> = Mutex::new(());
    let _one_at_a_time = DOCUMENTS.lock().unwrap_or_else(PoisonError::into_inner);
    if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
        let begin = format!("<!-- {name}: begin -->\n");
        let old = format!("{begin}{}", between(document, name));
        let path = root().join(document);
        let new = std::fs::read_to_string(&path).unwrap().replace(&old, &format!("{begin}{text}"));
        std::fs::write(path, new).unwrap();
    }
    assert_eq!(between(document, name), text);
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
