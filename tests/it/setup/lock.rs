//! A lock on the project's directory that another process holds, as one in a container can that only reads it.

use std::fs::File;
use std::thread;

use crate::setup::flags::back_end;

#[test]
fn a_lock_that_is_held_for_ever_is_reported_with_its_holder() {
    let desk = back_end();
    desk.types(".", "setup --custom-ca certs").succeeds();
    let held = [desk.path(""), desk.path("certs")].map(|path| {
        let directory = File::open(path).unwrap();
        directory.lock().unwrap();
        directory
    });
    let before = desk.contents(".");
    let holder = format!("process {} (`", std::process::id());
    thread::scope(|scope| {
        for (words, path) in [
            ("setup --custom-ca certs/ca.crt", ""),
            ("setup --custom-ca certs --check", ""),
            ("remove", ""),
            ("certs --renew", "certs"),
        ] {
            let (desk, holder) = (&desk, &holder);
            scope.spawn(move || {
                let path = desk.path(path).display().to_string();
                let says = format!("error: cannot lock `{}`: {holder}", path.trim_end_matches('/'));
                desk.types(".", words)
                    .exits(1)
                    .says(&says)
                    .says("has held a lock on it for 5 seconds");
            });
        }
    });
    assert_eq!(desk.contents("."), before);
    drop(held);
    desk.types(".", "setup --custom-ca certs/ca.crt").succeeds();
}
