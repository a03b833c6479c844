//! Recognizes nginx, Caddy, Traefik and other reverse proxies under any name: by the program that a service
//! starts, and by the configuration files that it mounts.

use std::path::Path;

use crate::compose::project::Service;
use crate::compose::select::image_table::CLIENT_WORDS;

/// Programs that are reverse proxies and nothing else. Apache and FrankenPHP also run applications.
const PROGRAMS: [&str; 6] = ["nginx", "openresty", "caddy", "traefik", "haproxy", "envoy"];

/// Beginnings of arguments that only Traefik has
/// (<https://doc.traefik.io/traefik/reference/install-configuration/configuration-options/>).
const TRAEFIK_ARGUMENTS: [&str; 3] = ["--providers.docker", "--providers.file", "--entrypoints."];

/// Directories and files from which a proxy reads its configuration.
const CONFIGURATIONS: [(&str, &str); 9] = [
    ("nginx", "/etc/nginx"), // https://hub.docker.com/_/nginx
    ("openresty", "/usr/local/openresty/nginx/conf"), // https://hub.docker.com/r/openresty/openresty
    ("caddy", "/etc/caddy"),                          // https://hub.docker.com/_/caddy
    ("traefik", "/etc/traefik"),                      // https://hub.docker.com/_/traefik
    ("traefik", "/traefik.yml"),
    ("traefik", "/traefik.yaml"),
    ("traefik", "/traefik.toml"),
    ("haproxy", "/usr/local/etc/haproxy"), // https://hub.docker.com/_/haproxy
    ("envoy", "/etc/envoy"),               // https://hub.docker.com/r/envoyproxy/envoy
];

/// Init processes, shells and their keywords, which start the program that follows.
const WRAPPERS: [&str; 11] = [
    "tini",
    "dumb-init",
    "catatonit",
    "docker-init",
    "sh",
    "bash",
    "ash",
    "env",
    "exec",
    "then",
    "else",
];

/// The argument with which nginx reloads the one that runs already.
const RELOAD: &str = " -s reload";

/// Returns the proxy that a command line starts: the entrypoint, then the command.
pub(crate) fn started_proxy(words: &[String]) -> Option<&'static str> {
    let is_traefik = |word: &String| {
        let word = word.to_lowercase();
        TRAEFIK_ARGUMENTS.iter().any(|start| word.starts_with(start))
    };
    if words.iter().any(is_traefik) {
        return Some("traefik");
    }
    let started = words.iter().find(|word| {
        let name = file_name(word);
        !word.starts_with('-') && !is_wrapper(name) && !is_script(name)
    })?;
    if !started.contains(char::is_whitespace) {
        return named_proxy(file_name(started));
    }
    // The text of `sh -c`.
    let commands = started.split(['&', ';', '|', '\n']).map(str::trim);
    commands.filter(|command| !command.contains(RELOAD)).find_map(|command| {
        let first = command.split_whitespace().find(|word| !is_wrapper(word)).map(file_name);
        PROGRAMS.into_iter().find(|program| first == Some(program))
    })
}

/// Returns the proxy whose name is a word of this file name or service name (`nginx-entrypoint.sh`,
/// `shop-nginx`), unless it is that of a client (`nginx-exporter`).
pub(crate) fn named_proxy(name: &str) -> Option<&'static str> {
    let words = || name.split(['-', '_', '.']);
    let is_client = words().any(|word| CLIENT_WORDS.contains(&word));
    let program = words().find_map(|word| PROGRAMS.into_iter().find(|program| *program == word));
    program.filter(|_| !is_client)
}

/// Returns the proxy whose configuration the service mounts, and the mount's target.
pub(crate) fn configured_proxy(service: &Service) -> Option<(&'static str, &str)> {
    service.mounts.iter().find_map(|mount| {
        let target = Path::new(&mount.target);
        let (program, _) = CONFIGURATIONS.iter().find(|(_, path)| target.starts_with(path))?;
        Some((*program, mount.target.as_str()))
    })
}

fn is_wrapper(name: &str) -> bool {
    WRAPPERS.contains(&file_name(name))
}

/// Whether this is an entrypoint script that executes its arguments, as in most official images.
fn is_script(name: &str) -> bool {
    name.strip_suffix(".sh").is_some_and(|name| name.ends_with("entrypoint"))
        && named_proxy(name).is_none()
}

fn file_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}
