//! Gives services with the same image the same outcome, unless a stronger reason decides about one of them.

use std::collections::BTreeMap;

use crate::compose::project::image_name::ImageName;
use crate::compose::project::{Build, Project};
use crate::compose::select::reason::{Choice, Outcome, SelectionReason};

/// The outcomes of images, from the services that use them.
#[derive(Default)]
pub(crate) struct ImageChoices<'a> {
    trusted: BTreeMap<String, &'a str>,
    trusted_builds: Vec<(&'a Build, &'a str)>,
    left: BTreeMap<String, SelectionReason<'a>>,
}

impl<'a> ImageChoices<'a> {
    /// Collects the outcomes of the images in `choices`.
    pub(crate) fn new(project: &Project, choices: &[Choice<'a>]) -> Self {
        let mut known = Self::default();
        for Choice { name, service, outcome, reason, .. } in choices {
            let image =
                project.image_of(name, service).map(|image| ImageName::parse(&image).to_string());
            if *outcome == Outcome::Trust && !reason.is_weak() {
                known.trusted_builds.extend(service.build.as_ref().map(|build| (build, *name)));
                if let Some(image) = image {
                    known.trusted.entry(image).or_insert(name);
                }
            } else if let (SelectionReason::BuiltOn(_), Some(image)) = (reason, image) {
                known.left.insert(image, *reason);
            }
        }
        known
    }

    /// Returns a stronger reason than the weak one of `choice`, if there is one.
    pub(crate) fn stronger_reason(
        &self,
        project: &Project,
        choice: &Choice<'a>,
    ) -> Option<SelectionReason<'a>> {
        let Choice { name, service, reason, .. } = choice;
        let image =
            project.image_of(name, service).map(|image| ImageName::parse(&image).to_string());
        let by_image = image.as_ref().and_then(|image| self.trusted.get(image));
        let same = |(build, _): &&(&Build, _)| Some(*build) == service.build.as_ref();
        let by_build = || Some(&self.trusted_builds.iter().find(same)?.1);
        if let Some(other) = by_image.or_else(by_build) {
            return Some(SelectionReason::SameImage(other));
        }
        let is_unknown = matches!(reason, SelectionReason::Unknown(_));
        image.filter(|_| is_unknown).and_then(|image| self.left.get(&image).copied())
    }
}
