//! `--custom-ca mkcert:`, `caddy:`, `step:` and `host:`, and the directories of these tools.

use crate::desk::{Desk, trust_compose};
use crate::setup::inputs::{custom, inputs, issue, subjects};
use crate::world::{Outcome, tool};

/// Runs setup in a mount namespace after a shell command, with HOME in this directory.
fn after(desk: &Desk, prelude: &str, words: &str) -> Outcome {
    let program = trust_compose();
    let script = format!(
        "export HOME=$PWD/home; {prelude} && export PATH=/nowhere && exec '{}' {words}",
        program.display()
    );
    let words = ["--mount", "/bin/sh", "-c", &script];
    Outcome(desk.command(&tool("unshare"), &words, "022").output().unwrap())
}

/// Creates the files of the tools below home/, each with a root of the tool's name.
fn home(desk: &Desk) {
    desk.write("compose.yaml", "services: {web: {image: python}}\n");
    for (tool, root, intermediate, key) in [
        ("mkcert", ".local/share/mkcert/rootCA.pem", "", ".local/share/mkcert/rootCA-key.pem"),
        (
            "caddy",
            ".local/share/caddy/pki/authorities/local/root.crt",
            ".local/share/caddy/pki/authorities/local/intermediate.crt",
            ".local/share/caddy/pki/authorities/local/intermediate.key",
        ),
        ("step", ".step/certs/root_ca.crt", ".step/certs/intermediate_ca.crt", ".step/secrets/key"),
    ] {
        issue(desk, tool, tool, &[]);
        issue(desk, tool, "intermediate", &[]);
        let files = [
            (root, format!("{tool}.pem")),
            (intermediate, "intermediate.pem".to_owned()),
            (key, "intermediate.key".to_owned()),
        ];
        for (to, from) in files.into_iter().filter(|(to, _)| !to.is_empty()) {
            let to = desk.path("home").join(to);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(desk.path(&from), to).unwrap();
        }
    }
}

#[test]
fn the_ca_of_a_tool_is_found_by_its_name() {
    let desk = Desk::new();
    home(&desk);
    for tool in ["mkcert", "caddy", "step"] {
        let setup = format!("setup --custom-ca {tool}:");
        let text = after(&desk, "true", &setup).succeeds().stdout();
        assert!(text.contains(&format!("`CN={tool}` until")), "{text}");
        assert!(!text.contains("CN=intermediate"), "{text}");
        // A later run finds the same file without the name.
        let check = desk.run(&["setup", "--check"]).stdout();
        assert!(check.contains("in step") || check.contains("up to date"), "{check}");
    }
    let text = after(&desk, "true", "setup --custom-ca step: --extra-ca mkcert:").succeeds();
    assert!(text.stdout().contains("CN=step") && text.stdout().contains("CN=mkcert"));
    let moved = "mv home/.local/share/mkcert moved && export CAROOT=$PWD/moved";
    after(&desk, moved, "setup --custom-ca mkcert:").succeeds();
    let missing = after(&desk, "true", "setup --custom-ca mkcert:").exits(1);
    missing
        .says("cannot find the CA of mkcert (from --custom-ca mkcert:): none of these files exists")
        .says("run `mkcert -install`");
}

#[test]
fn the_root_of_a_tools_directory_is_used_without_its_intermediate() {
    let desk = Desk::new();
    home(&desk);
    for (directory, name) in [
        (".step", "CN=step"),
        (".step/certs", "CN=step"),
        (".local/share", "CN=caddy"),
        (".local/share/caddy", "CN=caddy"),
        (".local/share/caddy/pki/authorities/local", "CN=caddy"),
        (".local/share/mkcert", "CN=mkcert"),
    ] {
        let found = inputs(&custom(desk.path("home").join(directory)));
        let found = found.unwrap_or_else(|error| panic!("{directory}: {error}"));
        assert_eq!(subjects(&found), [name], "{directory}");
    }
    // Without Caddy's key it is any folder with a root and an intermediate.
    desk.remove("home/.local/share/caddy/pki/authorities/local/intermediate.key");
    let folder = desk.path("home/.local/share/caddy/pki/authorities/local");
    assert_eq!(inputs(&custom(folder)).unwrap().custom.len(), 2);
}

#[test]
fn the_cas_that_were_added_to_this_machines_store_are_taken() {
    let desk = Desk::new();
    desk.write("compose.yaml", "services: {web: {image: python}}\n");
    desk.directory("store", 0o755);
    let bind = "mount --bind store /usr/local/share/ca-certificates";
    let none = after(&desk, bind, "setup --custom-ca host:").exits(1);
    none.says("cannot find this machine's own CAs (from --custom-ca host:)");
    for name in ["corp", "lab"] {
        issue(&desk, name, name, &[]);
    }
    desk.rename("corp.pem", "store/ca.crt").rename("lab.pem", "store/lab.crt");
    let text = after(&desk, bind, "setup --custom-ca host:").succeeds().stdout();
    assert!(text.contains("`CN=corp` until") && text.contains("`CN=lab` until"), "{text}");
}
