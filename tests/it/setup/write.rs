//! Writing and removing the overlay and its files.

mod env;
mod broken;

use std::fs;
use std::os::unix::fs::symlink;

use trust_init::compose::layout::{HEADER, is_generated_overlay};
use trust_init::compose::setup::header::header;
use trust_init::compose::setup::installed::{self, FileState};
use trust_init::compose::setup::remove::remove;
use trust_init::compose::setup::write::{Output, write};

use crate::desk::Desk;
use crate::project::{active, bundle, output, project, shared, tree};

#[test]
fn removal_restores_the_project_exactly() {
    let desk = project();
    desk.write("compose.yml", "services: {}\n");
    desk.write(".env", "SECRET=1").chmod(".env", 0o600).write(".gitignore", "*.log\r\n");
    let before = tree(&desk);
    let words = "created 2 files in `.trust`\ncreated `docker-compose.ca.yml`\nupdated `.gitignore` \
                 (ignores docker-compose.ca.yml and .trust/)\nupdated `.env` (sets COMPOSE_FILE)\n";
    let intended = write(&desk.path(""), &active("a"), true).unwrap();
    let would = words.replace("created", "would create").replace("updated", "would update");
    assert_eq!(desk.report(&intended), would);
    assert_eq!(tree(&desk), before);

    assert_eq!(desk.report(&desk.setup(&active("a"))), words);
    assert_eq!(desk.read("docker-compose.ca.yml"), output("a").overlay);
    assert_eq!(desk.read(&inside(&bundle("a"))), "bundle a");
    assert!(
        desk.read(".gitignore")
            .ends_with("\r\ndocker-compose.ca.yml\r\n.trust/\r\n# trust-compose: end\r\n")
    );
    assert!(desk.read(".env").contains("\nCOMPOSE_FILE=compose.yml:docker-compose.ca.yml\n"));
    let shared = inside(&shared());
    let modes = ["docker-compose.ca.yml", ".trust", &shared, ".env"];
    assert_eq!(modes.map(|path| desk.mode(path)), [0o644, 0o755, 0o644, 0o600]);

    let words = "removed the block in `.env`\nremoved `docker-compose.ca.yml`\nremoved the block in \
                 `.gitignore`\nremoved `.trust`\n";
    let intended = remove(&desk.path(""), None, true).unwrap();
    assert_eq!(desk.report(&intended), words.replace("removed", "would remove"));
    assert_eq!(desk.report(&desk.remove_overlay()), words);
    assert_eq!(tree(&desk), before);
    assert!(desk.remove_overlay().is_nothing());
    assert_eq!(tree(&desk), before);
}

#[test]
fn created_files_are_removed() {
    let desk = project();
    let before = tree(&desk);
    desk.setup(&active("a"));
    assert!(desk.has(".env") && desk.has(".gitignore"));
    desk.remove_overlay();
    assert_eq!(tree(&desk), before);
}

#[test]
fn an_unchanged_setup_writes_nothing() {
    let desk = project();
    desk.write(".gitignore", "");
    desk.setup(&active("a"));
    desk.setup(&active("b"));
    let (before, inside) = (desk.state(""), desk.state(".trust"));
    let again = desk.setup(&active("b"));
    assert!(again.is_nothing() && again.kept.is_empty());
    // Without --activate, an activated overlay stays active.
    assert!(desk.setup(&output("b")).is_nothing());
    assert_eq!((desk.state(""), desk.state(".trust")), (before, inside));
}

#[test]
fn gitignore_is_written_only_in_a_git_repository() {
    let desk = project();
    desk.directory("below", 0o755);
    write(&desk.path("below"), &output("a"), false).unwrap();
    assert!(desk.has("below/.gitignore"));
    // The package's own .git is above every other test directory.
    let outside = std::env::temp_dir().join(format!("trust-compose-{}", std::process::id()));
    fs::create_dir(&outside).unwrap();
    write(&outside, &output("a"), false).unwrap();
    let names = fs::read_dir(&outside).unwrap().count();
    fs::remove_dir_all(&outside).unwrap();
    assert_eq!(names, 2);
}

#[test]
fn a_sufficient_gitignore_is_kept() {
    let said = "*.log\n/docker-compose.ca.yml\r\n.trust/\n";
    for (text, is_left) in [
        (said.to_owned(), true),
        (format!("{said}!.trust/\n"), false),
        ("docker-compose.ca.yml\n".to_owned(), false),
    ] {
        let desk = project();
        desk.write(".gitignore", &text);
        desk.setup(&output("a"));
        assert_eq!(desk.read(".gitignore") == text, is_left, "{text}");
        assert!(desk.setup(&output("a")).is_nothing());
        desk.remove_overlay();
        assert_eq!(desk.read(".gitignore"), text);
    }
}

#[test]
fn files_of_the_last_overlay_stay_for_running_containers() {
    let desk = project();
    desk.setup(&output("a"));
    desk.setup(&output("b"));
    desk.setup(&output("c"));
    let mounted = || ["a", "b", "c"].map(|name| desk.has(&inside(&bundle(name))));
    assert_eq!(mounted(), [true; 3]);
    // Once no container of an earlier overlay is running.
    let settled = Output { is_settled: true, ..output("c") };
    let text = desk.report(&desk.setup(&settled));
    assert_eq!(text, "removed 2 files in `.trust` that nothing mounts any more\n");
    assert_eq!(mounted(), [false, false, true]);
    assert!(desk.setup(&settled).is_nothing());
    desk.setup(&output("a"));
    desk.remove_overlay();
    assert!(!desk.has(".trust"));
}

#[test]
fn the_installed_state_is_read() {
    let desk = project();
    assert!(installed::read(&desk.path("")).unwrap().is_none());
    desk.write("compose.yml", "services: {}\n");
    let own = Output { compose_file: Some("it's $1:\\\"x".to_owned()), ..output("a") };
    desk.setup(&own);
    let installed = desk.installed();
    assert_eq!(installed.overlay, Some(own.overlay));
    assert_eq!((installed.options, installed.compose_file), (options_of("a"), own.compose_file));
    let mut names = [bundle("a"), shared()];
    names.sort();
    assert_eq!(installed.files, names.clone().map(|name| (name, FileState::Unchanged)));
    desk.write(&inside(&names[0]), "other").remove(&inside(&names[1])).write(".trust/mine", "");
    let installed = desk.installed();
    let [one, other] = names;
    assert_eq!(installed.files, [(one, FileState::Changed), (other, FileState::Missing)]);
    assert_eq!(installed.foreign, ["mine"]);
    // The next setup restores the files.
    desk.setup(&output("a"));
    assert!(desk.installed().files.iter().all(|(_, state)| *state == FileState::Unchanged));

    assert!(is_generated_overlay(&desk.path("docker-compose.ca.yml")));
    assert!(
        !is_generated_overlay(&desk.path("compose.yml"))
            && !is_generated_overlay(&desk.path("none"))
    );
    desk.write("crlf.yml", format!("\u{feff}{HEADER}\r\n"))
        .write("longer.yml", format!("{HEADER}s"));
    assert!(
        is_generated_overlay(&desk.path("crlf.yml"))
            && !is_generated_overlay(&desk.path("longer.yml"))
    );
}

#[test]
fn a_foreign_overlay_is_never_changed() {
    let desk = project();
    desk.write("docker-compose.ca.yml", "services: {}\n");
    let fix = "fix: rename it, and pass the new name with -f";
    let what = "cannot write `docker-compose.ca.yml`: a";
    let end = "of that name exists and was not created by trust-compose";
    desk.refuses(&output("a"), &format!("{what} file {end}\n{fix}"));
    let left = "kept `docker-compose.ca.yml`: trust-compose did not create this file\n\
                fix: delete it if you do not need it\n";
    assert_eq!(desk.report(&desk.remove_overlay()), left);
    assert!(desk.has("docker-compose.ca.yml"));
    // A link is not followed either.
    desk.rename("docker-compose.ca.yml", "mine.yml").setup(&output("a"));
    desk.rename("docker-compose.ca.yml", "other.yml");
    symlink("other.yml", desk.path("docker-compose.ca.yml")).unwrap();
    desk.refuses(&output("a"), &format!("{what} link {end}\n{fix}"));
    desk.remove_overlay();
    assert!(desk.has("docker-compose.ca.yml") && desk.has("other.yml"));
}

#[test]
fn a_foreign_directory_is_never_changed() {
    let desk = project();
    desk.directory("elsewhere", 0o755);
    symlink("elsewhere", desk.path(".trust")).unwrap();
    let link = "cannot use `.trust`: it is a link, not a directory\nfix: rename it";
    desk.refuses(&output("a"), link);
    desk.remove(".trust").setup(&output("a"));
    fs::rename(desk.path(".trust"), desk.path("moved")).unwrap();
    symlink("moved", desk.path(".trust")).unwrap();
    desk.refuses_to_remove(link);

    let desk = project();
    desk.directory(".trust", 0o700).write(".trust/mine", "");
    desk.refuses(
        &output("a"),
        "cannot use `.trust`: it contains `mine`, and no file that trust-compose created\n\
         fix: rename that directory",
    );
    assert!(desk.remove_overlay().is_nothing() && desk.mode(".trust") == 0o700);
}

#[test]
fn only_unchanged_files_are_removed_from_the_directory() {
    let desk = project();
    desk.setup(&output("a"));
    let changed = bundle("a");
    desk.write(&inside(&changed), "changed").write(".trust/notes", "");
    symlink("nowhere", desk.path(".trust/link")).unwrap();
    let words = format!(
        "removed `docker-compose.ca.yml`\nremoved `.gitignore`\nremoved 1 file in `.trust`\nkept \
         `.trust`: it contains files that trust-compose did not create: `link`, `notes`, `{changed}`\n\
         fix: delete it if you do not need it\n"
    );
    assert_eq!(desk.report(&desk.remove_overlay()), words);
    let names: Vec<_> = desk.path(".trust").read_dir().unwrap().collect();
    assert_eq!(names.len(), 3);

    let desk = project();
    desk.setup(&output("a"));
    desk.setup(&output("b"));
    let mine = bundle("c");
    desk.write(&inside(&changed), "changed").write(&inside(&mine), "mine");
    let occupied = format!(
        "cannot write `.trust/{mine}`: a file of that name exists, with other contents\n\
         fix: move it out of .trust/"
    );
    desk.refuses(&output("c"), &occupied);
    desk.remove(&inside(&mine));
    let kept = format!(
        "kept `.trust/{changed}`: its contents were changed\nfix: delete it if you do not need it\n"
    );
    let text = desk.report(&desk.setup(&Output { is_settled: true, ..output("c") }));
    assert!(text.ends_with(&kept), "{text}");
    assert_eq!(desk.read(&inside(&changed)), "changed");
}

/// Overlays of earlier versions had another header for their options, and a manifest with their files.
#[test]
fn the_files_of_an_earlier_version_are_recognized() {
    let manifest = r#"{"format": 1, "generations": []}"#;
    let old = |desk: &Desk| {
        desk.setup(&active("a"));
        let overlay = desk.read("docker-compose.ca.yml");
        let (first, rest) = overlay.split_once('\n').unwrap();
        let options = first.strip_prefix("# Generated by: trust-compose setup").unwrap();
        let (_, rest) = rest.split_once('\n').unwrap();
        let header = "# Made by trust-compose setup, taken away by trust-compose remove.";
        let overlay = format!("{header}\n# The words were:{options}\n{rest}");
        desk.write("docker-compose.ca.yml", overlay).write(".trust/manifest.json", manifest);
        let env = desk.read(".env");
        let (_, lines) = env.split_once('\n').unwrap();
        let begin = "# trust-compose: begin 01234567; `remove` takes this block out, and the file";
        desk.write(".env", format!("{begin}\n{lines}"));
    };
    let desk = project();
    let before = tree(&desk);
    old(&desk);
    assert_eq!((desk.installed().options, desk.installed().foreign.len()), (options_of("a"), 0));
    desk.setup(&active("a"));
    assert!(!desk.has(".trust/manifest.json"));
    desk.remove_overlay();
    assert_eq!(tree(&desk), before);
    old(&desk);
    desk.remove_overlay();
    assert_eq!(tree(&desk), before);
    // A file with only the manifest's name is no manifest.
    old(&desk);
    desk.write(".trust/manifest.json", "{}");
    desk.remove_overlay();
    assert_eq!(desk.read(".trust/manifest.json"), "{}");
}

/// Options with any characters can be read back from the header.
#[test]
fn options_are_read_back_from_the_header() {
    let options = [
        "--custom-ca",
        "it's",
        "a b",
        "",
        "\\",
        "$x `y` \"z\"",
        "#",
        "a\nb'\\",
        "\u{2028}\u{e0001}1",
        "é",
        "'",
    ];
    let options = options.map(str::to_owned);
    for project in [&[][..], &options[1..2]] {
        let text = header(project, &options);
        assert_eq!(text.lines().count(), 2);
        let read = trust_init::compose::setup::header::options(&text);
        assert_eq!(read, [project, &options].concat());
    }
}

#[test]
fn an_impossible_setup_is_reported() {
    let desk = project();
    let error = write(&desk.path("none"), &output("a"), false).unwrap_err();
    let words = "cannot use `none`: no such file or directory\nfix: correct the name";
    desk.assert_message(&error, words);
    desk.setup(&output("a"));
    // Without the line of options in the header, there are no options.
    desk.write("docker-compose.ca.yml", format!("{HEADER}\nmine: 1\n"));
    assert!(desk.installed().options.is_empty());
    let words = "updated `docker-compose.ca.yml`\n";
    assert_eq!(desk.report(&desk.setup(&output("a"))), words);
}

/// Returns the path of a file in `.trust/`.
fn inside(name: &str) -> String {
    format!(".trust/{name}")
}

/// Returns the options of the setup `name`.
fn options_of(name: &str) -> Vec<String> {
    ["--custom-ca", name].map(str::to_owned).to_vec()
}
