//! What a Dockerfile says about the image it makes: its base, and what it starts.
//!
//! Only as much of the grammar as that needs
//! (<https://docs.docker.com/reference/dockerfile/>). What cannot be understood is passed over: that
//! a file is wrong is for the build to say.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::compose::project::Build;
use crate::compose::project::interpolate::interpolate_or_mark;

/// An image that is to be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// The image below the last stage, and below the stages that this one is based on.
    pub base: String,
    /// What starts first, where an instruction says so; else it is what the base starts.
    pub entrypoint: Option<Vec<String>>,
}

struct Stage {
    name: Option<String>,
    base: String,
    entrypoint: Option<Vec<String>>,
}

/// Where the instructions of `build` lie on this machine.
pub fn dockerfile_path(build: &Build) -> Option<PathBuf> {
    let name = build.dockerfile.as_deref().unwrap_or("Dockerfile");
    Some(build.context.as_ref()?.join(name))
}

/// What `text` makes of `build`; `None` where the stage that is asked for is not there.
pub fn recipe(text: &str, build: &Build) -> Option<Recipe> {
    let stages = stages(text, build);
    let mut index = match &build.target {
        Some(target) => {
            let named = stages.iter().position(|stage| stage.has_name(target));
            named.or_else(|| target.parse().ok())?
        }
        None => stages.len().checked_sub(1)?,
    };
    let mut entrypoint = None;
    loop {
        let stage = stages.get(index)?;
        entrypoint = entrypoint.or_else(|| stage.entrypoint.clone());
        let mut earlier = stages.iter().take(index);
        match earlier.rposition(|earlier| earlier.has_name(&stage.base)) {
            Some(below) => index = below,
            None => return Some(Recipe { base: stage.base.clone(), entrypoint }),
        }
    }
}

impl Stage {
    fn has_name(&self, name: &str) -> bool {
        self.name.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(name))
    }
}

fn stages(text: &str, build: &Build) -> Vec<Stage> {
    let mut arguments = BTreeMap::new();
    let mut stages: Vec<Stage> = Vec::new();
    for (keyword, rest) in instructions(text) {
        match keyword.as_str() {
            "ARG" if stages.is_empty() => {
                for word in rest.split_whitespace() {
                    let (name, default) = word.split_once('=').unzip();
                    let name = name.unwrap_or(word);
                    let given = build.args.get(name).cloned().flatten();
                    if let Some(value) =
                        given.or_else(|| Some(substitute_arguments(default?, &arguments)))
                    {
                        arguments.insert(name.to_owned(), value);
                    }
                }
            }
            "FROM" => {
                let mut words = rest.split_whitespace().skip_while(|word| word.starts_with("--"));
                let base = substitute_arguments(words.next().unwrap_or_default(), &arguments);
                let name = words.find(|word| !word.eq_ignore_ascii_case("as"));
                stages.push(Stage { name: name.map(str::to_owned), base, entrypoint: None });
            }
            "ENTRYPOINT" => {
                if let Some(stage) = stages.last_mut() {
                    stage.entrypoint = Some(entrypoint_words(&rest));
                }
            }
            _ => {}
        }
    }
    stages
}

/// A word without its quotes, and with the arguments before the first stage put in.
fn substitute_arguments(word: &str, arguments: &BTreeMap<String, String>) -> String {
    let value = |name: &str| arguments.get(name).cloned().or_else(|| platform_argument(name));
    interpolate_or_mark(word.trim_matches(['"', '\'']), &value)
}

/// The arguments that every build has. Which machine it is for does not change what an image is.
fn platform_argument(name: &str) -> Option<String> {
    let value = match name {
        "TARGETPLATFORM" | "BUILDPLATFORM" => "linux/amd64",
        "TARGETOS" | "BUILDOS" => "linux",
        "TARGETARCH" | "BUILDARCH" => "amd64",
        _ => return None,
    };
    Some(value.to_owned())
}

/// The words of an ENTRYPOINT: a list in JSON, else a line for the shell.
fn entrypoint_words(text: &str) -> Vec<String> {
    let list = serde_json::from_str(text);
    list.unwrap_or_else(|_| text.split_whitespace().map(str::to_owned).collect())
}

/// Every instruction: its keyword in capitals, and what follows on its line and the lines that
/// continue it.
fn instructions(text: &str) -> Vec<(String, String)> {
    let text = text.trim_start_matches('\u{feff}');
    let escape = escape_character(text);
    let mut found = Vec::new();
    let mut open = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = line.trim_end();
        // Comments and empty lines end nothing, not even in the middle of an instruction.
        if line.is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        let continued = line.strip_suffix(escape).filter(|line| !line.ends_with(escape));
        open.push_str(continued.unwrap_or(line));
        if continued.is_some() {
            continue;
        }
        let instruction = std::mem::take(&mut open);
        let instruction = instruction.trim();
        let (keyword, rest) = instruction.split_once(char::is_whitespace).unwrap_or_default();
        let keyword = keyword.to_ascii_uppercase();
        if matches!(keyword.as_str(), "RUN" | "COPY" | "ADD") {
            for (end, is_indented) in rest.split_whitespace().filter_map(here_document) {
                let mut ahead = lines.clone();
                let is_end =
                    |line: &str| line.trim_start_matches(|c| is_indented && c == '\t') == end;
                // A document that has no end is none.
                if ahead.any(is_end) {
                    lines = ahead;
                }
            }
        }
        found.push((keyword, rest.trim_start().to_owned()));
    }
    found
}

/// The line that ends the here-document which a word opens, and whether tabs before it are ignored.
fn here_document(word: &str) -> Option<(&str, bool)> {
    let word = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let bare = word.strip_prefix('-');
    let end = bare.unwrap_or(word).trim_matches(['"', '\'']);
    (!end.is_empty()).then_some((end, bare.is_some()))
}

/// The character that continues a line: `# escape=` among the directives at the very top.
fn escape_character(text: &str) -> char {
    let directives = text.lines().map_while(|line| {
        let (name, value) = line.trim().strip_prefix('#')?.split_once('=')?;
        let name = name.trim();
        name.chars().all(char::is_alphanumeric).then_some((name, value.trim()))
    });
    let mut escapes = directives.filter(|(name, _)| name.eq_ignore_ascii_case("escape"));
    if escapes.next().is_some_and(|(_, value)| value == "`") { '`' } else { '\\' }
}
