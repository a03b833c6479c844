//! A service that has what it should, and does not use it.

use super::{broken, each};

/// Adds lines to the service `agent`, and makes its container anew.
macro_rules! agent {
    ($name:literal, $lines:literal) => {
        broken(
            $name,
            concat!(
                "sed -i 's|^    environment:|&\\n      ",
                $lines,
                "|' docker-compose.yml && $COMPOSE up -d -t 0"
            ),
        )
    };
}

#[test]
fn inside() {
    each("inside", &[agent!("verification is switched off", "NODE_TLS_REJECT_UNAUTHORIZED: 0")]);
}
