//! The overlay and its files, written and taken away again.

mod env;
mod broken;

use std::fs;
use std::os::unix::fs::symlink;

use trust_init::compose::setup::remove::remove;
use trust_init::compose::setup::write::{HEADER, Output, State, is_ours, standing, write};

use crate::project::{active, output, project, tree};

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
    assert_eq!(desk.read(".trust/bundle-a.crt"), "bundle a");
    assert!(
        desk.read(".gitignore")
            .ends_with("\r\ndocker-compose.ca.yml\r\n.trust/\r\n# trust-compose: end\r\n")
    );
    assert!(desk.read(".env").contains("\nCOMPOSE_FILE=compose.yml:docker-compose.ca.yml\n"));
    let modes =
        ["docker-compose.ca.yml", ".trust", ".trust/shared.crt", ".trust/manifest.json", ".env"];
    assert_eq!(modes.map(|path| desk.mode(path)), [0o644, 0o755, 0o644, 0o644, 0o600]);

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
    assert!(again.is_nothing() && again.left.is_empty());
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
    let mounted = || ["a", "b", "c"].map(|name| desk.has(&format!(".trust/bundle-{name}.crt")));
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
    assert_eq!((stands.words, stands.compose_file), (own.words, own.compose_file));
    let names = ["bundle-a.crt", "shared.crt"].map(str::to_owned);
    assert_eq!(stands.files, names.clone().map(|name| (name, State::Unchanged)));
    desk.write(".trust/bundle-a.crt", "other").remove(".trust/shared.crt");
    let [one, other] = names;
    assert_eq!(desk.stands().files, [(one, State::Changed), (other, State::Missing)]);
    // The next setup mends it.
    desk.setup(&output("a"));
    assert!(desk.stands().files.iter().all(|(_, state)| *state == State::Unchanged));

    assert!(is_ours(&desk.path("docker-compose.ca.yml")));
    assert!(!is_ours(&desk.path("compose.yml")) && !is_ours(&desk.path("none")));
    desk.write("crlf.yml", format!("\u{feff}{HEADER}\r\n"))
        .write("longer.yml", format!("{HEADER}s"));
    assert!(is_ours(&desk.path("crlf.yml")) && !is_ours(&desk.path("longer.yml")));
}

#[test]
fn an_overlay_of_somebody_else_is_never_touched() {
    let desk = project();
    desk.write("docker-compose.ca.yml", "services: {}\n");
    let fix = "fix: give it another name, and name that with -f where you use it";
    let what = "cannot write `docker-compose.ca.yml`: the";
    let end = "that stands there is not from this program";
    desk.refuses(&output("a"), &format!("{what} file {end}\n{fix}"));
    let left = "left `docker-compose.ca.yml` alone: the file that stands there is not from this \
                program\nfix: delete it if you do not need it\n";
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
    let link = "cannot use `.trust`: it is a link, not a directory\nfix: give it another name";
    desk.refuses(&output("a"), link);
    desk.remove(".trust").setup(&output("a"));
    fs::rename(desk.path(".trust"), desk.path("moved")).unwrap();
    symlink("moved", desk.path(".trust")).unwrap();
    desk.refuses_to_remove(link);

    let desk = project();
    desk.directory(".trust", 0o700).write(".trust/mine", "");
    desk.refuses(
        &output("a"),
        "cannot use `.trust`: it holds `mine` and no manifest of ours\n\
         fix: give that directory another name",
    );
    assert!(desk.take_away().is_nothing() && desk.mode(".trust") == 0o700);
}

#[test]
fn only_what_is_unchanged_is_taken_out_of_the_directory() {
    let desk = project();
    desk.setup(&output("a"));
    desk.write(".trust/bundle-a.crt", "changed").write(".trust/notes", "");
    symlink("nowhere", desk.path(".trust/link")).unwrap();
    let words = "removed `docker-compose.ca.yml`\nremoved `.gitignore`\nremoved 2 files in `.trust`\nleft `.trust` \
                 standing: it holds `link`, `notes`, `bundle-a.crt`\n\
                 fix: delete it if you do not need it\n";
    assert_eq!(desk.told(&desk.take_away()), words);
    let names: Vec<_> = desk.path(".trust").read_dir().unwrap().collect();
    assert_eq!(names.len(), 3);

    let desk = project();
    desk.setup(&output("a")).done.clear();
    desk.setup(&output("b"));
    desk.write(".trust/bundle-a.crt", "changed").write(".trust/bundle-c.crt", "mine");
    let occupied = "cannot write `.trust/bundle-c.crt`: something else stands there\n\
                    fix: move it out of .trust/";
    desk.refuses(&output("c"), occupied);
    desk.remove(".trust/bundle-c.crt");
    let left = "left `.trust/bundle-a.crt` alone: it is not as it was written\n\
                fix: delete it if you do not need it\n";
    let told = desk.told(&desk.setup(&Output { is_settled: true, ..output("c") }));
    assert!(told.ends_with(left), "{told}");
    assert_eq!(desk.read(".trust/bundle-a.crt"), "changed");
}

#[test]
fn a_manifest_that_cannot_be_used_stops_everything() {
    let desk = project();
    desk.setup(&output("a"));
    let good = desk.read(".trust/manifest.json");
    let fix = "fix: move .trust/ away, and run it again";
    for (bad, cause) in [
        (
            good.replace("\"format\": 1", "\"format\": 7, \"new\": 1"),
            "a newer version of trust-compose wrote it (format 7)\n\
             fix: run the version that wrote it, or a newer one"
                .to_owned(),
        ),
        (good[..40].to_owned(), format!("it is damaged at line 4\n{fix}")),
        (String::new(), format!("it is damaged at line 1\n{fix}")),
        (
            good.replace("shared.crt", "../../shared.crt"),
            format!("it lists `../../shared.crt`, which is not in .trust/\n{fix}"),
        ),
        (
            good.replace("shared.crt", "/etc/passwd"),
            format!("it lists `/etc/passwd`, which is not in .trust/\n{fix}"),
        ),
        (
            good.replace("shared.crt", ".."),
            format!("it lists `..`, which is not in .trust/\n{fix}"),
        ),
    ] {
        desk.write(".trust/manifest.json", bad);
        let words = format!("cannot use `.trust/manifest.json`: {cause}");
        desk.refuses(&output("a"), &words);
        desk.refuses_to_remove(&words);
    }
}

#[test]
fn what_cannot_be_is_told() {
    let desk = project();
    let mut wrong = output("a");
    wrong.files[0].0 = "../shared.crt".to_owned();
    desk.refuses(
        &wrong,
        "cannot write `../shared.crt`: no file of docker-compose.ca.yml is called so\n\
         fix: report this: the name was made by this program",
    );
    let error = write(&desk.path("none"), &output("a"), false).unwrap_err();
    let words = "cannot use `none`: no such file or directory\nfix: correct the name";
    desk.is_told(&error, words);
    desk.setup(&output("a"));
    desk.write("docker-compose.ca.yml", format!("{HEADER}\nmine: 1\n"));
    let words = "changed `docker-compose.ca.yml`, which was edited by hand\n";
    assert_eq!(desk.told(&desk.setup(&output("a"))), words);
    desk.remove(".trust/manifest.json").directory(".trust/manifest.json", 0o755);
    desk.refuses_to_remove(
        "cannot change `.trust/manifest.json`: it is a directory\n\
         fix: put a regular file there, or nothing",
    );
}
