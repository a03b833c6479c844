//! The messages on runtimes that read no file of certificates: part of tests/it/messages.txt.

use crate::messages::with;
use crate::world::Outcome;

pub fn scenes() -> Vec<(&'static str, Outcome)> {
    vec![
        (
            "Java's own trust store cannot be read",
            with(
                |world| {
                    world.copy("java/locked", "/opt/java/1/lib/security/cacerts");
                },
                |world| world.trust_init(&["true"]).run(),
            ),
        ),
        (
            "a trust store is named for Java",
            with(
                |world| {
                    world.copy("java/jks", "/opt/java/1/lib/security/cacerts");
                },
                |world| world.trust_init(&["true", "-Djavax.net.ssl.trustStore=/own"]).run(),
            ),
        ),
        (
            "wget's settings are somebody's own",
            with(
                |_| {},
                |world| {
                    let run = world.trust_init(&["--runtime", "wget", "true"]);
                    run.env("WGETRC", "/own").run()
                },
            ),
        ),
        (
            "Erlang is told otherwise",
            with(
                |_| {},
                |world| {
                    let run = world.trust_init(&["--runtime", "erlang", "true"]);
                    run.env("ERL_ZFLAGS", "-public_key cacerts_path x").run()
                },
            ),
        ),
        (
            "PHP wants a directory",
            with(
                |_| {},
                |world| {
                    let run = world.trust_init(&["--runtime", "php", "true"]);
                    run.uid(1000).read_only().run()
                },
            ),
        ),
        (
            "a path that no settings can hold",
            with(
                |world| {
                    world.directory("/odd dir", 0o755);
                },
                |world| world.trust_init(&["--dir", "/odd dir", "--runtime", "wget", "true"]).run(),
            ),
        ),
    ]
}
