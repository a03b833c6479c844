//! Files that are mounted, against what lies at their source on the host now: a mounted file is the one
//! that was there at the start, whatever was renamed into its place since
//! (<https://docs.docker.com/engine/storage/bind-mounts/>).

use crate::doctor::cli::Mounted;
use crate::doctor::process::Patient;
use crate::sys::file::Problem;
use crate::sys::finding::Finding;
use crate::sys::quote;
use crate::trust::fingerprint::Fingerprint;

/// What is not as on the host. What cannot be read here is told where a variable names it.
pub fn changed(patient: &Patient, mounted: &[Mounted]) -> Vec<Finding> {
    let look = |Mounted { path, digest }: &Mounted| {
        let thing = quote::path(path);
        match patient.read(path) {
            Ok(bytes) if Fingerprint::of([bytes.as_slice()]).to_string() != *digest => {
                let cause =
                    "the container still has the file from before it was replaced on the host";
                let fix = "docker compose restart";
                Some(Finding::warning("mount-stale", &thing, cause, fix))
            }
            Err(Problem::Missing) => {
                let cause = "it should be mounted, and is not there";
                let fix = "docker compose up -d --force-recreate";
                Some(Finding::error("mount-missing", &thing, cause, fix))
            }
            _ => None,
        }
    };
    mounted.iter().filter_map(look).collect()
}
