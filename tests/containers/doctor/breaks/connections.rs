//! A server with one fault, or no server.

use super::{Break, Reach, broken, check_each};

#[test]
fn servers() {
    check_each(
        "servers",
        Reach::Server,
        &[
            broken("its CA is another one", "cp gpu-certs/s* served/ && $COMPOSE restart -t 0 llm"),
            Break {
                options: "--ca gpu-certs/ca.crt",
                ..broken(
                    "its CA is given by --ca",
                    "cp gpu-certs/s* served/ && $COMPOSE restart -t 0 llm",
                )
            },
            Break {
                // Larger than an argument may be (execve(2)): 128 KiB.
                options: "--ca all.crt",
                ..broken(
                    "its CA is one of many given by --ca",
                    "cp gpu-certs/s* served/ && openssl genrsa -out all.key 2048 2>log && for n in $(seq 150); do \
                     openssl req -x509 -key all.key -subj /CN=CA-$n -days 90 -addext keyUsage=critical,keyCertSign; \
                     done >all.crt && cat gpu-certs/ca.crt >>all.crt && $COMPOSE restart -t 0 llm",
                )
            },
            broken("its CA was recreated", "cp bad/before/s* served/ && $COMPOSE restart -t 0 llm"),
            broken(
                "its root is sent along, and not trusted",
                "cp gpu-certs/[cs]*.[cp]* served/ && \
                 sed -i 's|$| -cert_chain /tls/ca.crt|' served/run.sh && $COMPOSE restart -t 0 llm",
            ),
            broken("signed by itself", "cp bad/self/s* served/ && $COMPOSE restart -t 0 llm"),
            broken("expired", "cp bad/expired/s* served/ && $COMPOSE restart -t 0 llm"),
            broken("not yet valid", "cp bad/young/s* served/ && $COMPOSE restart -t 0 llm"),
            broken("expires soon", "cp bad/soon/s* served/ && $COMPOSE restart -t 0 llm"),
            broken("no name at all", "cp bad/nameless/s* served/ && $COMPOSE restart -t 0 llm"),
            broken(
                "its certificate was renewed without a restart",
                "trust-compose certs llm.lan gpu.lan >log",
            ),
            broken("another name", "cp bad/name/s* served/ && $COMPOSE restart -t 0 llm"),
            broken("no intermediate", "cp corporate/s* served/ && $COMPOSE restart -t 0 llm"),
            Break {
                options: "--ca corporate/middle.crt",
                ..broken(
                    "its intermediate is given by --ca",
                    "cp corporate/s* served/ && $COMPOSE restart -t 0 llm",
                )
            },
            broken(
                "a CA that strict clients refuse",
                "cp old-certs/s* served/ && trust-compose setup --custom-ca old-certs/ca.crt 2>&1 && \
                 $COMPOSE up -d --force-recreate -t 0",
            ),
        ],
    );
}

/// `served/run.sh` starts another program, or TLS with other options.
#[test]
fn faulty_tls() {
    check_each(
        "tls",
        Reach::Server,
        &[
            broken(
                "plain HTTP",
                "echo 'exec python3 -m http.server 8443' >served/run.sh && $COMPOSE restart -t 0 llm",
            ),
            broken(
                "it hangs up",
                "echo 'exec python3 -c \"import socket; s = socket.create_server((str(), 8443))\nwhile 1: s.accept()[0].close()\"' \
                 >served/run.sh && $COMPOSE restart -t 0 llm",
            ),
            Break {
                options: "--timeout 1",
                ..broken(
                    "it never answers",
                    "echo 'exec python3 -c \"import socket, signal; s = socket.create_server((str(), 8443))\nsignal.pause()\"' \
                     >served/run.sh && $COMPOSE restart -t 0 llm",
                )
            },
            broken(
                "TLS 1.1",
                "sed -i 's/$/ -tls1_1 -cipher ALL:@SECLEVEL=0/' served/run.sh && $COMPOSE restart -t 0 llm",
            ),
            broken(
                "a client's certificate wanted",
                "sed -i 's/$/ -Verify 1/' served/run.sh && $COMPOSE restart -t 0 llm",
            ),
            broken(
                "a client's certificate asked for",
                "sed -i 's/$/ -verify 1/' served/run.sh && $COMPOSE restart -t 0 llm",
            ),
            broken(
                "nothing listens",
                "sed -i s/8443/8444/ docker-compose.yml && $COMPOSE up -d -t 0",
            ),
            broken(
                "no such host",
                "sed -i s/llm.lan:/llm.lna:/ docker-compose.yml && $COMPOSE up -d -t 0",
            ),
            Break {
                options: "--connect http://llm.lan:8443",
                ..broken("http:// on a port of TLS", "true")
            },
            broken("the server is stopped", "$COMPOSE stop -t 0 llm"),
        ],
    );
}
