//! The completions of trust-compose, called as a shell calls them.

use crate::desk::Desk;
use crate::setup::flags::has;
use crate::world::{Outcome, tool};

/// Called as bash does when the Tab key is pressed.
#[test]
fn bash_completes_after_the_subcommand() {
    let desk = Desk::new();
    desk.write("completions", desk.run(&["completions", "bash"]).succeeds().stdout());
    let completes = |words: &[&str]| {
        let last = words.len();
        let line = words.join(" ");
        let script = format!(
            "source ./completions && COMP_WORDS=(trust-compose {line}) COMP_CWORD={last} && \
             _trust__compose trust-compose \"${{COMP_WORDS[{last}]}}\" \"${{COMP_WORDS[{last} - 1]}}\" && echo \"${{COMPREPLY[@]}}\""
        );
        let mut bash = desk.command(&tool("bash"), &["-c", &script], "022");
        Outcome(bash.output().unwrap()).succeeds().stdout().trim().to_owned()
    };
    assert_eq!(completes(&["se"]), "setup");
    assert_eq!(completes(&["setup", "--cu"]), "--custom-ca");
    assert_eq!(completes(&["setup", "--unknown", "''"]), "trust leave");
    assert_eq!(completes(&["certs", "--ren"]), "--renew");
    assert_eq!(completes(&["kustomize", "--sou"]), "--source");
    for task in ["certs", "setup", "kustomize", "remove", "doctor", "inspect"] {
        has(&completes(&[task, "--h"]), "--help");
    }
}

#[test]
fn help_and_completions_contain_every_option() {
    let desk = Desk::new();
    let script = desk.run(&["completions", "bash"]).succeeds().stdout();
    let listed = |task: &str| {
        let (_, rest) = script.split_once(&format!("compose__subcmd__{task})\n")).unwrap();
        let (_, rest) = rest.split_once("opts=\"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    let project = ["--file", "--project-directory", "--dry-run", "--help"];
    let shape = [
        "--custom-ca",
        "--ca-sha256",
        "--extra-ca",
        "--p12-password-file",
        "--domain",
        "--caddy",
        "--tls",
        "--without",
        "--service",
        "--unknown",
        "--roots",
        "--again",
        "--activate",
        "--up",
        "--check",
        "--swarm",
    ];
    for (task, options) in [("setup", [&project[..], &shape].concat()), ("remove", project.into())]
    {
        let help = desk.run(&[task, "--help"]).succeeds().stdout();
        assert!(help.find("Usage:") < help.find("Examples:"), "{help}");
        let completed = listed(task);
        for option in options {
            has(&help, option);
            assert!(completed.split(' ').any(|word| word == option), "{option}: {completed}");
        }
        // The help contains no option that this test does not know.
        let known: Vec<_> = project.iter().chain(&shape).collect();
        for word in completed.split(' ').filter(|word| word.starts_with("--")) {
            assert!(known.contains(&&word), "{word}");
        }
    }
}
