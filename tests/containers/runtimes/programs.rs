//! Programs in Debian's packages, called with their usual arguments.

use super::debian::DEBIAN;
use super::table::{Client, client};

const OPENSSL: &str = "C with OpenSSL";
const GNUTLS: &str = "C with GnuTLS";
const GO: &str = "Go";
const PYTHON: &str = "Python, Debian's";

pub const CLIENTS: &[Client] = &[
    client(OPENSSL, "curl", DEBIAN).version("curl --version").asks("curl -sS $URL"),
    client(OPENSSL, "openssl s_client", DEBIAN)
        .version("openssl version")
        .asks("openssl s_client -verify_return_error -verify_hostname $HOST -connect $HOST:$PORT")
        .served_says("Verify return code: 0 (ok)"),
    client(OPENSSL, "socat", DEBIAN)
        .version("socat -V | sed -n 's/socat version//p'")
        .asks("printf 'GET / HTTP/1.0\\r\\n\\r\\n' | socat STDIO,ignoreeof OPENSSL:$HOST:$PORT"),
    client(OPENSSL, "axel", DEBIAN)
        .version("axel --version")
        .asks("rm -f page; axel -q -o page $URL; cat page"),
    client(GNUTLS, "lynx", DEBIAN).version("lynx --version").asks("lynx -source $URL"),
    client(OPENSSL, "w3m", DEBIAN).version("w3m -version").asks("w3m -dump_source $URL"),
    client(OPENSSL, "Subversion", DEBIAN)
        .version("svn --version")
        .asks("svn --non-interactive info $URL")
        .served_says("does not support the HTTP/DAV protocol"),
    client(OPENSSL, "Fossil", DEBIAN)
        .version("fossil version")
        .asks("USER=root fossil clone $URL x.fossil"),
    client(GNUTLS, "git", DEBIAN)
        .version("git --version")
        .asks("git ls-remote $URL")
        .served_says("not valid: is this a git repository"),
    client(GNUTLS, "Nix", DEBIAN)
        .version("nix --version")
        .asks("nix --extra-experimental-features nix-command --option download-attempts 1 store ping --store $URL || echo refused")
        .served_says("Store URL"),
    client(GNUTLS, "gnutls-cli", DEBIAN)
        .version("gnutls-cli --version")
        .asks("printf 'GET / HTTP/1.0\\r\\n\\r\\n' | gnutls-cli -p $PORT $HOST"),
    client(GNUTLS, "wget", DEBIAN).version("wget --version").asks("wget -nv -O- $URL"),
    client(GNUTLS, "wget2", DEBIAN).version("wget2 --version").asks("wget2 -nv -O- $URL"),
    client(GNUTLS, "aria2", DEBIAN)
        .version("aria2c --version")
        .asks("rm -f page; aria2c -o page $URL; cat page"),
    client(GNUTLS, "ELinks", DEBIAN)
        .version("elinks --version")
        .asks("elinks -eval 'set connection.ssl.cert_verify=1' -dump $URL"),
    client(GNUTLS, "lftp", DEBIAN).version("lftp --version").asks("lftp -c \"cat $URL\""),
    client("APT", "apt-helper", DEBIAN)
        .version("apt-get --version")
        .asks("rm -f page; /usr/lib/apt/apt-helper -o Acquire::Retries=0 download-file $URL page; cat page"),
    client(PYTHON, "HTTPie", DEBIAN)
        .version("http --version")
        .asks("http --ignore-stdin GET $URL"),
    client(PYTHON, "Mercurial", DEBIAN).version("hg --version").asks("hg identify $URL"),
    client(PYTHON, "s3cmd", DEBIAN)
        .version("s3cmd --version")
        .asks("s3cmd --access_key=a --secret_key=b --host=$HOST:$PORT --host-bucket=$HOST:$PORT ls"),
    client(GO, "gh", DEBIAN).version("gh --version").asks("GH_TOKEN=x gh api $URL"),
    client(GO, "restic", DEBIAN)
        .version("restic version")
        .asks("RESTIC_PASSWORD=x restic -r rest:$URL init")
        .served_says("config file already exists"),
    client(GO, "rclone", DEBIAN)
        .version("rclone version")
        .asks("rclone --retries 1 --low-level-retries 1 copyurl --stdout $URL -"),
    client(GO, "skopeo", DEBIAN)
        .version("skopeo --version")
        .asks("skopeo inspect docker://$HOST:$PORT/a/b")
        .served_says("Error parsing manifest for image"),
    client(GO, "kubectl", DEBIAN)
        .version("kubectl version --client")
        .asks("kubectl --server $URL --token x get --raw /"),
];
