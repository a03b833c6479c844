//! Converts containers to the services of a project, so that `compose::select` can decide about them. An
//! annotation of the workload or `--workload` overrides its table.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use crate::compose::kustomize::manifest::Workload;
use crate::compose::kustomize::names::ROLE;
use crate::compose::kustomize::pod::PodContainer;
use crate::compose::project::{Project, Role, Unit};
use crate::compose::select::Outcome;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;
use crate::sys::suggestion::nearest;

/// The position of a container in a list of workloads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    /// The index of its workload.
    pub workload: usize,
    /// The index among the containers of that workload.
    pub container: usize,
}

/// The position of each part of a project.
pub(crate) type Positions = BTreeMap<String, Position>;

/// The identity of a workload: group, kind, namespace, name.
type WorkloadId<'a> = (&'static str, &'static str, Option<&'a str>, &'a str);

impl Workload {
    /// Returns its identity in a cluster.
    pub(crate) fn id(&self) -> WorkloadId<'_> {
        (self.group, self.kind, self.namespace.as_deref(), &self.name)
    }

    /// Returns the name of one of its containers, for messages.
    pub(crate) fn container_name(&self, container: &PodContainer) -> String {
        format!("{self}/{}", container.name)
    }
}

/// The name of a workload in messages.
impl Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        write!(f, "{}/{}", self.kind, self.name)
    }
}

/// Converts the containers of `workloads` to a project, and returns the position of each part.
///
/// # Errors
/// When a container exists twice, or an annotation is not a role.
pub(crate) fn to_project(
    workloads: &[Workload],
    from: &str,
) -> Result<(Project, Positions), Diagnostic> {
    let mut project = Project { unit: Unit::Container, ..Project::default() };
    let mut positions = Positions::new();
    for (at, workload) in workloads.iter().enumerate() {
        let role = workload.role.as_deref().map(|value| {
            let annotation =
                format!("the annotation {ROLE} of {}", quote::word(&workload.to_string()));
            let refusal = || {
                Diagnostic::cannot("read", annotation)
                    .because(format_args!("{} is not a role", quote::word(value)))
                    .advise("write trust or leave")
            };
            Role::parse(value).ok_or_else(refusal)
        });
        let role = role.transpose()?;
        for (index, container) in workload.containers.iter().enumerate() {
            let name = workload.container_name(container);
            let mut service = container.service.clone();
            service.role = role;
            let position = Position { workload: at, container: index };
            if positions.insert(name.clone(), position).is_some() {
                return Err(Diagnostic::cannot("read", from)
                    .because(format_args!("{} is in it twice", quote::word(&name)))
                    .advise("remove one of the two"));
            }
            project.services.insert(name, service);
        }
    }
    Ok((project, positions))
}

/// Returns the outcomes that `--workload` sets for parts of `project`. Each name is that of a workload or a
/// container, optionally with what precedes it.
///
/// # Errors
/// When a name matches no workload and no container.
pub(crate) fn requested_outcomes(
    project: &Project,
    requested: impl Iterator<Item = (String, Outcome)>,
) -> Result<BTreeMap<String, Outcome>, Diagnostic> {
    let mut all = BTreeMap::new();
    for (name, outcome) in requested {
        let hit = project.services.keys().filter(|part| is_named(part, &name));
        let hit: Vec<_> = hit.cloned().collect();
        if hit.is_empty() {
            return Err(no_part(project, &name));
        }
        all.extend(hit.into_iter().map(|part| (part, outcome)));
    }
    Ok(all)
}

/// That `name` of --workload is none of the parts of `project`.
fn no_part(project: &Project, name: &str) -> Diagnostic {
    let parts = project.services.keys().map(|part| quote::word(part).to_string());
    let parts = parts.collect::<Vec<_>>().join(", ");
    // As the user may have written each: with or without the container, and with as much in front.
    let written = project.services.keys().flat_map(|part| {
        let (workload, _) = part.rsplit_once('/').unwrap_or((part, ""));
        let ends = |whole: &'_ str| -> Vec<usize> {
            std::iter::once(0).chain(whole.match_indices('/').map(|(at, _)| at + 1)).collect()
        };
        let workloads = ends(workload).into_iter().filter_map(|at| workload.get(at..));
        workloads.chain(ends(part).into_iter().filter_map(|at| part.get(at..)))
    });
    let fix = match nearest(name, written) {
        Some(meant) => format!("write {}", quote::word(meant)),
        None => "name one of them, as KIND/NAME/CONTAINER or less".to_owned(),
    };
    let error = Diagnostic::cannot("find", quote::word(name)).named("from --workload");
    error.because(format_args!("the manifests have {parts}")).advise(fix)
}

/// Whether `name` matches `part`, which is NAMESPACE/KIND/NAME/CONTAINER: it is the end of that, or of that
/// without the container, in whole elements.
fn is_named(part: &str, name: &str) -> bool {
    let (workload, _) = part.rsplit_once('/').unwrap_or((part, ""));
    let ends = |whole: &str| {
        whole.len() >= name.len()
            && whole
                .get(whole.len() - name.len()..)
                .is_some_and(|end| end.eq_ignore_ascii_case(name))
            && (whole.len() == name.len()
                || whole.as_bytes().get(whole.len() - name.len() - 1) == Some(&b'/'))
    };
    // A name without a slash is that of a workload.
    ends(workload) || (name.contains('/') && ends(part))
}
