//! What `kustomize` tells: who trusts and why, what was written, and what comes next.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Write as _};
use std::path::{Path, PathBuf};

use crate::compose::cli::{Kustomize, Object, Source, word};
use crate::compose::inputs::Inputs;
use crate::compose::kustomize::component::Component;
use crate::compose::kustomize::kustomization::Kustomization;
use crate::compose::kustomize::manifest::ROLE;
use crate::compose::kustomize::read::{self, Before};
use crate::compose::kustomize::write::{Changes, HEADER, KUSTOMIZATION, Standing};
use crate::compose::kustomize::{kyverno, options, trust_manager};
use crate::compose::project::paths::{plain, relative};
use crate::compose::select::{Choice, Outcome, Reason, rows};
use crate::compose::setup::drift::body;
use crate::compose::setup::report::trusting;
use crate::sys::quote;

/// Something that starts pods and is no kind that kustomize can patch.
pub struct Other<'a>(pub &'a str);

impl Display for Other<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "left alone: {}, as its kind is none whose containers kustomize patches by their names\n\
             fix: mount the ConfigMap there by hand, or take --source kyverno",
            quote::word(self.0)
        )
    }
}

/// Containers whose variables come from somewhere else as a whole.
pub struct Unread<'a>(pub &'a [&'a str]);

impl Display for Unread<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(|name| quote::word(name).to_string()).collect();
        write!(
            f,
            "what `envFrom` brings to {} is not known here: a trust variable in it would be overruled\n\
             fix: if there is one, write it under `env` as well",
            names.join(", ")
        )
    }
}

/// A variable that would have to name a file which trust-manager does not keep.
pub struct NotKept<'a> {
    /// The container.
    pub name: &'a str,
    /// The variable.
    pub variable: &'static str,
}

impl Display for NotKept<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "container {}: {} is left as it is, as trust-manager keeps no file for it: its readers do not see \
             the CA\n\
             fix: take the variable away, or take --source configmap",
            quote::word(self.name),
            self.variable
        )
    }
}

/// That nobody has seen what kustomize makes of it.
pub struct Untried;

impl Display for Untried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the component is not tried out: there is no kubectl here, and no kustomize\n\
             fix: run this again with --check where one of them is",
        )
    }
}

/// That a policy does not choose.
pub struct AllContainers;

impl Display for AllContainers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the policies are for every container of their pods: nothing is known of images",
        )
    }
}

/// What there is to tell.
pub struct Done<'a> {
    pub asked: &'a Kustomize,
    pub inputs: &'a Inputs,
    pub choices: &'a [Choice<'a>],
    /// Whose roots, in words, and for which containers.
    pub grounds: &'a BTreeMap<String, Vec<&'a str>>,
    pub java: &'a BTreeMap<String, Vec<&'a str>>,
    pub changes: &'a Changes,
    pub component: &'a Component,
    pub kustomization: Option<&'a Kustomization>,
    /// The namespaces of the workloads.
    pub namespaces: BTreeSet<String>,
}

/// Why something becomes of a container.
pub fn reason(reason: &Reason<'_>) -> String {
    match reason {
        Reason::Asked(_) => "--workload".to_owned(),
        Reason::Role(_) => format!("annotation {ROLE}"),
        reason => reason.to_string(),
    }
}

/// All of it.
pub fn told(done: &Done<'_>) -> String {
    let mut text = rows("CONTAINER", done.choices, reason);
    text.push('\n');
    text.push_str(&trusting(done.inputs));
    for (line, names) in done.grounds.iter().chain(done.java) {
        let _ = writeln!(text, "{line}: {}", names.join(", "));
    }
    let _ = write!(text, "{}", done.changes);
    text.push_str("\nnext:\n");
    next(&mut text, done);
    text
}

/// The lines that list the component, and the commands.
fn next(text: &mut String, done: &Done<'_>) {
    let Done { asked, component, kustomization, .. } = done;
    let server_side = if component.is_server_side { "--server-side " } else { "" };
    if asked.source == Source::TrustManager {
        labels(text, asked, &done.namespaces);
        let file = quote::shell(&plain(&asked.out, trust_manager::FILE));
        let _ = writeln!(text, "  kubectl apply -f {file}");
    }
    if let (Some(directory), Some(found)) = (&asked.kustomization, kustomization) {
        if !found.has_component {
            let path = relative(directory, &asked.out);
            let file = quote::path(&found.file);
            let _ = writeln!(text, "  # list it in {file}, then run this with --check:");
            let _ = writeln!(text, "  components: [{}]", path.display());
        }
        let directory = quote::shell(directory);
        let _ = writeln!(text, "  kubectl apply {server_side}-k {directory}");
        return;
    }
    let is_piped = asked.files.iter().any(|path| path == Path::new("-"));
    let first = asked.files.first().filter(|_| !is_piped);
    let name = first.map_or("MANIFESTS.yaml".to_owned(), |path| path.display().to_string());
    let _ = writeln!(text, "  # in a kustomization.yaml above both:");
    let _ = writeln!(text, "  resources: [{name}]");
    let _ = writeln!(text, "  components: [{}]", asked.out.display());
    let _ = writeln!(text, "  kubectl apply {server_side}-k DIRECTORY");
}

fn labels(text: &mut String, asked: &Kustomize, namespaces: &BTreeSet<String>) {
    let (key, value) = options::label(asked);
    let unknown = BTreeSet::from(["NAMESPACE".to_owned()]);
    for namespace in if namespaces.is_empty() { &unknown } else { namespaces } {
        let label = quote::shell(&format!("{key}={value}"));
        let _ = writeln!(text, "  kubectl label namespace {} {label}", quote::shell(namespace));
    }
}

/// What is told of a policy.
pub fn policed(
    asked: &Kustomize,
    inputs: &Inputs,
    changes: &Changes,
    label: &(String, String),
) -> String {
    let mut text = trusting(inputs);
    let file = quote::shell(&plain(&asked.out, kyverno::FILE));
    let _ = write!(text, "{changes}\nnext:\n  kubectl apply --server-side -f {file}\n");
    labels(&mut text, asked, &BTreeSet::new());
    let _ = writeln!(
        text,
        "  # or only for pods with that label: kubectl label namespace NAMESPACE {}={}",
        label.0,
        kyverno::PODS
    );
    text
}

/// What is told of a removal.
pub fn removed(changes: &Changes, standing: &Standing, out: &Path) -> String {
    let mut text = changes.to_string();
    if standing.texts.is_empty() {
        return text;
    }
    text.push_str("\nnext:\n");
    if standing.texts.contains_key(KUSTOMIZATION) {
        let out = quote::path(out);
        let _ = writeln!(
            text,
            "  # take {out} out of `components:` where it is listed, and apply that"
        );
    }
    if standing.texts.contains_key(trust_manager::FILE) {
        let [(one, _), (other, _)] = trust_manager::TARGETS;
        let _ = writeln!(text, "  kubectl delete bundles.trust.cert-manager.io {one} {other}");
    }
    if standing.texts.contains_key(kyverno::FILE) {
        let [one, other] = kyverno::NAMES;
        let _ = writeln!(text, "  kubectl delete clusterpolicies.kyverno.io {one} {other}");
    }
    text
}

/// What of the directory is not what would be written now.
pub fn behind(
    out: &Path,
    standing: &Standing,
    texts: &BTreeMap<&'static str, String>,
    component: &Component,
) -> Vec<String> {
    let path = |name: &str| quote::path(&plain(out, name)).to_string();
    let mut behind = Vec::new();
    for (name, text) in texts {
        match standing.texts.get(*name).map(|found| String::from_utf8_lossy(found)) {
            None => behind.push(format!("{} is not there", path(name))),
            Some(found) if body(&found) == body(text) => {}
            Some(_) => behind.push(format!(
                "{} is older than the CA, an image or a manifest, or was changed",
                path(name)
            )),
        }
    }
    for name in component.files.keys().filter(|name| !standing.files.contains_key(*name)) {
        let is_changed = standing.changed.contains(name);
        behind.push(format!(
            "{} {}",
            path(name),
            if is_changed { "was changed" } else { "is not there" }
        ));
    }
    behind
}

/// What the file is, who made it with which words, and what was there before.
pub fn header(asked: &Kustomize, before: &Before) -> String {
    let words: Vec<_> = words(asked).iter().map(quote::shell).collect();
    format!("{HEADER}\n# The words were: {}\n{}", words.join(" "), read::told(before))
}

/// The words that ask for the same, seen from the directory that is written to.
fn words(asked: &Kustomize) -> Vec<String> {
    let path = |path: &PathBuf| {
        if path == Path::new("-") {
            "-".to_owned()
        } else {
            relative(&asked.out, path).display().to_string()
        }
    };
    let mut words = Vec::new();
    let mut pair = |option: &str, value: String| words.extend([option.to_owned(), value]);
    asked.kustomization.iter().for_each(|it| pair("-k", path(it)));
    asked.files.iter().for_each(|it| pair("-f", path(it)));
    asked.custom_ca.iter().for_each(|it| pair("--custom-ca", path(it)));
    asked.extra_ca.iter().for_each(|it| pair("--extra-ca", path(it)));
    for (name, role) in &asked.workload {
        pair("--workload", format!("{name}={}", Outcome::from(*role)));
    }
    asked.unknown.iter().for_each(|role| {
        pair("--unknown", Outcome::from(*role).to_string());
    });
    asked.roots.iter().for_each(|roots| pair("--roots", word(*roots)));
    if asked.source != Source::Configmap {
        pair("--source", word(asked.source));
    }
    if let Some(Object { is_secret, name, key }) = &asked.ca_from {
        let kind = if *is_secret { "secret" } else { "configmap" };
        pair("--ca-from", format!("{kind}/{name}:{key}"));
    }
    asked.namespace_label.iter().for_each(|(key, value)| {
        pair("--namespace-label", format!("{key}={value}"));
    });
    words
}
