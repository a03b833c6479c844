//! Why the containers could not be looked into.

use std::fmt::{self, Display};

use crate::compose::docker::Failure;
use crate::sys::quote;

/// The cause.
pub enum Blind {
    /// No engine answers.
    Engine(Failure),
    /// The image with trust-doctor in it is not here.
    Image(String),
}

impl Display for Blind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine(failure) => write!(
                f,
                "cannot look at the containers: {failure}\nfix: start the engine, and let this user \
                 use it (docker version)"
            ),
            Self::Image(image) => write!(
                f,
                "cannot look into the containers: the image {} (from --image) is not here\n\
                 fix: build it (docker build -f docker/Dockerfile -t trust-init . in trust-init's \
                 sources), name another with --image, or add --pull",
                quote::word(image)
            ),
        }
    }
}
