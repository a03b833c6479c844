//! A container that was created without the overlay or with another one, or does not run.

use super::{Break, NO_FAULT, Reach, broken, check_each};

#[test]
fn containers() {
    check_each(
        "containers",
        Reach::Containers,
        &[
            broken("no fault", NO_FAULT),
            broken(
                "made without the overlay",
                "docker compose -f docker-compose.yml up -d -t 0 agent",
            ),
            broken(
                "made with an older overlay",
                "trust-compose setup --custom-ca gpu-certs/ca.crt 2>&1",
            ),
            broken(
                "it ends at once",
                "sed -i 's/sleep, infinity/sh, -c, exit 3/' docker-compose.yml && $COMPOSE up -d -t 0",
            ),
            broken(
                "it ends again and again",
                "sed -i 's/sleep, infinity/sh, -c, exit 3/; s/^  agent:/&\\n    restart: always/' docker-compose.yml && \
                 $COMPOSE up -d -t 0 && until docker ps -a | grep -q Restarting; do :; done",
            ),
            Break {
                options: "--image trust-init-test/none",
                ..broken("the doctor's image is not here", "true")
            },
            Break { options: "--ca nope.crt", ..broken("a file of --ca is missing", "true") },
            Break {
                options: "--ca agent.env",
                ..broken("a file of --ca has no certificate", "true")
            },
            Break { options: "agnet", ..broken("a service that is not there", "true") },
            broken("nothing runs", "$COMPOSE down -t 0 2>&1"),
        ],
    );
}
