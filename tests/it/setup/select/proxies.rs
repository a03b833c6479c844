//! Reverse proxies under any name, and what only looks like one.

use trust_init::compose::project::{Mount, MountKind, Service};

use crate::setup::select::{
    LEAVE, TRUST, UNKNOWN, built, built_in, image, only, stack, starting, strings,
};

fn running(words: &[&str], service: Service) -> Service {
    Service { command: Some(strings(words)), ..service }
}

/// Adds a configuration file.
fn mounting(target: &str, service: Service) -> Service {
    let kind = MountKind::Bind("/srv/file".into());
    let mount = Mount { kind, target: target.to_owned(), read_only: true };
    Service { mounts: vec![mount], ..service }
}

#[test]
fn a_proxy_is_recognized_by_the_program_that_it_starts() {
    let says = |words: &[&str]| only(running(words, image("acme/suite"))).decision("it");
    let nginx = "leave proxy (starts nginx)";
    assert_eq!(says(&["nginx", "-g", "daemon off;"]), nginx);
    assert_eq!(says(&["/usr/sbin/nginx"]), nginx);
    assert_eq!(says(&["zammad-nginx"]), nginx);
    assert_eq!(says(&["nginx-entrypoint.sh"]), nginx);
    assert_eq!(says(&["sh", "-c", "envsubst <a >b && exec nginx -g 'daemon off;'"]), nginx);
    assert_eq!(
        says(&[
            "/bin/sh",
            "-c",
            "while :; do sleep 6h; nginx -s reload; done & nginx -g \"daemon off;\""
        ]),
        nginx
    );
    assert_eq!(says(&["sh", "-c", "if [ -f x ]; then exec nginx -c x; fi"]), nginx);
    assert_eq!(says(&["caddy", "run"]), "leave proxy (starts caddy)");
    assert_eq!(says(&["--api=true", "--providers.docker"]), "leave proxy (starts traefik)");
    assert_eq!(says(&["--entryPoints.web.address=:80"]), "leave proxy (starts traefik)");
    for words in [
        &["zammad-railsserver"][..],
        &["nginx-prometheus-exporter"],
        &["sh", "-c", "while :; do certbot renew; nginx -s reload; done"],
        &["sh", "-c", "cp -r /etc/nginx /x && node server.js"],
        &["wait", "nginx"],
        &[],
    ] {
        assert_eq!(says(words), UNKNOWN, "{words:?}");
    }
}

#[test]
fn every_place_that_sets_the_command_counts() {
    let nginx = "leave proxy (starts nginx)";
    let entrypoint = starting(&["tini", "--", "nginx"], image("acme/suite"));
    assert_eq!(only(entrypoint).decision("it"), nginx);
    let of_image =
        |service| only(service).starts("acme/suite", &["/docker-entrypoint.sh", "nginx"]);
    assert_eq!(of_image(image("acme/suite")).decision("it"), nginx);
    assert_eq!(of_image(running(&["web"], image("acme/suite"))).decision("it"), UNKNOWN);
    assert_eq!(of_image(built("FROM acme/suite")).decision("it"), nginx);
    assert_eq!(
        of_image(built("FROM acme/suite\nCMD [\"web\"]")).decision("it"),
        "trust built here"
    );
    let says = |text| only(built(text)).decision("it");
    assert_eq!(says("FROM alpine\nRUN apk add nginx\nCMD [\"nginx\"]"), nginx);
    assert_eq!(says("FROM alpine\nCMD nginx -g 'daemon off;'"), nginx);
    assert_eq!(says("FROM alpine\nENTRYPOINT [\"nginx\"]"), nginx);
    assert_eq!(
        says("FROM alpine AS a\nCMD [\"nginx\"]\nFROM a\nENTRYPOINT [\"web\"]"),
        "trust built here"
    );
    assert_eq!(
        says("FROM alpine AS a\nCMD [\"nginx\"]\nFROM a\nCMD [\"web\"]"),
        "trust built here"
    );
}

#[test]
fn a_proxy_is_recognized_by_its_configuration() {
    let says = |target, service| only(mounting(target, service)).decision("it");
    assert_eq!(
        says("/etc/nginx/conf.d/default.conf", image("acme/edge")),
        "leave proxy (nginx configuration at /etc/nginx/conf.d/default.conf)"
    );
    assert_eq!(
        says("/etc/caddy/Caddyfile", built_in("edge")),
        "leave proxy (caddy configuration at /etc/caddy/Caddyfile)"
    );
    assert_eq!(
        says("/etc/traefik", image("acme/edge")),
        "leave proxy (traefik configuration at /etc/traefik)"
    );
    assert_eq!(
        says("/traefik.yml", image("acme/edge")),
        "leave proxy (traefik configuration at /traefik.yml)"
    );
    assert_eq!(says("/etc/nginx-ui", image("acme/edge")), UNKNOWN);
    // Applications and clients that read such files.
    assert_eq!(says("/etc/caddy/Caddyfile", image("dunglas/frankenphp")), "trust image frankenphp");
    assert_eq!(says("/etc/caddy/Caddyfile", built("FROM dunglas/frankenphp")), "trust built here");
    assert_eq!(says("/etc/nginx/conf.d/server.conf", image("trafex/php-nginx")), UNKNOWN);
    assert_eq!(
        says("/etc/nginx/conf.d/server.conf", built("FROM php:8.4-fpm")),
        "trust built here"
    );
    assert_eq!(says("/etc/nginx/certs", image("nginxproxy/acme-companion")), UNKNOWN);
}

#[test]
fn a_service_called_after_a_proxy_is_one_unless_its_image_is_known() {
    let says = |name, service| stack([(name, service)]).decision(name);
    let named = "leave proxy (by its name)";
    assert_eq!(says("zammad-nginx", image("ghcr.io/zammad/zammad:6.5")), named);
    assert_eq!(says("caddy", image("acme/edge")), named);
    assert_eq!(says("shop_traefik", built("FROM debian")), named);
    assert_eq!(says("nginx", image("node:22")), "trust image node");
    assert_eq!(says("nginx", built("FROM node")), "trust built here");
    assert_eq!(says("nginx-exporter", image("acme/edge")), UNKNOWN);
    assert_eq!(says("proxy", image("acme/edge")), UNKNOWN);
}

/// One image, many programs: only the proxy among them is left.
#[test]
fn services_of_one_image_differ_by_their_command() {
    let one = || image("ghcr.io/zammad/zammad:6.5");
    let services = [
        ("rails", running(&["zammad-railsserver"], one())),
        ("nginx", running(&["zammad-nginx"], one())),
    ];
    let all = stack(services).unknown(LEAVE).ask("rails", TRUST);
    assert_eq!(all.decision("rails"), "trust --service");
    assert_eq!(all.decision("nginx"), "leave proxy (starts nginx)");
    let frappe =
        stack([("frontend", running(&["nginx-entrypoint.sh"], image("frappe/erpnext:v15")))]);
    assert_eq!(frappe.decision("frontend"), "leave proxy (starts nginx)");
}
