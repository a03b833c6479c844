//! Reading a Compose project from the output of Compose.

use std::path::Path;

use trust_init::compose::project::{MountKind, Reading, Role, Service};
use trust_init::compose::project::{complete, parse};

use crate::desk::Desk;
use crate::setup::read::{bind, environment, mount, shell, volume};

/// Returns the service `a` of the output of Compose.
#[track_caller]
fn printed(text: &str, reading: Reading) -> Service {
    let tree = serde_yaml::from_str(text).unwrap();
    let project = parse::project(&tree, reading, Path::new("/base"), &|_, _| None).unwrap();
    project.services.get("a").expect("a service `a`").clone()
}

#[test]
fn mounts_are_read() {
    let service = printed(
        "services: {a: {volumes: [./a:/a, 'data:/d/:ro,z', 'v:/w', 'C:/x:/z', /anon, '../b:/b/./c', '~/h:/h',\
         {type: bind, source: x, target: /x, read_only: yes}, {type: tmpfs, target: /t},\
         {type: npipe, source: p, target: /p}],\
         tmpfs: ['/run:size=1m', /run], secrets: [s, {source: s, target: t}, {source: s, target: /e/s}],\
         configs: [c, {source: c}]}}",
        Reading::Offline,
    );
    let expected = [
        mount(bind("/base/a"), "/a", false),
        mount(volume("data"), "/d", true),
        mount(MountKind::Volume(None), "v:/w", false),
        mount(MountKind::Unknown, "/z", false),
        mount(MountKind::Volume(None), "/anon", false),
        mount(bind("/b"), "/b/c", false),
        mount(MountKind::Unknown, "/h", false),
        mount(bind("/base/x"), "/x", false),
        mount(MountKind::Tmpfs, "/t", false),
        mount(MountKind::Unknown, "/p", false),
        mount(MountKind::Tmpfs, "/run", false),
        mount(MountKind::File(None), "/run/secrets/s", true),
        mount(MountKind::File(None), "/run/secrets/t", true),
        mount(MountKind::File(None), "/e/s", true),
        mount(MountKind::File(None), "/c", true),
    ];
    assert_eq!(service.mounts, expected);
}

#[test]
fn a_mount_at_a_link_is_at_the_target_of_the_link() {
    for (target, path, source) in [
        ("/var/run", "/run/x", "/a/x"),
        ("/run", "/var/run/x", "/a/x"),
        ("/var/run/x", "/var/run/x", "/a"),
        ("/var/lock", "/run/lock/x/y", "/a/x/y"),
    ] {
        let service = Service {
            mounts: vec![
                mount(MountKind::Tmpfs, "/var", false),
                mount(bind("/a"), target, false),
                mount(MountKind::Tmpfs, "/run/secrets", false),
            ],
            ..Service::default()
        };
        let found = service.mount_of(Path::new(path)).unwrap();
        assert_eq!(found.target, target, "{path}");
        assert!(found.is_above(path), "{path}");
        assert_eq!(found.source_of(Path::new(path)).unwrap(), Path::new(source));
    }
    for (target, path) in [("/var/run", "/runs"), ("/var/running", "/run"), ("/run/lock", "/run")] {
        assert!(!mount(MountKind::Tmpfs, target, false).is_above(path), "{target}");
    }
}

/// `docker compose config`: every dollar sign is doubled.
#[test]
fn compose_config_is_read() {
    let service = printed(
        "services: {a: {image: x, environment: {A: 'cost $$5', B: null, C: '$${V}'}, entrypoint: [sh, $$V],\
         x-trust-init: {role: trust}}}",
        Reading::Complete,
    );
    assert_eq!(environment(&service), "A=cost $5 B=- C=${V}");
    assert_eq!(service.entrypoint.unwrap(), ["sh", "$V"]);
    assert_eq!(service.role, Some(Role::Trust));
}

/// `docker compose config --no-interpolate`: values that depend on variables are unknown.
#[test]
fn compose_config_without_interpolation_is_read() {
    let service = printed(
        "services: {a: {image: 'x:${TAG:-1}', entrypoint: '/trust-init sh', user: '$U',\
         environment: {A: '${A:-b}', B: 1, C: null, SSL_CERT_FILE: '${F}', E: '$$5'},\
         env_file: [{path: /x.env, required: true}], build: {context: '${C:-.}', dockerfile: '${D}'},\
         volumes: [{type: volume, source: '${D', target: '-/d}'},\
                   {type: volume, source: '${D:-/d}', target: /e},\
                   {type: bind, source: /f, target: '${T}'}]}}",
        Reading::WithoutVariables,
    );
    assert_eq!(environment(&service), "A=? B=1 C=- E=$5 SSL_CERT_FILE=?");
    assert!(service.has_unread_environment);
    assert_eq!(service.entrypoint.unwrap(), ["/trust-init", "sh"]);
    assert_eq!(service.user.as_deref(), Some("$U"));
    assert_eq!(service.build.unwrap().context, None);
    let expected = [
        mount(MountKind::Unknown, "", false),
        mount(MountKind::Unknown, "/e", false),
        mount(bind("/f"), "", false),
    ];
    assert_eq!(service.mounts, expected);
}

/// The same, completed with the values in the shell, `.env` and the existing env files.
#[test]
fn compose_config_without_interpolation_is_completed() {
    let desk = Desk::new();
    desk.write("there.env", "ENV=file\nB=file\n");
    let text = "services: {a: {image: 'app:${V}', environment: {REQUESTS_CA_BUNDLE: '${V}', B: 1, C: null, W: null,\
                SSL_CERT_FILE: '${F}', E: '$$5'}, env_file: [{path: BASE/missing.env, required: true},\
                {path: BASE/there.env, required: true}], build: {context: 'BASE/${V}', args: ['X=${V}']},\
                volumes: [{type: volume, source: '${D', target: '-/d}'},\
                          {type: volume, source: '${ROOT}/x', target: '/${V}'},\
                          {type: volume, source: '${V}', target: /v},\
                          {type: bind, source: 'BASE/${V}', target: /b},\
                          {type: bind, source: 'BASE/${ROOT}', target: /either}]}}";
    let lookup = |name: &str| shell(name).or_else(|| (name == "ROOT").then(|| "/root".to_owned()));
    let base = desk.path(".");
    let text = text.replace("BASE", base.to_str().unwrap());
    let mut tree = serde_yaml::from_str(&text).unwrap();
    complete::complete(&mut tree, &base, &lookup);
    let project = parse::project(&tree, Reading::WithoutVariables, &base, &|_, _| None).unwrap();
    let service = &project.services["a"];
    assert_eq!(service.image.as_deref(), Some("app:V"));
    assert!(!service.has_unknown_tag);
    assert_eq!(
        environment(service),
        "B=1 C=- E=$5 ENV=file REQUESTS_CA_BUNDLE=V SSL_CERT_FILE=? W=W"
    );
    assert!(service.has_unread_environment, "missing.env may say anything");
    let build = service.build.as_ref().unwrap();
    assert_eq!(build.context, Some(desk.path("V")));
    assert_eq!(build.args["X"].as_deref(), Some("V"));
    let expected = [
        mount(MountKind::Unknown, "", false),
        mount(bind("/root/x"), "/V", false),
        mount(volume("V"), "/v", false),
        mount(MountKind::Bind(desk.path("V")), "/b", false),
        // `${ROOT}` and `./${ROOT}` are written alike.
        mount(MountKind::Unknown, "/either", false),
    ];
    assert_eq!(service.mounts, expected);
}

/// The name of an image is known even if a variable decides the tag.
#[test]
fn images_with_an_unknown_tag_keep_their_name() {
    for (written, image, has_unknown_tag) in [
        ("reg:5000/x/y:1", Some("reg:5000/x/y:1"), false),
        ("x/y:${TAG:-1}", Some("x/y:1"), true),
        ("x/y:a-${TAG}-b", Some("x/y"), true),
        ("x/y:${TAG:-}", Some("x/y"), true),
        ("x@${DIGEST}", Some("x"), true),
        ("x${SUFFIX:-y}:1", None, false),
        ("${IMAGE:-postgres:1}", None, false),
        ("reg:${PORT:-5000}/y", None, false),
        ("reg:5000/${Y}", None, false),
        ("x:${", Some("x"), true),
    ] {
        let text = format!("services: {{a: {{image: '{written}'}}}}");
        let service = printed(&text, Reading::WithoutVariables);
        assert_eq!(service.image.as_deref(), image, "{written}");
        assert_eq!(service.has_unknown_tag, has_unknown_tag, "{written}");
    }
}

/// Compose 2.40: another program provides such a service, so it has no container.
#[test]
fn a_service_with_a_provider_is_no_part_of_the_project() {
    for reading in [Reading::Complete, Reading::Offline] {
        let text =
            "services: {db: {provider: {type: awesomecloud, options: {size: 10}}}, a: {image: x}}";
        let tree = serde_yaml::from_str(text).unwrap();
        let project = parse::project(&tree, reading, Path::new("/base"), &|_, _| None).unwrap();
        assert_eq!(project.services.keys().collect::<Vec<_>>(), ["a"]);
    }
}
