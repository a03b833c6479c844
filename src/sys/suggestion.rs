//! The name that a typing error probably meant.

/// The one of `known` that is nearest to `name`, if at most a third of `name` has to change: letters added,
/// dropped, replaced, or swapped with the next one.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.into_iter().map(|known| (strsim::osa_distance(name, known), known));
    let limit = name.chars().count().div_ceil(3);
    near.filter(|(distance, _)| *distance <= limit).min().map(|(_, known)| known)
}
