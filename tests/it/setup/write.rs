//! The overlay and its files, written and removed again.

mod env;
mod broken;

use std::fs;
use std::os::unix::fs::symlink;

use trust_init::compose::layout::{HEADER, is_generated_overlay};
use trust_init::compose::setup::header::header;
use trust_init::compose::setup::installed::{State, standing};
use trust_init::compose::setup::remove::remove;
use trust_init::compose::setup::write::{Output, write};

use crate::desk::Desk;
use crate::project::{active, bundle, output, project, shared, tree};

#[test]
fn what_is_written_is_taken_away_to_the_byte() {
    let desk = project();
    desk.write("compose.yml", "services: {}\n");
    desk.write(".env", "SECRET=1").chmod(".env", 0o600).write(".gitignore", "*.log\r\n");
    let before = tree(&desk);
    let words = "made 2 files in `.trust`\nmade `docker-compose.ca.yml`\nchanged `.gitignore`: a \
                 block with what setup makes\nchanged `.env`: a block with COMPOSE_FILE\n";
    let intended = write(&desk.path(""), &active("a"), true).unwrap();
    let would = words.replace("made", "would make").replace("changed", "would change");
    assert_eq!(desk.told(&intended), would);
    assert_eq!(tree(&desk), before);

    assert_eq!(desk.told(&desk.setup(&active("a"))), words);
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
    assert_eq!(desk.told(&intended), words.replace("removed", "would remove"));
    assert_eq!(desk.told(&desk.take_away()), words);
    assert_eq!(tree(&desk), before);
    assert!(desk.take_away().is_nothing());
    assert_eq!(tree(&desk), before);
}

#[test]
fn files_that_were_not_there_are_gone_again() {
    let desk = project();
    let before = tree(&desk);
    desk.setup(&active("a"));
    assert!(desk.has(".env") && desk.has(".gitignore"));
    desk.take_away();
    assert_eq!(tree(&desk), before);
}

#[test]
fn nothing_is_touched_where_nothing_has_changed() {
    let desk = project();
    desk.write(".gitignore", "");
    desk.setup(&active("a"));
    desk.setup(&active("b"));
    let (before, inside) = (desk.state(""), desk.state(".trust"));
    let again = desk.setup(&active("b"));
    assert!(again.is_nothing() && again.kept.is_empty());
    // Without --activate, what was activated stays so.
    assert!(desk.setup(&output("b")).is_nothing());
    assert_eq!((desk.state(""), desk.state(".trust")), (before, inside));
}

#[test]
fn gitignore_is_for_git() {
    let desk = project();
    desk.directory("below", 0o755);
    write(&desk.path("below"), &output("a"), false).unwrap();
    assert!(desk.has("below/.gitignore"));
    // The package's own .git lies above every other directory of a test.
    let outside = std::env::temp_dir().join(format!("trust-compose-{}", std::process::id()));
    fs::create_dir(&outside).unwrap();
    write(&outside, &output("a"), false).unwrap();
    let names = fs::read_dir(&outside).unwrap().count();
    fs::remove_dir_all(&outside).unwrap();
    assert_eq!(names, 2);
}

#[test]
fn gitignore_that_says_it_already_is_left_alone() {
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
        desk.take_away();
        assert_eq!(desk.read(".gitignore"), text);
    }
}

#[test]
fn files_of_the_last_overlay_stay_for_what_still_runs() {
    let desk = project();
    desk.setup(&output("a"));
    desk.setup(&output("b"));
    desk.setup(&output("c"));
    let mounted = || ["a", "b", "c"].map(|name| desk.has(&inside(&bundle(name))));
    assert_eq!(mounted(), [true; 3]);
    // Until no container runs any more that was made with one of those before.
    let settled = Output { is_settled: true, ..output("c") };
    let told = desk.told(&desk.setup(&settled));
    assert_eq!(told, "removed 2 files in `.trust` that nothing mounts any more\n");
    assert_eq!(mounted(), [false, false, true]);
    assert!(desk.setup(&settled).is_nothing());
    desk.setup(&output("a"));
    desk.take_away();
    assert!(!desk.has(".trust"));
}

#[test]
fn what_stands_is_known() {
    let desk = project();
    assert!(standing(&desk.path("")).unwrap().is_none());
    desk.write("compose.yml", "services: {}\n");
    let own = Output { compose_file: Some("it's $1:\\\"x".to_owned()), ..output("a") };
    desk.setup(&own);
    let stands = desk.stands();
    assert_eq!(stands.overlay, Some(own.overlay));
    assert_eq!((stands.words, stands.compose_file), (words("a"), own.compose_file));
    let mut names = [bundle("a"), shared()];
    names.sort();
    assert_eq!(stands.files, names.clone().map(|name| (name, State::Unchanged)));
    desk.write(&inside(&names[0]), "other").remove(&inside(&names[1])).write(".trust/mine", "");
    let stands = desk.stands();
    let [one, other] = names;
    assert_eq!(stands.files, [(one, State::Changed), (other, State::Missing)]);
    assert_eq!(stands.strange, ["mine"]);
    // The next setup repairs it.
    desk.setup(&output("a"));
    assert!(desk.stands().files.iter().all(|(_, state)| *state == State::Unchanged));

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
fn an_overlay_of_somebody_else_is_never_touched() {
    let desk = project();
    desk.write("docker-compose.ca.yml", "services: {}\n");
    let fix = "fix: rename it, and pass the new name with -f";
    let what = "cannot write `docker-compose.ca.yml`: a";
    let end = "of that name exists and was not created by trust-compose";
    desk.refuses(&output("a"), &format!("{what} file {end}\n{fix}"));
    let left = "kept `docker-compose.ca.yml`: trust-compose did not create this file\n\
                fix: delete it if you do not need it\n";
    assert_eq!(desk.told(&desk.take_away()), left);
    assert!(desk.has("docker-compose.ca.yml"));
    // Not through a link either, whatever it leads to.
    desk.rename("docker-compose.ca.yml", "mine.yml").setup(&output("a"));
    desk.rename("docker-compose.ca.yml", "other.yml");
    symlink("other.yml", desk.path("docker-compose.ca.yml")).unwrap();
    desk.refuses(&output("a"), &format!("{what} link {end}\n{fix}"));
    desk.take_away();
    assert!(desk.has("docker-compose.ca.yml") && desk.has("other.yml"));
}

#[test]
fn a_directory_of_somebody_else_is_never_touched() {
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
        "cannot use `.trust`: it contains `mine`, and no file of ours\nfix: rename that directory",
    );
    assert!(desk.take_away().is_nothing() && desk.mode(".trust") == 0o700);
}

#[test]
fn only_what_is_unchanged_is_taken_out_of_the_directory() {
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
    assert_eq!(desk.told(&desk.take_away()), words);
    let names: Vec<_> = desk.path(".trust").read_dir().unwrap().collect();
    assert_eq!(names.len(), 3);

    let desk = project();
    desk.setup(&output("a"));
    desk.setup(&output("b"));
    let mine = bundle("c");
    desk.write(&inside(&changed), "changed").write(&inside(&mine), "mine");
    let occupied = format!(
        "cannot write `.trust/{mine}`: it exists, with other contents\nfix: move it out of .trust/"
    );
    desk.refuses(&output("c"), &occupied);
    desk.remove(&inside(&mine));
    let kept = format!(
        "kept `.trust/{changed}`: its contents were changed\nfix: delete it if you do not need it\n"
    );
    let told = desk.told(&desk.setup(&Output { is_settled: true, ..output("c") }));
    assert!(told.ends_with(&kept), "{told}");
    assert_eq!(desk.read(&inside(&changed)), "changed");
}

/// Overlays of earlier versions named their options otherwise, and a manifest listed their files.
#[test]
fn what_an_earlier_version_wrote_is_understood() {
    let manifest = r#"{"format": 1, "generations": []}"#;
    let old = |desk: &Desk| {
        desk.setup(&active("a"));
        let overlay = desk.read("docker-compose.ca.yml");
        let overlay = overlay.replace("# Generated by: trust-compose setup", "# The words were:");
        desk.write("docker-compose.ca.yml", overlay).write(".trust/manifest.json", manifest);
        let env = desk.read(".env").replace("begin;", "begin 01234567;");
        desk.write(".env", env);
    };
    let desk = project();
    let before = tree(&desk);
    old(&desk);
    assert_eq!((desk.stands().words, desk.stands().strange.len()), (words("a"), 0));
    desk.setup(&active("a"));
    assert!(!desk.has(".trust/manifest.json"));
    desk.take_away();
    assert_eq!(tree(&desk), before);
    old(&desk);
    desk.take_away();
    assert_eq!(tree(&desk), before);
    // What only has its name is not one.
    old(&desk);
    desk.write(".trust/manifest.json", "{}");
    desk.take_away();
    assert_eq!(desk.read(".trust/manifest.json"), "{}");
}

/// Whatever an option holds, the header gives it back.
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
    let text = header(&options);
    assert_eq!(text.lines().count(), 2);
    assert_eq!(trust_init::compose::setup::header::options(&text), options);
}

#[test]
fn what_cannot_be_is_told() {
    let desk = project();
    let error = write(&desk.path("none"), &output("a"), false).unwrap_err();
    let words = "cannot use `none`: no such file or directory\nfix: correct the name";
    desk.is_told(&error, words);
    desk.setup(&output("a"));
    // Where nothing says with which options it was made, there are none.
    desk.write("docker-compose.ca.yml", format!("{HEADER}\nmine: 1\n"));
    assert!(desk.stands().words.is_empty());
    let words = "changed `docker-compose.ca.yml`\n";
    assert_eq!(desk.told(&desk.setup(&output("a"))), words);
}

/// The path of a file in `.trust/`.
fn inside(name: &str) -> String {
    format!(".trust/{name}")
}

/// The options of the setup of this name.
fn words(name: &str) -> Vec<String> {
    ["--custom-ca", name].map(str::to_owned).to_vec()
}
