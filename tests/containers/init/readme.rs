//! The README's commands, run unchanged: here the `docker run` line for an unmodified image.

use crate::engine::{BOOKWORM, call, label, repository, trust_init, unique};
use crate::site::{Folder, PRIVATE, site};

/// Returns the README's fenced block after `<!-- test: NAME -->`.
#[track_caller]
pub fn block(name: &str) -> String {
    block_of("README.md", name)
}

/// The same for any document.
#[track_caller]
pub fn block_of(document: &str, name: &str) -> String {
    let text = std::fs::read_to_string(repository().join(document)).expect(document);
    let mark = format!("<!-- test: {name} -->");
    let rest = text.split_once(&mark).unwrap_or_else(|| panic!("{document} lacks {mark}")).1;
    let rest = rest.split_once("```").expect("a block").1.split_once('\n').expect("its language").1;
    rest.split_once("```").expect("the end of the block").0.to_owned()
}

/// Runs a block in a folder as the README describes it, with the program and certs/ca.crt.
#[track_caller]
fn follow(block: &str, image: &str, command: &str) -> crate::engine::Outcome {
    let (site, folder) = (site(), Folder::new());
    std::fs::copy(trust_init(), folder.0.join("trust-init")).unwrap();
    folder.write("certs/ca.crt", std::fs::read(PRIVATE.ca()).unwrap());
    for placeholder in [" IMAGE ", "ENTRYPOINT-AND-COMMAND-OF-THE-IMAGE"] {
        assert!(block.contains(placeholder), "README.md lacks the placeholder {placeholder}");
    }
    // A label, a name and a network as in every test.
    let run = format!("docker run {} --name {} --network {}", label(), unique(), site.name);
    let script = block
        .replace("ENTRYPOINT-AND-COMMAND-OF-THE-IMAGE", command)
        .replace("IMAGE", image)
        .replacen("docker run", &run, 1);
    let script = format!("cd '{}' && {script}", folder.0.display());
    call("120", "sh", ["-c", &script])
}

#[test]
fn docker_run() {
    let site = site();
    let image = site.image(BOOKWORM);
    let command = format!("curl -sS {}", PRIVATE.url());
    follow(&block("docker run"), &image, &command).served();
    follow(&block("docker run"), &image, "sh -c 'exit 7'").exits(7);
}
