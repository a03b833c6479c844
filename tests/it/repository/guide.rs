//! docs/guide.md: runs its commands one after the other, as printed there.

use std::path::Path;

use crate::desk::{Desk, trust_compose};
use crate::world::Outcome;

#[test]
fn every_command_of_the_guide_works() {
    let desk = Desk::new();
    let guide = include_str!("../../../docs/guide.md");
    let blocks: Vec<_> = guide.split("```sh\n").skip(1).collect();
    assert_eq!(blocks.len(), 3);
    let programs = trust_compose().parent().unwrap().display().to_string();
    let mut said = String::new();
    for block in blocks {
        let commands = block.split("```").next().unwrap();
        let script = format!("PATH={programs}:$PATH\n{commands}");
        let run = desk.command(Path::new("/bin/sh"), &["-ec", &script], "022").output().unwrap();
        let outcome = Outcome(run).succeeds();
        said += &(outcome.stdout() + &outcome.stderr());
    }
    for words in [
        "DNS:gpu.lab.local, IP:192.168.1.100",
        "certs/server.pem: OK",
        "for some names only (name constraints)",
        "1 custom CA and no roots",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}
