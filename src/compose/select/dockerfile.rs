//! Reads the base image, the entrypoint and the command from a Dockerfile.
//!
//! It parses only the part of the grammar that this needs (<https://docs.docker.com/reference/dockerfile/>),
//! and ignores everything else: errors in a Dockerfile are reported by the build.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::compose::project::Build;
use crate::compose::project::interpolate::interpolate_or_mark;

/// The result of a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltImage {
    /// The image on which the built stage is based, directly or through other stages.
    pub base: String,
    /// The ENTRYPOINT that these stages set; `None` if the base's applies.
    pub entrypoint: Option<Vec<String>>,
    /// The CMD that these stages set; `None` if the base's applies, or none because of the ENTRYPOINT.
    pub command: Option<Vec<String>>,
}

struct Stage {
    name: Option<String>,
    base: String,
    entrypoint: Option<Vec<String>>,
    command: Option<Vec<String>>,
}

/// Returns the path of the build's Dockerfile; `None` if the context is not on this machine.
pub fn dockerfile_path(build: &Build) -> Option<PathBuf> {
    let name = build.dockerfile.as_deref().unwrap_or("Dockerfile");
    Some(build.context.as_ref()?.join(name))
}

/// Reads the Dockerfile `text` of `build`; `None` if the target stage does not exist.
pub fn parse_dockerfile(text: &str, build: &Build) -> Option<BuiltImage> {
    let stages = stages(text, build);
    let mut index = match &build.target {
        Some(target) => {
            let named = stages.iter().position(|stage| stage.has_name(target));
            named.or_else(|| target.parse().ok())?
        }
        None => stages.len().checked_sub(1)?,
    };
    let (mut entrypoint, mut command) = (None, None);
    loop {
        let stage = stages.get(index)?;
        // An ENTRYPOINT disables the CMD of the stages below it.
        if entrypoint.is_none() {
            command = command.or_else(|| stage.command.clone());
        }
        entrypoint = entrypoint.or_else(|| stage.entrypoint.clone());
        let mut earlier = stages.iter().take(index);
        match earlier.rposition(|earlier| earlier.has_name(&stage.base)) {
            Some(below) => index = below,
            None => return Some(BuiltImage { base: stage.base.clone(), entrypoint, command }),
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
                let name = name.map(str::to_owned);
                stages.push(Stage { name, base, entrypoint: None, command: None });
            }
            "ENTRYPOINT" => {
                if let Some(stage) = stages.last_mut() {
                    let split = || rest.split_whitespace().map(str::to_owned).collect();
                    stage.entrypoint = Some(json_words(&rest).unwrap_or_else(split));
                }
            }
            "CMD" => {
                if let Some(stage) = stages.last_mut() {
                    let shell = || vec!["sh".to_owned(), "-c".to_owned(), rest.clone()];
                    stage.command = Some(json_words(&rest).unwrap_or_else(shell));
                }
            }
            _ => {}
        }
    }
    stages
}

/// Returns a word without quotes, with the global arguments substituted.
fn substitute_arguments(word: &str, arguments: &BTreeMap<String, String>) -> String {
    let value = |name: &str| arguments.get(name).cloned().or_else(|| platform_argument(name));
    interpolate_or_mark(word.trim_matches(['"', '\'']), &value)
}

/// Returns the predefined platform arguments. Their value does not change the kind of an image.
fn platform_argument(name: &str) -> Option<String> {
    let value = match name {
        "TARGETPLATFORM" | "BUILDPLATFORM" => "linux/amd64",
        "TARGETOS" | "BUILDOS" => "linux",
        "TARGETARCH" | "BUILDARCH" => "amd64",
        _ => return None,
    };
    Some(value.to_owned())
}

/// Returns the words of an ENTRYPOINT or CMD in the JSON form; `None` for the shell form.
fn json_words(text: &str) -> Option<Vec<String>> {
    serde_json::from_str(text).ok()
}

/// Returns every instruction: its keyword in upper case, and its arguments with continuation lines.
fn instructions(text: &str) -> Vec<(String, String)> {
    let text = text.trim_start_matches('\u{feff}');
    let escape = escape_character(text);
    let mut found = Vec::new();
    let mut open = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let line = line.trim_end();
        // Comments and empty lines do not end an instruction.
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
                // Without its end, it is not a here-document.
                if ahead.any(is_end) {
                    lines = ahead;
                }
            }
        }
        found.push((keyword, rest.trim_start().to_owned()));
    }
    found
}

/// Returns the delimiter of the here-document that a word opens, and whether leading tabs are ignored.
fn here_document(word: &str) -> Option<(&str, bool)> {
    let word = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let bare = word.strip_prefix('-');
    let end = bare.unwrap_or(word).trim_matches(['"', '\'']);
    (!end.is_empty()).then_some((end, bare.is_some()))
}

/// Returns the line continuation character, from the parser directive `# escape=`.
fn escape_character(text: &str) -> char {
    let directives = text.lines().map_while(|line| {
        let (name, value) = line.trim().strip_prefix('#')?.split_once('=')?;
        let name = name.trim();
        name.chars().all(char::is_alphanumeric).then_some((name, value.trim()))
    });
    let mut escapes = directives.filter(|(name, _)| name.eq_ignore_ascii_case("escape"));
    if escapes.next().is_some_and(|(_, value)| value == "`") { '`' } else { '\\' }
}
