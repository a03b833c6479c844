//! A file of the project that is not as it should be.

use super::{Reach, broken, each};

#[test]
fn files() {
    each(
        "files",
        Reach::Files,
        &[
            broken("the CA is gone", "rm certs/ca.crt"),
            broken("the CA's key is open to all", "chmod 644 certs/ca.key"),
            broken("the server's key is open to all", "chmod 644 certs/server-key.pem"),
            broken("the CA was made anew", "cp bad/remade/* certs/"),
            broken("the server's certificate expired", "cp bad/expired/s* certs/"),
            broken("the server's certificate is another CA's", "cp gpu-certs/s* certs/"),
            broken("the server's key is another one", "cp bad/name/server-key.pem certs/"),
            broken("the overlay is gone", "rm docker-compose.ca.yml"),
            broken("the overlay was edited", "echo '# mine' >>docker-compose.ca.yml"),
            broken("the overlay is somebody else's", "echo 'services: {}' >docker-compose.ca.yml"),
            broken("what the overlay mounts is gone", "rm .trust/custom-ca*"),
            broken(
                "what the overlay mounts was changed",
                "for one in .trust/custom-ca*; do cat bad/self/server.pem >>$one; done",
            ),
            broken(
                "a service came later",
                "sed 's/^  llm:/  other:/; /aliases/d; /x-trust/d' docker-compose.yml | sed -n '/^  other/,$p' >>docker-compose.yml",
            ),
            broken(
                "COMPOSE_FILE names what is not there",
                "echo COMPOSE_FILE=docker-compose.yml:docker-compose.ca.yml >.env && rm docker-compose.ca.yml",
            ),
        ],
    );
}
