//! What `setup` does and prints, flag by flag, without a docker command.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::desk::{Desk, trust_compose};
use crate::setup::golden::run_alone;
use crate::world::{Outcome, tool};

/// Creates a project with this Compose file, a CA and a server certificate.
pub fn project(compose: &str) -> Desk {
    let desk = Desk::with(&["reflector.local", "192.168.1.100"]);
    desk.write("docker-compose.yml", compose);
    desk
}

pub fn back_end() -> Desk {
    project("services:\n  api:\n    build: .\n  queue:\n    image: lab/queue\n")
}

impl Desk {
    /// Runs trust-compose with these arguments in `directory`.
    #[track_caller]
    pub fn types(&self, directory: &str, words: &str) -> Outcome {
        let words: Vec<_> = words.split(' ').collect();
        let mut command = self.command(&trust_compose(), &words, "022");
        command.current_dir(self.path(directory)).env("PATH", "/nowhere");
        Outcome(command.output().unwrap())
    }

    /// Returns the path of the file of the overlay whose name begins with `stem`.
    #[track_caller]
    pub fn overlaid(&self, stem: &str) -> String {
        let overlay = self.read("docker-compose.ca.yml");
        let (_, rest) = overlay.split_once(&format!(".trust/{stem}-")).unwrap();
        format!(".trust/{stem}-{}", rest.lines().next().unwrap())
    }
}

#[track_caller]
pub fn has(text: &str, words: &str) {
    assert!(text.contains(words), "{words:?} is not in:\n{text}");
}

#[test]
fn the_same_options_again_change_nothing() {
    let desk = back_end();
    desk.directory("sub", 0o755);
    desk.types(".", "setup --custom-ca certs --activate").succeeds();
    let before = (desk.state("."), desk.state(".trust"));
    for (directory, words) in [
        (".", "setup --custom-ca certs --activate"),
        (".", "setup --custom-ca certs"),
        (".", "setup --custom-ca ./certs/"),
        ("sub", "setup --custom-ca ../certs"),
        ("certs", "setup --custom-ca ."),
    ] {
        let text = desk.types(directory, words).succeeds().stdout();
        assert!(!text.contains("made") && !text.contains("changed"), "{words}: {text}");
        assert_eq!((desk.state("."), desk.state(".trust")), before, "{words}");
    }
}

#[test]
fn other_options_give_the_result_of_a_first_run() {
    let words = [
        "--custom-ca certs/ca.crt",
        "--custom-ca certs/ca.crt --extra-ca other/ca.crt --without queue",
        "--extra-ca other/ca.crt --service queue=leave --roots mozilla",
    ];
    let prepared = || {
        let desk = back_end();
        desk.certs(&["b.lab", "--out", "other", "--ca-name", "Other"]).succeeds();
        desk
    };
    let desk = prepared();
    let before = desk.contents(".");
    for words in words.iter().chain(words.iter().rev()) {
        desk.types(".", &format!("setup {words}")).succeeds();
        let first = desk.read("docker-compose.ca.yml");
        desk.types(".", "remove").succeeds();
        assert_eq!(desk.contents("."), before);
        desk.types(".", "setup --custom-ca other/ca.crt --unknown leave").succeeds();
        desk.types(".", &format!("setup {words}")).succeeds();
        assert_eq!(desk.read("docker-compose.ca.yml"), first, "{words}");
    }
    desk.types(".", "setup").succeeds();
    assert_eq!(desk.contents("."), before);
}

/// Without a CA, these options would remove the overlay.
#[test]
fn up_and_without_alone_do_not_remove_the_ca() {
    let desk = back_end();
    for (before, words, instead) in [
        ("--custom-ca certs", "--up", "--custom-ca certs --up"),
        ("--custom-ca certs", "--without queue", "--custom-ca certs --without queue"),
        ("--custom-ca certs", "--without queue --up", "--custom-ca certs --without queue --up"),
        ("--custom-ca certs", "--without queue --dry-run", "--custom-ca certs --without queue"),
        ("--without api", "--up", "--without api --up"),
    ] {
        desk.types(".", &format!("setup {before}")).succeeds();
        let state = (desk.state("."), desk.state(".trust"));
        let outcome = desk.types(".", &format!("setup {words}")).exits(2);
        let option = if words.starts_with("--up") { "--up" } else { "--without" };
        let error = format!("error: cannot use {option} without a CA: ");
        outcome.says(&error).says(&format!("fix: trust-compose setup {instead}"));
        assert_eq!((desk.state("."), desk.state(".trust")), state, "{words}");
        desk.types(".", "remove").succeeds();
    }
    // The printed fix works, and an overlay without a CA is created and changed as before.
    desk.types(".", "setup --custom-ca certs").succeeds();
    desk.types(".", "setup --custom-ca certs --without queue").succeeds();
    desk.types(".", "remove").succeeds();
    desk.types(".", "setup --without api").succeeds();
    desk.types(".", "setup --without queue").succeeds();
}

#[test]
fn a_dry_run_prints_every_change_and_writes_nothing() {
    let desk = back_end();
    let words = "setup --custom-ca certs --activate";
    let before = (desk.contents("."), desk.state("."));
    let would = desk.types(".", &format!("{words} --dry-run")).succeeds().stdout();
    assert_eq!((desk.contents("."), desk.state(".")), before);
    let done = desk.types(".", words).succeeds().stdout();
    has(&would, "would create `docker-compose.ca.yml`");
    assert_eq!(would.replace("would create", "created").replace("would trust", "trust"), done);
    let before = (desk.contents("."), desk.state("."), desk.state(".trust"));
    let would = desk.types(".", "remove --dry-run").succeeds().stdout();
    assert_eq!((desk.contents("."), desk.state("."), desk.state(".trust")), before);
    let done = desk.types(".", "remove").succeeds().stdout();
    assert_eq!(would.replace("would remove", "removed"), done);
}

#[test]
fn an_activated_overlay_stays_in_step_until_it_is_removed() {
    let desk = back_end();
    let env = "# mine\r\nSECRET=1";
    desk.write(".env", env).chmod(".env", 0o600).directory("sub", 0o755);
    let before = desk.contents(".");
    let text = desk.types(".", "setup --custom-ca certs --activate").succeeds().stdout();
    assert!(text.ends_with("\nnext:\n  docker compose up -d\n"), "{text}");
    has(&desk.read(".env"), "\nCOMPOSE_FILE=docker-compose.yml:docker-compose.ca.yml\r\n");
    // In a subdirectory, Compose would look there for the files of that list.
    let text = desk.types("sub", "setup --custom-ca ../certs").succeeds().stdout();
    has(&text, "\n  docker compose -f ../docker-compose.yml -f ../docker-compose.ca.yml up -d\n");
    // The list is updated without --activate.
    desk.write("docker-compose.override.yml", "services: {}\n");
    desk.types(".", "setup --check").exits(1);
    desk.types(".", "setup --custom-ca certs").succeeds();
    let list = "docker-compose.yml:docker-compose.override.yml:docker-compose.ca.yml";
    has(&desk.read(".env"), &format!("\nCOMPOSE_FILE={list}\r\n"));
    desk.types(".", "setup --check").succeeds().prints("in step\n");
    desk.remove("docker-compose.override.yml");
    desk.types("sub", "remove").succeeds();
    assert_eq!(desk.contents("."), before);
    assert_eq!(desk.mode(".env"), 0o600);
}

#[test]
fn a_check_repeats_the_options_from_any_directory() {
    let desk = project(
        "services:\n  api:\n    build: .\n  web:\n    image: caddy\n    volumes: \
         [\"./Caddyfile:/etc/caddy/Caddyfile\"]\n",
    );
    desk.write("Caddyfile", "import /run/trust-init/tls/*.caddy\n");
    desk.directory("sub", 0o755).directory("sub/below", 0o755);
    let here = desk.path("certs").display().to_string();
    let serve = "--domain reflector.local --caddy";
    for words in [
        format!("setup --custom-ca certs {serve} --service api=trust --unknown leave"),
        format!("setup --custom-ca {here} {serve}"),
        "setup --custom-ca certs/ca.crt --roots mozilla --without api".to_owned(),
    ] {
        desk.types(".", &words).succeeds();
        let first = desk.read("docker-compose.ca.yml");
        for directory in [".", "sub", "sub/below"] {
            desk.types(directory, "setup --check").exits(0).prints("in step\n");
        }
        desk.types("sub", &words.replace("-ca certs", "-ca ../certs")).succeeds();
        assert_eq!(desk.read("docker-compose.ca.yml"), first, "{words}");
    }
    let file = desk.path("docker-compose.yml").display().to_string();
    let elsewhere = Desk::new();
    elsewhere.types(".", &format!("setup --check -f {file}")).exits(0).prints("in step\n");
    // A CA in the project's directory has one name too.
    desk.rename("Caddyfile", "sub/Caddyfile");
    desk.write("sub/compose.yml", desk.read("docker-compose.yml"));
    desk.types("sub", &format!("setup --custom-ca ../certs {serve}")).succeeds();
    for directory in ["sub", "sub/below"] {
        desk.types(directory, "setup --check").exits(0).prints("in step\n");
    }
    desk.types(".", "setup --check -f sub/compose.yml").exits(0).prints("in step\n");
}

#[test]
fn every_form_of_an_import_of_the_snippet_counts() {
    let compose = |volume: &str| {
        format!("services:\n  web:\n    image: caddy\n    volumes: [\"{volume}\"]\n")
    };
    let file = "./Caddyfile:/etc/caddy/Caddyfile";
    let words = "setup --custom-ca certs --domain reflector.local --caddy --dry-run";
    let desk = project(&compose(file));
    for (line, is_import) in [
        ("import /run/trust-init/tls/*.caddy", true),
        ("\timport\t/run/trust-init/tls/*.caddy\r", true),
        ("  import \"/run/trust-init/tls/*.caddy\"", true),
        ("import `/run/trust-init/tls/*`", true),
        ("import /run/trust-init/tls/*.caddy # the CA", true),
        ("#import /run/trust-init/tls/*.caddy", false),
        ("# import /run/trust-init/tls/*.caddy", false),
        ("import /run/trust-init/tls/*.conf", false),
        ("import /run/trust-init/tls/tls.caddy", false),
        ("import /run/trust-init/tls-other/*.caddy", false),
        ("respond \"import /run/trust-init/tls/*.caddy\"", false),
    ] {
        desk.write("Caddyfile", format!("reflector.local {{\n{line}\n}}\n"));
        let outcome = desk.types(".", words);
        assert_eq!(outcome.0.status.code(), Some(i32::from(!is_import)), "{line}");
    }
    desk.directory("caddy", 0o755).write("docker-compose.yml", compose("./caddy:/etc/caddy"));
    desk.write("caddy/Caddyfile", "import /run/trust-init/tls/*.caddy\n");
    desk.types(".", words).succeeds();
}

#[test]
fn mounts_of_the_user_without_a_conflict_are_accepted() {
    let custom = "/usr/local/share/ca-certificates/custom-ca.crt";
    for mount in [
        format!("volumes: [\"./certs/ca.crt:{custom}:ro\"]"),
        "tmpfs: [/run, /run/trust-init, /usr/local/share]".to_owned(),
        "tmpfs: [/var/run, /var/run/trust-init]".to_owned(),
        "volumes: [\"./certs/ca.crt:/usr/local/share/ca-certificates/mine.crt\", \"d:/runs\", \
         \"s:/var/run/secrets\"]"
            .into(),
    ] {
        let desk = project(&format!("services:\n  api:\n    build: .\n    {mount}\n"));
        desk.types(".", "setup --custom-ca certs").succeeds();
    }
}

#[test]
fn every_kind_of_ca_file_is_read() {
    let desk = back_end();
    desk.openssl("pkcs12 -export -nokeys -in certs/ca.crt -out ca.p12 -passout pass:secret");
    desk.openssl("x509 -in certs/ca.crt -outform DER -out ca.der");
    desk.write("password", "secret\n");
    desk.types(".", "setup --custom-ca ca.p12 --p12-password-file password").succeeds();
    let text = desk.read("docker-compose.ca.yml");
    has(&text, "--p12-password-file password");
    assert!(!text.contains("secret"));
    let mounted = desk.read(&desk.overlaid("custom-ca"));
    desk.types(".", "setup --custom-ca ca.der").succeeds();
    assert_eq!(desk.read(&desk.overlaid("custom-ca")), mounted);
    has(&desk.read("certs/ca.crt"), mounted.trim());
}

#[test]
fn the_script_sets_up_the_callers_directory() {
    let desk = back_end();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/setup.sh");
    // trust-compose and the programs of the script, without docker.
    desk.directory("bin", 0o755);
    for program in ["bash", "env", "dirname"].map(tool).into_iter().chain([trust_compose()]) {
        symlink(&program, desk.path("bin").join(program.file_name().unwrap())).unwrap();
    }
    let run = |words: &[&str]| {
        let mut command = Command::new(&script);
        command.args(words).current_dir(desk.path("")).env_clear().env("PATH", desk.path("bin"));
        Outcome(command.output().unwrap())
    };
    run(&["--custom-ca", "certs/"]).succeeds();
    assert!(desk.has("docker-compose.ca.yml"));
    run_alone(&desk, &["setup", "--check"]).succeeds();
    run(&["--custom-cert", "certs/"]).exits(2).says("fix: write `--custom-ca`");
    run(&[]).succeeds();
    assert!(!desk.has("docker-compose.ca.yml") && !desk.has(".trust"));
    assert!(fs::read_dir(desk.path("")).unwrap().count() == 3);
}

#[test]
fn a_pipe_without_a_writer_does_not_block() {
    let desk = back_end();
    for name in ["Dockerfile", ".env"] {
        let made = desk.command(&tool("mkfifo"), &[name], "022").status().unwrap();
        assert!(made.success());
        let outcome = desk.types(".", "setup --custom-ca certs --dry-run").succeeds();
        assert!(outcome.stdout().contains("api      trust    built here"), "{}", outcome.stdout());
    }
}
