//! Who trusts: the containers as a project that `compose::select` decides about, by the same table, with what an
//! annotation or `--workload` says of a workload put before it.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use crate::compose::kustomize::error::Error;
use crate::compose::kustomize::manifest::Workload;
use crate::compose::kustomize::pod::Container;
use crate::compose::project::{Project, Role, Unit};
use crate::compose::select::Outcome;

/// Which container of which workload a part of a project is.
pub type Places = BTreeMap<String, (usize, usize)>;

/// A workload by all that makes it one: group, kind, namespace, name.
type Id<'a> = (&'static str, &'static str, Option<&'a str>, &'a str);

impl Workload {
    /// What no other in the cluster has.
    pub fn id(&self) -> Id<'_> {
        (self.group, self.kind, self.namespace.as_deref(), &self.name)
    }

    /// What one of its containers is called.
    pub fn part(&self, container: &Container) -> String {
        format!("{self}/{}", container.name)
    }
}

/// As people call it.
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
pub fn project(workloads: &[Workload], from: &str) -> Result<(Project, Places), Error> {
    let mut project = Project { unit: Unit::Container, ..Project::default() };
    let mut places = Places::new();
    for (at, workload) in workloads.iter().enumerate() {
        let role = workload.role.as_deref().map(|says| {
            let refusal = || Error::Role { workload: workload.to_string(), says: says.to_owned() };
            Role::of_word(says).ok_or_else(refusal)
        });
        let role = role.transpose()?;
        for (index, container) in workload.containers.iter().enumerate() {
            let name = workload.part(container);
            let mut service = container.service.clone();
            service.role = role;
            if places.insert(name.clone(), (at, index)).is_some() {
                return Err(Error::Twice { from: from.to_owned(), name });
            }
            project.services.insert(name, service);
        }
    }
    Ok((project, places))
}

/// What `wishes` say of the parts of `project`: one names a workload or a container, with or without what comes
/// before its name.
///
/// # Errors
/// When one names nothing that is there.
pub fn wishes(
    project: &Project,
    wishes: impl Iterator<Item = (String, Outcome)>,
) -> Result<BTreeMap<String, Outcome>, Error> {
    let mut all = BTreeMap::new();
    for (name, outcome) in wishes {
        let hit = project.services.keys().filter(|part| is_named(part, &name));
        let hit: Vec<_> = hit.cloned().collect();
        if hit.is_empty() {
            return Err(Error::NoSuch { name, there: project.services.keys().cloned().collect() });
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
