//! compose/ai-services: nginx and Caddy as the proxy accept only TLS 1.2 and 1.3, and their certificate is
//! renewed while the back end runs. Traefik's files are compared with theirs, without Traefik.

use std::fs;

use serde_yaml::Value;

use crate::engine::{Outcome, repository};
use crate::site::wait_until;
use crate::stacks::ai_services::{PROXY, SERVED, Services};
use crate::support::sign::sign;

/// Runs a handshake with the proxy by one version of TLS, also a weak one.
#[track_caller]
fn speaks(services: &Services, version: &str) -> Outcome {
    let address = services.address(PROXY.0, PROXY.1);
    // Above level 0 OpenSSL itself refuses TLS 1.1, before it calls the proxy.
    services.0.types(&format!(
        "openssl s_client -CAfile certs/ca.crt -verify_return_error -connect {address} \
         -cipher DEFAULT@SECLEVEL=0 {version} </dev/null"
    ))
}

#[track_caller]
fn speaks_only_new_versions(services: &Services) {
    speaks(services, "-tls1_3").exits(0).prints("New, TLSv1.3");
    speaks(services, "-tls1_2").exits(0).prints("Protocol  : TLSv1.2");
    for old in ["-tls1_1", "-tls1"] {
        speaks(services, old).exits(1).says("alert protocol version");
    }
}

/// Returns the serial numbers of the certificate that the proxy serves and of the one in its directory.
#[track_caller]
fn serials(services: &Services) -> [String; 2] {
    let address = services.address(PROXY.0, PROXY.1);
    let serial = "openssl x509 -noout -serial";
    let trust = "-CAfile certs/ca.crt -verify_return_error";
    let serve = format!("openssl s_client {trust} -connect {address} </dev/null 2>&1 | {serial}");
    [serve, format!("{serial} -in certs/proxy/server.pem")]
        .map(|line| services.0.types(&line).stdout)
}

#[track_caller]
fn serves_the_current_certificate(services: &Services) -> String {
    wait_until("the proxy serves the certificate in its directory", || {
        let [served, there] = serials(services);
        served == there && !there.is_empty()
    });
    serials(services)[0].clone()
}

/// The README's `renew` keeps a new certificate and renews one that expires soon; only the proxy is
/// restarted.
#[track_caller]
fn renews(services: &Services) {
    let renew = |services: &Services| {
        let outcome = services.0.follows_readme("renew").exits(0);
        (outcome.stdout, serves_the_current_certificate(services))
    };
    let callers = services.callers();
    let first = serves_the_current_certificate(services);
    let (output, served) = renew(services);
    assert_eq!((output.as_str(), &served), ("", &first));

    let certs = services.0.folder.0.join("certs");
    sign(&certs, &certs.join("proxy"), &["proxy", "localhost", "127.0.0.1", "::1"], (-300, 29));
    services.0.types("docker compose restart proxy").exits(0);
    let old = serves_the_current_certificate(services);
    let (output, new) = renew(services);
    assert!(
        output.contains("days left") && new != old && old != first,
        "{output}{new}{old}{first}"
    );
    services.clients_print_for_all(SERVED);
    assert_eq!(services.callers(), callers);
    services.0.types("trust-compose setup --check").exits(0);
}

#[test]
fn nginx() {
    let (services, _) = Services::start("nginx");
    services.follows("trust").exits(0);
    speaks_only_new_versions(&services);
    renews(&services);

    // The check above fails if the proxy accepts TLS 1.1.
    let file = services.0.folder.0.join("proxy/nginx.conf");
    let text = fs::read_to_string(&file).unwrap();
    let strict = "ssl_protocols TLSv1.2 TLSv1.3;";
    assert!(text.contains(strict));
    let lax = "ssl_protocols TLSv1.1 TLSv1.2; ssl_ciphers DEFAULT@SECLEVEL=0;";
    fs::write(&file, text.replace(strict, lax)).unwrap();
    services.0.types("docker compose restart proxy").exits(0);
    serves_the_current_certificate(&services);
    speaks(&services, "-tls1_1").exits(0).prints("Protocol  : TLSv1.1");
}

#[test]
fn caddy() {
    let (services, _) = Services::start("caddy");
    services.follows("trust").exits(0);
    services.clients_print_for_all(SERVED);
    speaks_only_new_versions(&services);
    renews(&services);
}

/// Its files configure the same as the other two: address, certificate, TLS versions and back ends.
#[test]
fn traefik_files() {
    let read = |path: &str| {
        let path = repository().join("compose/ai-services/proxy").join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let dynamic: Value = serde_yaml::from_str(&read("traefik-routes.yml")).unwrap();
    let [service, other] = ["traefik.yml", "nginx.yml"].map(|file| {
        serde_yaml::from_str::<Value>(&read(file)).unwrap()["services"]["proxy"].clone()
    });
    for key in ["ports", "networks", "depends_on"] {
        assert_eq!(service[key], other[key], "{key}");
    }
    let mounts = |service: &Value| service["volumes"].as_sequence().unwrap().clone();
    assert_eq!(mounts(&service)[1], mounts(&other)[1]);
    let file =
        format!("--providers.file.filename={}", mounts(&service)[0]["target"].as_str().unwrap());
    let words = service["command"].as_sequence().unwrap();
    assert_eq!(words[0], "--entrypoints.edge.address=:443");
    assert_eq!(words[1], file.as_str());

    let certificate = &dynamic["tls"]["stores"]["default"]["defaultCertificate"];
    let versions = &dynamic["tls"]["options"]["default"];
    assert_eq!(versions["minVersion"], "VersionTLS12");
    for (path, behind) in [("/detect", "detector-http:8080"), ("/completion", "llm-http:8080")] {
        let router = &dynamic["http"]["routers"][&path[1..]];
        assert_eq!(router["rule"], format!("Path(`{path}`)").as_str());
        assert_eq!(router["entryPoints"][0], "edge");
        assert!(router["tls"].is_mapping());
        let service = &dynamic["http"]["services"][router["service"].as_str().unwrap()];
        assert_eq!(
            service["loadBalancer"]["servers"][0]["url"],
            format!("http://{behind}").as_str()
        );
        for (file, line) in [
            ("nginx.conf", format!("proxy_pass http://{behind};")),
            ("Caddyfile", format!("reverse_proxy {path} {behind}")),
        ] {
            assert!(read(file).contains(&line), "{file}: {line}");
        }
    }
    for file in ["certFile", "keyFile"] {
        let file = certificate[file].as_str().unwrap();
        assert!(read("nginx.conf").contains(file) && read("Caddyfile").contains(file), "{file}");
    }
}
