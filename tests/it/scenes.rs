//! Snapshots of what trust-compose prints, scene by scene; after an error, no file has changed.

use crate::desk::{Desk, trust_compose};
use crate::fixes::{has_command, run_fixes};
use crate::world::Outcome;

/// The warning for every project on a machine without a docker command.
const ALONE: &str = "trust-compose: warning: the project is read without Compose: docker is not installed; \
                     the contents of images are unknown\ntrust-compose: fix: run this again where docker is \
                     installed, if images contain certificates of their own\n";

/// Runs trust-compose with an empty PATH.
pub fn run(desk: &Desk, words: &str, variables: &[(&str, &str)]) -> Outcome {
    let words: Vec<_> = words.split(' ').collect();
    let mut command = desk.command(&trust_compose(), &words, "022");
    Outcome(command.env("PATH", "/nowhere").envs(variables.iter().copied()).output().unwrap())
}

/// The text of a snapshot, to which each scene is appended.
#[derive(Default)]
pub struct Scenes {
    pub text: String,
}

impl Scenes {
    #[track_caller]
    pub fn add(&mut self, scene: &str, desk: &Desk, words: &str) {
        self.add_with(scene, desk, words, &[]);
    }

    /// Runs a scene and asserts that a failed run has changed no file.
    #[track_caller]
    pub fn add_with(&mut self, scene: &str, desk: &Desk, words: &str, variables: &[(&str, &str)]) {
        let before = (desk.contents("."), desk.state("."));
        let outcome = run(desk, words, variables);
        let code = outcome.0.status.code().unwrap();
        let is_same = (desk.contents("."), desk.state(".")) == before;
        let is_whole = code == 0 || is_same || words.ends_with("--up");
        assert!(is_whole, "{scene}: a file has changed\n{}", outcome.stderr());
        let stderr = outcome.stderr();
        let stderr = if scene == "no docker command" { stderr } else { stderr.replace(ALONE, "") };
        let lines: Vec<_> = stderr.lines().collect();
        for line in &lines {
            assert!(line.starts_with("trust-compose: "), "{scene}: {stderr}");
        }
        let is = |line: &str, what: &str| line.starts_with(&format!("trust-compose: {what}: "));
        for (index, line) in lines.iter().enumerate() {
            let has_fix = lines.get(index + 1).is_some_and(|next| is(next, "fix"));
            assert_eq!(is(line, "error") || is(line, "warning"), has_fix, "{scene}: {stderr}");
        }
        if has_command(&stderr) {
            let copy = desk.copy();
            // A wrong command line is not run again: the fix is the right one. There is no docker for `up`.
            let again =
                || if code == 2 { String::new() } else { run(&copy, words, variables).stderr() };
            run_fixes(&copy, &stderr.replace(" --up\n", "\n"), again);
        }
        let is_error = code != 0 && !outcome.stdout().starts_with("out of step: ");
        assert_eq!(is_error, stderr.contains(": error: "), "{scene}: {words}");
        let printed = format!("{stderr}{}", outcome.stdout());
        assert!(!printed.is_empty(), "{scene}: no output");
        let here = desk.path("").display().to_string();
        let printed = printed.replace(here.trim_end_matches('/'), "HERE").replace("\n\n", "\n \n");
        self.text += &format!("# {scene} (exit {code})\n$ {words}\n{}\n", undated(&printed));
    }
}

/// Replaces what differs between runs: days, digests, file names and the number of roots.
fn undated(text: &str) -> String {
    let is_day =
        |word: &str| word.len() == 10 && word.starts_with("20") && word.matches('-').count() == 2;
    let is_digest = |word: &str| word.len() == 65 && word.ends_with(')');
    let is_file = |word: &str| word.contains("ca-bundle-");
    let lines = text.split('\n').map(|line| {
        let words = line.split(' ').map(|word| match word {
            word if is_day(word) => "DAY",
            word if is_digest(word) => "DIGEST)",
            word if is_file(word) => "FILE",
            word => word,
        });
        let line = words.collect::<Vec<_>>().join(" ");
        // The number of root certificates depends on a crate's version.
        let rest = line.strip_prefix("info: ").and_then(|rest| rest.split_once(" public root"));
        rest.map_or(line.clone(), |(_, rest)| format!("info: N public root{rest}"))
    });
    lines.collect::<Vec<_>>().join("\n")
}
