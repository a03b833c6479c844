//! trust-doctor beside a container, and `trust-compose doctor` on projects that run.

mod probe;
mod servers;
mod files;
mod breaks;
mod hostile;
