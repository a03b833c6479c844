//! Selects containers: `compose::select` decides about them by its table, as about the services of a project; an
//! annotation of a workload or `--workload` overrides it.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use crate::compose::kustomize::manifest::Workload;
use crate::compose::kustomize::names::ROLE;
use crate::compose::kustomize::pod::PodContainer;
use crate::compose::project::{Project, Role, Unit};
use crate::compose::select::Outcome;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::quote;

/// Where a container is in a list of workloads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    /// The index of its workload.
    pub workload: usize,
    /// Its index among the containers of that.
    pub container: usize,
}

/// The container that each part of a project is.
pub(crate) type Positions = BTreeMap<String, Position>;

/// A workload by all that makes it one: group, kind, namespace, name.
type WorkloadId<'a> = (&'static str, &'static str, Option<&'a str>, &'a str);

impl Workload {
    /// Its identity in a cluster.
    pub(crate) fn id(&self) -> WorkloadId<'_> {
        (self.group, self.kind, self.namespace.as_deref(), &self.name)
    }

    /// The name of one of its containers, for messages.
    pub(crate) fn container_name(&self, container: &PodContainer) -> String {
        format!("{self}/{}", container.name)
    }
}

/// Its name in messages.
impl Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        write!(f, "{}/{}", self.kind, self.name)
    }
}

/// The containers of `workloads` as a project, and for each of its parts which container of which workload it is.
///
/// # Errors
/// When there is one twice, or an annotation is no role.
pub(crate) fn to_project(
    workloads: &[Workload],
    from: &str,
) -> Result<(Project, Positions), Diagnostic> {
    let mut project = Project { unit: Unit::Container, ..Project::default() };
    let mut positions = Positions::new();
    for (at, workload) in workloads.iter().enumerate() {
        let role = workload.role.as_deref().map(|says| {
            let annotation =
                format!("the annotation {ROLE} of {}", quote::word(&workload.to_string()));
            let refusal = || {
                Diagnostic::cannot("read", annotation)
                    .because(format_args!("{} is not a role", quote::word(says)))
                    .advise("write trust or leave")
            };
            Role::parse(says).ok_or_else(refusal)
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

/// The roles that `wishes` give to the parts of `project`: each names a workload or a container, by its name
/// alone or with what precedes it.
///
/// # Errors
/// When one names no workload and no container.
pub(crate) fn requested_outcomes(
    project: &Project,
    wishes: impl Iterator<Item = (String, Outcome)>,
) -> Result<BTreeMap<String, Outcome>, Diagnostic> {
    let mut all = BTreeMap::new();
    for (name, outcome) in wishes {
        let hit = project.services.keys().filter(|part| is_named(part, &name));
        let hit: Vec<_> = hit.cloned().collect();
        if hit.is_empty() {
            let there = project.services.keys().map(|part| quote::word(part).to_string());
            let there = there.collect::<Vec<_>>().join(", ");
            return Err(Diagnostic::cannot("find", quote::word(&name))
                .named("from --workload")
                .because(format_args!("the manifests have {there}"))
                .advise("name one of them, as KIND/NAME/CONTAINER or less"));
        }
        all.extend(hit.into_iter().map(|part| (part, outcome)));
    }
    Ok(all)
}

/// Whether `name` names `part`, which is NAMESPACE/KIND/NAME/CONTAINER: all of it, what it begins with from some
/// of its words on, or without a container.
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
    // A name alone is that of a workload.
    ends(workload) || (name.contains('/') && ends(part))
}
