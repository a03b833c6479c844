//! Messages about runtimes that read no file of certificates: part of tests/snapshots/init/messages.txt.

use crate::init::messages::prepared;
use crate::world::Outcome;

pub fn scenes() -> Vec<(&'static str, Outcome)> {
    vec![
        (
            "Java's own trust store cannot be read",
            prepared(
                |world| {
                    world.copy("java/modern", "/opt/java/1/lib/security/cacerts");
                },
                |world| world.trust_init(&["true"]).run(),
            ),
        ),
        (
            "Java has a trust store option",
            prepared(
                |world| {
                    world.copy("java/jks", "/opt/java/1/lib/security/cacerts");
                },
                |world| world.trust_init(&["true", "-Djavax.net.ssl.trustStore=/own"]).run(),
            ),
        ),
        (
            "a program with file capabilities",
            prepared(
                |world| {
                    world.write("/bin/service", "").mode("/bin/service", 0o755);
                    // VFS_CAP_REVISION_2 of linux/capability.h: net_bind_service, effective.
                    let mut value = [0; 20];
                    (value[0], value[3], value[5]) = (1, 2, 4);
                    let path = world.path("/bin/service");
                    let flags = rustix::fs::XattrFlags::empty();
                    rustix::fs::setxattr(path, "security.capability", &value, flags).unwrap();
                },
                |world| world.trust_init(&["--dry-run", "service"]).uid(1000).run(),
            ),
        ),
        (
            "wget has settings of the user",
            prepared(
                |_| {},
                |world| {
                    let run = world.trust_init(&["--runtime", "wget", "true"]);
                    run.env("WGETRC", "/own").run()
                },
            ),
        ),
        (
            "Erlang has another setting",
            prepared(
                |_| {},
                |world| {
                    let run = world.trust_init(&["--runtime", "erlang", "true"]);
                    run.env("ERL_ZFLAGS", "-public_key cacerts_path x").run()
                },
            ),
        ),
        (
            "PHP requires a directory",
            prepared(
                |_| {},
                |world| {
                    let run = world.trust_init(&["--runtime", "php", "true"]);
                    run.uid(1000).read_only().run()
                },
            ),
        ),
        (
            "a path that no setting can contain",
            prepared(
                |world| {
                    world.directory("/odd dir", 0o755);
                },
                |world| world.trust_init(&["--dir", "/odd dir", "--runtime", "wget", "true"]).run(),
            ),
        ),
    ]
}
