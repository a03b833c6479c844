//! The steps of a run at which tests kill it: the system calls that change the disk.
//!
//! Between two of them the disk does not change, so a kill at any call in between leaves the same state.

use std::collections::{BTreeMap, BTreeSet};

/// The system calls that strace traces to find the steps.
pub const TRACE: &str = "trace=mkdirat,openat,fchown,fchownat,fchmod,fchmodat,write,writev,renameat,renameat2,unlinkat,linkat,symlinkat";

/// Returns the changes in a log of strace: the name of the call and its ordinal among the calls of that
/// name in its thread, as `when=` of strace counts.
pub fn changes(log: &str) -> BTreeSet<(String, usize)> {
    let mut counts = BTreeMap::<(&str, &str), usize>::new();
    let mut changes = BTreeSet::new();
    for line in log.lines() {
        // With -f, each line begins with the thread id.
        let (thread, call) = match line.split_once(' ') {
            Some((thread, call)) if thread.bytes().all(|byte| byte.is_ascii_digit()) => {
                (thread, call)
            }
            _ => ("", line),
        };
        let Some((name, words)) = call.trim_start().split_once('(') else { continue };
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue;
        }
        let count = counts.entry((thread, name)).or_default();
        *count += 1;
        let is_output = matches!(name, "write" | "writev")
            && (words.starts_with("1,") || words.starts_with("2,"));
        let is_look =
            name == "openat" && !words.contains("O_CREAT") && !words.contains("O_TMPFILE");
        if !is_output && !is_look {
            changes.insert((name.to_owned(), *count));
        }
    }
    assert!(changes.len() > 2, "too few changes: {log}");
    changes
}
