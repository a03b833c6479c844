//! Certificates with one fault each, each in its own folder.

use crate::project::Project;
use crate::support::sign::sign;

/// Created by openssl: a self-signed leaf; a root, an intermediate and a leaf; and a CA without a key usage,
/// with a leaf.
const SCRIPT: &str = r#"
make() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 "$@" 2>bad/log; }
mkdir -p bad/self corporate old-certs
make -x509 -subj /CN=llm.lan -addext subjectAltName=DNS:llm.lan -addext basicConstraints=critical,CA:FALSE \
    -keyout bad/self/server-key.pem -out bad/self/server.pem

make -x509 -subj /CN=Root -addext keyUsage=critical,keyCertSign -keyout corporate/root.key -out corporate/root.crt
authority='basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign
authorityKeyIdentifier=keyid
subjectKeyIdentifier=hash'
server='subjectAltName=DNS:llm.lan
authorityKeyIdentifier=keyid'
# below ISSUER NAME FILE EXTENSIONS: a certificate and its key.
below() {
    make -subj "/CN=$2" -keyout "$3.key" -out bad/request
    printf '%s\n' "$4" >bad/extensions
    openssl x509 -req -in bad/request -CA "$1.crt" -CAkey "$1.key" -CAcreateserial -days 60 \
        -extfile bad/extensions -out "$3.crt" 2>>bad/log
}
below corporate/root Middle corporate/middle "$authority"
below corporate/middle llm.lan corporate/server "$server"
mv corporate/server.key corporate/server-key.pem && mv corporate/server.crt corporate/server.pem

make -x509 -subj '/CN=Old CA' -keyout old-certs/ca.key -out old-certs/ca.crt
below old-certs/ca llm.lan old-certs/server "$server"
mv old-certs/server.key old-certs/server-key.pem && mv old-certs/server.crt old-certs/server.pem
"#;

/// Creates other CAs, with a server certificate each. They must be older than the project's certificates:
/// `doctor` reports a server certificate that is older than the one in `certs/`.
pub fn create_others(project: &Project) {
    for (place, name) in [("gpu-certs", "GPU CA"), ("bad/remade", "Lab CA")] {
        let line =
            format!("mkdir -p bad && trust-compose certs llm.lan --out {place} --ca-name '{name}'");
        project.types(&line).exits(0);
    }
}

/// Creates the other certificates of the project, whose CA is in `certs/`.
pub fn create(project: &Project) {
    project.types(SCRIPT).exits(0);
    let folder = &project.folder.0;
    for (kind, authority, name, days) in [
        ("expired", "certs", Some("llm.lan"), (-40, -2)),
        ("young", "certs", Some("llm.lan"), (2, 60)),
        ("soon", "certs", Some("llm.lan"), (-40, 5)),
        ("name", "certs", Some("gpu.lan"), (-1, 60)),
        ("nameless", "certs", None, (-1, 60)),
        // Signed by the previous CA, which has the same name.
        ("before", "bad/remade", Some("llm.lan"), (-30, 60)),
    ] {
        let to = folder.join("bad").join(kind);
        std::fs::create_dir(&to).unwrap();
        sign(&folder.join(authority), &to, name.as_slice(), days);
    }
}
