//! The completions of trust-compose, called as a shell calls them.

use crate::desk::{Desk, trust_compose};
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

/// Installed as the help says.
#[test]
fn fish_completes_after_the_subcommand() {
    let desk = Desk::new();
    for directory in [".config", ".config/fish", ".config/fish/completions"] {
        desk.directory(directory, 0o755);
    }
    let script = desk.run(&["completions", "fish"]).succeeds().stdout();
    desk.write(".config/fish/completions/trust-compose.fish", script);
    let completes = |line: &str| {
        let words = ["-c", "complete -C $argv[1]", "--", line];
        let mut fish = desk.command(&tool("fish"), &words, "022");
        // fish loads the completions of programs that it finds.
        let programs = trust_compose().parent().unwrap().display().to_string();
        fish.env("PATH", format!("{programs}:/usr/bin:/bin"));
        let output = Outcome(fish.env("HOME", desk.path("")).output().unwrap()).succeeds().stdout();
        let words = output.lines().map(|line| line.split('\t').next().unwrap().to_owned());
        words.collect::<Vec<_>>()
    };
    assert_eq!(completes("trust-compose se"), ["setup"]);
    assert_eq!(completes("trust-compose setup --cu"), ["--custom-ca"]);
    assert_eq!(completes("trust-compose setup --unknown "), ["leave", "trust"]);
    assert_eq!(completes("trust-compose certs --ren"), ["--renew"]);
    assert_eq!(completes("trust-compose kustomize --sou"), ["--source"]);
}

/// Types a line into an interactive shell, completes it, and prints it. The key of `complete-word` is not Tab,
/// so that the line is printed after its completion.
const ZSH: &str = r#"
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PROMPT=; autoload -Uz compinit; compinit -u -D; source ./completions
press() { zle complete-word; print -r -- "<<$BUFFER>>"; exit }
zle -N press; bindkey "^T" press; print "rea""dy"'
zpty -r -m shell seen '*ready*'
zpty -w -n shell "$1"$'\x14'
zpty -r -m shell seen '*<<*>>*'
print -r -- "${${seen##*<<}%%>>*}"
"#;

/// Installed as the help says.
#[test]
fn zsh_completes_after_the_subcommand() {
    let desk = Desk::new();
    desk.write("completions", desk.run(&["completions", "zsh"]).succeeds().stdout());
    desk.write("type.zsh", ZSH);
    let completes = |line: &str| {
        let mut zsh = desk.command(&tool("zsh"), &["-f", "type.zsh", line], "022");
        let output = zsh.env("HOME", desk.path("")).env("TERM", "vt100").output().unwrap();
        Outcome(output).succeeds().stdout().trim().to_owned()
    };
    assert_eq!(completes("trust-compose se"), "trust-compose setup");
    assert_eq!(completes("trust-compose setup --cu"), "trust-compose setup --custom-ca=");
    assert_eq!(completes("trust-compose setup --unknown l"), "trust-compose setup --unknown leave");
    assert_eq!(completes("trust-compose certs --ren"), "trust-compose certs --renew");
    assert_eq!(completes("trust-compose kustomize --sou"), "trust-compose kustomize --source=");
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
    let project = ["--file", "--env-file", "--project-directory", "--dry-run", "--help"];
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
