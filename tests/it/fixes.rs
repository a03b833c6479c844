//! Fixes that are commands, run in the situation that printed them: afterwards the complaint is gone.

use crate::desk::Desk;
use crate::doctor::files::{PROGRAMS, run_shell};

/// The complaints in `messages`, each with the lines of its fix.
fn complaints(messages: &str) -> Vec<(&str, Vec<&str>)> {
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in messages.lines() {
        let line = line.strip_prefix("trust-compose: ").unwrap_or(line);
        match (line.strip_prefix("fix: "), all.last_mut()) {
            (Some(fix), Some((_, fixes))) => fixes.push(fix),
            _ => all.push((line, Vec::new())),
        }
    }
    all
}

/// Whether `messages` contain a fix that is a command.
pub fn has_command(messages: &str) -> bool {
    complaints(messages).iter().any(|(_, fixes)| fixes.iter().any(|fix| is_command(fix)))
}

fn is_command(fix: &str) -> bool {
    PROGRAMS.contains(&fix.split(' ').next().unwrap())
}

/// Runs in `desk` each fix in `messages` that is a command. What `again` prints then lacks its complaint.
#[track_caller]
pub fn run_fixes(desk: &Desk, messages: &str, again: impl Fn() -> String) {
    for (complaint, fixes) in complaints(messages) {
        let commands = fixes.iter().filter(|fix| is_command(fix)).count();
        assert!(commands == 0 || commands == fixes.len(), "{complaint}: {fixes:?}");
        if commands == 0 {
            continue;
        }
        run_shell(desk, &fixes.join("\n")).succeeds();
        let left = again();
        assert!(!left.contains(complaint), "{fixes:?} leaves: {left}");
    }
}
