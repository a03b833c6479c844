//! Runs with tight limits: of file sizes, descriptors, memory, processes, and file systems of a few
//! kilobytes or inodes.

use crate::init::faults::runs::image;
use crate::world::{BUNDLE, CUSTOM_CA, Outcome, ROOTS, Run, World, gallery};

/// A service that prints the path and the contents of its bundle.
const SERVICE: [&str; 3] =
    ["sh", "-c", "echo $SSL_CERT_FILE; while read -r line; do echo $line; done <$SSL_CERT_FILE"];

fn start(world: &World) -> Run<'_> {
    world.trust_init(&[&["--"], &SERVICE[..]].concat())
}

/// Asserts that the service's bundle is whole, and returns its path.
#[track_caller]
fn place(outcome: Outcome, world: &World) -> String {
    let text = outcome.succeeds().stdout();
    let (place, bundle) = text.split_once('\n').unwrap();
    let roots = std::fs::read_to_string(world.path(ROOTS)).unwrap();
    assert_eq!(bundle, world.read(CUSTOM_CA) + &roots, "{place}");
    place.to_owned()
}

/// No file can be written, and the bundle in memory counts as a file too: the text is an error, not
/// SIGXFSZ (setrlimit(2)).
#[test]
fn a_file_size_limit_is_an_error_and_no_signal() {
    for limit in ["0", "1"] {
        let world = image();
        for (words, code) in [
            (&["--", "true"][..], 125),
            (&["--on-error=warn", "--", "true"], 0),
            (&["--prepare"], 125),
            (&["--install-store", "--", "true"], 125),
        ] {
            // The unit of `dash` is 512 bytes.
            let run = world.trust_init(words).before(&format!("ulimit -f {limit}"));
            let run = run.run();
            if limit == "0" {
                run.exits(code).says("file too large").says("fix: ");
            } else {
                assert!(
                    matches!(run.0.status.code(), Some(0 | 125)),
                    "{limit} {words:?} {}",
                    run.stderr()
                );
            }
            let left: Vec<_> = ["run/trust-init", "tmp", "dev/shm"]
                .iter()
                .filter(|path| world.has(path))
                .flat_map(|path| world.names(path))
                .collect();
            assert!(
                left.iter().all(|name| name.starts_with("trust-init-") || !name.starts_with('.')),
                "{left:?}"
            );
        }
        place(start(&world).run(), &world);
    }
    // Not as process 1, so that the kernel would deliver SIGXFSZ.
    let world = image();
    let run =
        world.program(&["sh", "-c", "ulimit -f 0; /trust-init -- true; echo $?"]).run().succeeds();
    run.says("file too large").prints("125\n");
    // The signal is neither pending nor blocked in the service.
    let run = world
        .program(&["sh", "-c", "ulimit -f 0; /trust-init --on-error=warn -- cat /proc/self/status"])
        .run()
        .succeeds();
    for set in ["SigPnd", "ShdPnd", "SigBlk"] {
        assert!(run.stdout().contains(&format!("{set}:\t0000000000000000")), "{}", run.stdout());
    }
}

#[test]
fn few_descriptors_suffice_or_are_an_error() {
    let mut started = 0;
    for limit in 3..=16 {
        let world = image();
        let run = start(&world).before(&format!("ulimit -n {limit}")).run();
        match run.0.status.code() {
            Some(0) => {
                started += 1;
                place(run, &world);
            }
            // The service has too few descriptors to read the bundle.
            Some(1 | 2) => assert!(run.stdout().starts_with(BUNDLE), "{limit}: {}", run.stderr()),
            // Too few for the shell that starts trust-init.
            Some(127) => {
                assert!(!run.stderr().contains("trust-init: "), "{limit}: {}", run.stderr())
            }
            _ => _ = run.exits(125).says("too many open files").says("fix: "),
        }
        place(start(&world).run(), &world);
    }
    // This shell moves its input to descriptor 10.
    assert!(started > 4, "{started}");
}

/// A failed memory allocation ends the run, before it has changed a file.
#[test]
fn little_memory_suffices_or_ends_the_run() {
    for kilobytes in [64, 512, 1024, 2048, 3072, 4096, 6144, 8192, 16384] {
        let world = image();
        let script =
            format!("ulimit -v {kilobytes}; exec /trust-init -- sh -c 'echo $SSL_CERT_FILE'");
        let run = world.program(&["sh", "-c", &script]).run();
        if run.0.status.code() == Some(0) {
            assert_eq!(run.stdout(), format!("{BUNDLE}\n"));
        }
        place(start(&world).run(), &world);
    }
    for stack in [64, 256, 1024] {
        let world = image();
        let script = format!("ulimit -s {stack}; exec /trust-init -- sh -c 'echo $SSL_CERT_FILE'");
        let run = world.program(&["sh", "-c", &script]).run();
        assert_eq!(run.succeeds().stdout(), format!("{BUNDLE}\n"), "{stack}");
    }
}

#[test]
fn no_process_and_no_thread_is_created() {
    let world = image();
    // As a user who has reached the limit: root is exempt from it.
    let script = "ulimit -u 1; exec /trust-init -- sh -c 'echo $SSL_CERT_FILE'";
    let run = world.program(&["sh", "-c", script]).uid(1000).run().succeeds();
    assert!(run.stdout().starts_with("/tmp/trust-init-1000-"), "{}", run.stdout());
}

/// As on a full disk: trust-init uses the next directory, and leaves no partial file in the first.
#[test]
fn a_full_directory_is_skipped_for_the_next() {
    let rungs = ["/run", "/tmp", "/dev/shm"];
    // A bundle of two pages, of which only the first fits.
    let roots = ["ca-rsa.pem", "two.crt", "three.pem", "chain.pem"];
    let roots = roots.map(|name| std::fs::read_to_string(gallery(name)).unwrap()).concat();
    let tight = || {
        let world = image();
        world.write(ROOTS, &roots);
        world
    };
    let whole = start(&tight()).run().succeeds().stdout();
    let whole = whole.split_once('\n').unwrap().1;
    assert!(whole.len() > 4096);
    // The output of the service, then the created names.
    let script =
        format!("{}; echo names:; ls -A /run/trust-init /tmp/trust* /dev/shm/trust*", SERVICE[2]);
    for (limit, fits) in [
        ("size=4k", false),
        ("size=64k", true),
        ("size=300k", true),
        ("nr_inodes=1", false),
        ("nr_inodes=2", false),
        ("nr_inodes=3", false),
        ("nr_inodes=4", true),
        ("nr_inodes=5", true),
    ] {
        for full in 1..=rungs.len() {
            let world = tight();
            let mut run = world.trust_init(&["--", "sh", "-c", &script]);
            for rung in &rungs[..full] {
                let at = world.path(rung).display().to_string();
                run = run.before(&format!("mount -t tmpfs -o mode=1777,{limit} tmpfs '{at}'"));
            }
            let outcome = run.run();
            let text = outcome.stdout();
            let (place, rest) = text
                .split_once('\n')
                .unwrap_or_else(|| panic!("{limit} {full}: {}", outcome.stderr()));
            let (bundle, names) = rest.split_once("names:\n").unwrap();
            let serving = if fits { rungs[0] } else { rungs.get(full).copied().unwrap_or("/proc") };
            assert!(place.starts_with(serving), "{limit} {full}: {text}");
            assert_eq!(bundle, whole, "{limit} {full}");
            assert!(!names.lines().any(|name| name.starts_with('.')), "{limit} {full}: {names}");
        }
    }
}
