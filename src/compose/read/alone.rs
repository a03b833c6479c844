use super::super::project::Project;
use std::path::{Path, PathBuf};
pub fn read(
    _: &[PathBuf],
    _: &Path,
    _: &dyn Fn(&str) -> Option<String>,
) -> Result<Project, super::model::Error> {
    Err(super::model::Error)
}
pub fn env_file(_: &str) -> Vec<(String, String)> {
    Vec::new()
}
