//! A docker client without Compose, without an engine, with an engine on another machine, or with compose
//! files that include remote files. setup reports what it cannot read, and writes no wrong overlay.

use std::io::ErrorKind;
use std::net::TcpListener;

use crate::engine::docker;
use crate::model::Desk;

const SETUP: &str = "trust-compose setup --custom-ca one.crt";

fn desk() -> Desk {
    docker(["version"]).exits(0);
    let desk = Desk::new();
    let text = "services:\n  agent:\n    image: trust-init-test/bookworm\n";
    desk.0.write("docker-compose.yml", text);
    desk
}

fn is_set_up(desk: &Desk) -> bool {
    desk.path("docker-compose.ca.yml").exists() || desk.path(".trust").exists()
}

#[test]
fn engine_that_answers() {
    desk().types(SETUP).exits(0).prints("roots from its own image: agent");
}

/// Compose needs no engine to read the project.
#[test]
fn engine_that_does_not_answer() {
    let desk = desk();
    desk.types_with(&["DOCKER_HOST=unix:///nowhere"], SETUP)
        .exits(0)
        .never_says("without Compose")
        .prints("roots from Mozilla, because the Docker engine did not answer: agent");
    assert!(is_set_up(&desk));
}

#[test]
fn engine_elsewhere() {
    for host in ["tcp://192.0.2.1:2375", "ssh://root@192.0.2.1"] {
        let desk = desk();
        desk.types_with(&[&format!("DOCKER_HOST={host}")], SETUP).exits(1).says(&format!(
            "error: cannot mount files of this machine: the engine is on another machine (`{host}`)"
        ));
        assert!(!is_set_up(&desk));
    }
}

/// An engine on the host can be given by an address, too.
#[test]
fn engine_at_an_address_of_this_machine() {
    let desk = desk();
    desk.types_with(&["DOCKER_HOST=tcp://127.0.0.1:9"], SETUP)
        .exits(0)
        .prints("because the Docker engine did not answer");
}

/// The plug-in is hidden in every directory that a client searches.
#[test]
fn docker_without_compose() {
    let desk = desk();
    let hidden = "for at in /usr/lib /usr/libexec /usr/local/lib /usr/local/libexec; do \
                  [ ! -d $at/docker/cli-plugins ] || mount -t tmpfs none $at/docker/cli-plugins; \
                  done; DOCKER_CONFIG=/nowhere";
    desk.types(&format!("unshare --mount sh -c '{hidden} exec {SETUP}'"))
        .exits(0)
        .says("the project is read without Compose: docker has no `compose` plugin")
        .prints("roots from its own image: agent");
    assert!(is_set_up(&desk));
}

/// Compose would fetch them if that is enabled; later versions enable it by default.
#[test]
fn remote_files_are_not_fetched() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let was_asked = || match server.accept() {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
            false
        }
    };
    let desk = desk();
    let address = format!("http://{}/project.git", server.local_addr().unwrap());
    desk.0.write("docker-compose.yml", format!("include: ['{address}']\n"));
    let switched_on =
        ["COMPOSE_EXPERIMENTAL_GIT_REMOTE=true", "COMPOSE_EXPERIMENTAL_OCI_REMOTE=true"];
    desk.types_with(&switched_on, "timeout --kill-after=1 3 docker compose config || true");
    assert!(was_asked(), "Compose itself fetches nothing");
    while was_asked() {}
    desk.types_with(&switched_on, SETUP).exits(1).says("cannot read the project");
    assert!(!was_asked(), "setup fetched it");
    assert!(!is_set_up(&desk));
}
