//! The output of `kustomize`: the selected containers with the reasons, the written files, and the next
//! steps.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::compose::cli::{Kustomize, Object, Source, value_name};
use crate::compose::inputs::Inputs;
use crate::compose::kustomize::component::Component;
use crate::compose::kustomize::kustomization::Kustomization;
use crate::compose::kustomize::names::{BUNDLES, KUSTOMIZATION, LABEL, ROLE, TARGETS};
use crate::compose::kustomize::read::{self, PreviousValues};
use crate::compose::kustomize::write::{ComponentChanges, ExistingComponent, HEADER};
use crate::compose::output::{CommandOutput, check_result, outcome, write_remark};
use crate::compose::project::paths::{plain, relative};
use crate::compose::select::{Choice, Outcome, SelectionReason};
use crate::compose::yaml::without_comments;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;
use crate::sys::styled::Styled;

/// Returns the warning about an object that starts pods and whose kind kustomize cannot patch.
pub(crate) fn unknown_kind(name: &str) -> Diagnostic {
    let cause = format!(
        "skipped {}: kustomize cannot patch containers of this kind by name",
        quote::word(name)
    );
    Diagnostic::statement(cause).advise("mount the ConfigMap there by hand")
}

/// Returns the warning about containers with `envFrom`.
pub(crate) fn unread_environment(names: &[&str]) -> Diagnostic {
    let names: Vec<_> = names.iter().map(|name| quote::word(name).to_string()).collect();
    let cause = format!(
        "the variables from `envFrom` of {} are unknown: if a trust variable is among them, the component \
         overrides it",
        names.join(", ")
    );
    Diagnostic::statement(cause).advise("write trust variables under `env`")
}

/// Returns the warning that kustomize is not installed.
pub(crate) fn not_test_built() -> Diagnostic {
    Diagnostic::statement(
        "the component was not test-built: neither kubectl nor kustomize is installed",
    )
    .advise("run this again with --check where one of them is installed")
}

/// A run that wrote a component, or a dry run.
pub(crate) struct CompletedRun<'a> {
    pub args: &'a Kustomize,
    pub inputs: &'a Inputs,
    pub choices: &'a [Choice<'a>],
    /// The containers, by the origin of their root certificates.
    pub root_origins: &'a BTreeMap<String, Vec<&'a str>>,
    pub remarks: &'a BTreeMap<String, Vec<&'a str>>,
    pub changes: &'a ComponentChanges,
    pub component: &'a Component,
    pub kustomization: Option<&'a Kustomization>,
    /// The namespaces of the workloads.
    pub namespaces: BTreeSet<String>,
}

/// Describes the reason for a container's outcome, for the table.
pub(crate) fn reason(reason: &SelectionReason<'_>) -> String {
    match reason {
        SelectionReason::Asked(_) => "--workload".to_owned(),
        SelectionReason::Role(_) => format!("annotation {ROLE}"),
        reason => reason.to_string(),
    }
}

/// Returns the text of a run.
pub(crate) fn summary(done: &CompletedRun<'_>) -> Styled {
    let containers = ("container", done.choices);
    let mut text = outcome(done.inputs, containers, done.changes.is_dry(), reason);
    let _ = write!(text, "{}", done.changes);
    for (line, names) in done.root_origins.iter().chain(done.remarks) {
        write_remark(&mut text, format_args!("{line}: {}", names.join(", ")));
    }
    let _ = writeln!(text, "\nnext:");
    write_next_steps(&mut text, done);
    text
}

/// Appends the lines that list the component, and the commands to apply it.
fn write_next_steps(text: &mut Styled, done: &CompletedRun<'_>) {
    let CompletedRun { args, component, kustomization, .. } = done;
    let server_side = if component.is_server_side { "--server-side " } else { "" };
    if args.source == Source::TrustManager {
        write_label_commands(text, &done.namespaces);
        let file = quote::shell(&plain(&args.out, BUNDLES));
        let _ = writeln!(text, "  kubectl apply -f {file}");
    }
    if let (Some(directory), Some(found)) = (&args.kustomization, kustomization) {
        if !found.has_component {
            let path = relative(directory, &args.out);
            let file = quote::path(&found.file);
            let _ = writeln!(text, "  # list it in {file}, then run this with --check:");
            let _ = writeln!(text, "  components: [{}]", path.display());
        }
        let directory = quote::shell(directory);
        let _ = writeln!(text, "  kubectl apply {server_side}-k {directory}");
        return;
    }
    let is_piped = args.files.iter().any(|path| path == Path::new("-"));
    let first = args.files.first().filter(|_| !is_piped);
    let name = first.map_or("MANIFESTS.yaml".to_owned(), |path| path.display().to_string());
    let _ = writeln!(text, "  # in a kustomization.yaml above both:");
    let _ = writeln!(text, "  resources: [{name}]");
    let _ = writeln!(text, "  components: [{}]", args.out.display());
    let _ = writeln!(text, "  kubectl apply {server_side}-k DIRECTORY");
}

fn write_label_commands(text: &mut Styled, namespaces: &BTreeSet<String>) {
    let (key, value) = LABEL;
    let unknown = BTreeSet::from(["NAMESPACE".to_owned()]);
    for namespace in if namespaces.is_empty() { &unknown } else { namespaces } {
        let namespace = quote::shell(namespace);
        let _ = writeln!(text, "  kubectl label namespace {namespace} {key}={value}");
    }
}

/// Returns the text of a removal.
pub(crate) fn removed(
    changes: &ComponentChanges,
    existing: &ExistingComponent,
    out: &Path,
) -> String {
    let mut text = changes.to_string();
    if existing.texts.is_empty() {
        return text;
    }
    text.push_str("\nnext:\n");
    if existing.texts.contains_key(KUSTOMIZATION) {
        let out = quote::path(out);
        let _ = writeln!(
            text,
            "  # remove {out} from `components:` where it is listed, and apply that"
        );
    }
    if existing.texts.contains_key(BUNDLES) {
        let [(one, _), (other, _)] = TARGETS;
        let _ = writeln!(text, "  kubectl delete bundles.trust.cert-manager.io {one} {other}");
    }
    text
}

/// Returns sentences about the files that differ from those that would be written now.
pub(crate) fn drift(
    out: &Path,
    existing: &ExistingComponent,
    texts: &BTreeMap<&'static str, String>,
    component: &Component,
) -> Vec<String> {
    let path = |name: &str| quote::path(&plain(out, name)).to_string();
    let mut drift = Vec::new();
    for (name, text) in texts {
        match existing.texts.get(*name).map(|found| String::from_utf8_lossy(found)) {
            None => drift.push(format!("{} is missing", path(name))),
            Some(found) if without_comments(&found) == without_comments(text) => {}
            Some(_) => drift.push(format!(
                "{} is older than the CA, an image or a manifest, or was edited",
                path(name)
            )),
        }
    }
    for name in component.files.keys().filter(|name| !existing.files.contains_key(*name)) {
        let is_changed = existing.changed.contains(name);
        drift.push(format!(
            "{} {}",
            path(name),
            if is_changed { "was edited" } else { "is missing" }
        ));
    }
    drift
}

/// Returns the comment at the beginning of a file: the command that generated it and the one that removes it,
/// both typed in the file's directory, and the values that variables had before.
pub(crate) fn header(args: &Kustomize, before: &PreviousValues) -> String {
    let options: Vec<_> = options(args).iter().map(quote::shell).collect();
    let options = options.join(" ");
    let before = read::previous_values_line(before);
    let remove = "trust-compose kustomize --remove --out .";
    format!("{HEADER} {options} --out .\n# Do not edit. Remove it with: {remove}\n{before}")
}

/// Returns the result of `--check` if there is no component, and the kustomization cannot be rendered.
pub(crate) fn no_component(out: &Path) -> CommandOutput {
    let drift = format!("{} contains no component", quote::path(out));
    check_result(&[drift], "run this again without --check")
}

/// Returns the options of this run, with paths relative to `--out`.
fn options(args: &Kustomize) -> Vec<String> {
    let path = |path: &PathBuf| {
        if path == Path::new("-") {
            "-".to_owned()
        } else {
            relative(&args.out, path).display().to_string()
        }
    };
    let mut options = Vec::new();
    let mut pair = |option: &str, value: String| options.extend([option.to_owned(), value]);
    args.kustomization.iter().for_each(|it| pair("-k", path(it)));
    args.files.iter().for_each(|it| pair("-f", path(it)));
    args.custom_ca.iter().for_each(|it| pair("--custom-ca", path(it)));
    args.extra_ca.iter().for_each(|it| pair("--extra-ca", path(it)));
    args.ca_sha256.iter().for_each(|it| pair("--ca-sha256", it.to_string()));
    for (name, role) in &args.workload {
        pair("--workload", format!("{name}={}", Outcome::from(*role)));
    }
    args.unknown.iter().for_each(|role| {
        pair("--unknown", Outcome::from(*role).to_string());
    });
    args.roots.iter().for_each(|roots| pair("--roots", value_name(*roots)));
    if args.source != Source::Configmap {
        pair("--source", value_name(args.source));
    }
    if let Some(Object { is_secret, name, key }) = &args.ca_from {
        let kind = if *is_secret { "secret" } else { "configmap" };
        pair("--ca-from", format!("{kind}/{name}:{key}"));
    }
    options
}
