//! The selection of services that get the custom CAs: every rule, and its precedence over the next.

mod images;
mod dockerfile;
mod catalogue;
mod proxies;

use std::collections::BTreeMap;
use std::path::PathBuf;

use trust_init::compose::project::{Build, Mount, MountKind, Project, Role, Service};
use trust_init::compose::select::dockerfile::dockerfile_path;
use trust_init::compose::select::{Evidence, Outcome, SelectionOptions, select, write_table};
use trust_init::sys::styled::Styled;

/// A project, the options of the user, and what is known about its images.
pub struct Stack {
    project: Project,
    wishes: SelectionOptions,
    files: BTreeMap<PathBuf, String>,
    entrypoints: BTreeMap<String, Vec<String>>,
}

pub fn stack(services: impl IntoIterator<Item = (&'static str, Service)>) -> Stack {
    let services = services.into_iter().map(|(name, service)| (name.to_owned(), service));
    let project = Project { services: services.collect(), ..Project::default() };
    let (wishes, files, entrypoints) = <_>::default();
    Stack { project, wishes, files, entrypoints }
}

impl Stack {
    fn ask(mut self, name: &str, outcome: Outcome) -> Self {
        self.wishes.services.insert(name.to_owned(), outcome);
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.wishes.without.insert(name.to_owned());
        self
    }

    fn caddy(mut self, name: &str) -> Self {
        self.wishes.proxies.insert(name.to_owned(), "--caddy");
        self
    }

    fn unknown(mut self, outcome: Outcome) -> Self {
        self.wishes.unknown = outcome;
        self
    }

    fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.into(), text.to_owned());
        self
    }

    fn starts(mut self, image: &str, words: &[&str]) -> Self {
        self.entrypoints.insert(image.to_owned(), strings(words));
        self
    }

    fn table(&self) -> Result<String, String> {
        let read = |build: &Build| self.files.get(&dockerfile_path(build)?).cloned();
        let entrypoint = |image: &str| self.entrypoints.get(image).cloned();
        let evidence = Evidence { dockerfile: &read, entrypoint: &entrypoint };
        let choices = select(&self.project, &self.wishes, evidence)
            .map_err(|error| format!("{error}\nfix: {}", error.fix()))?;
        let mut text = Styled::default();
        write_table(&mut text, "SERVICE", &choices, |reason| reason.to_string());
        Ok(text.render(false))
    }

    /// Returns outcome and reason of the service, as in the table.
    #[track_caller]
    pub fn decision(&self, name: &str) -> String {
        let table = self.table().unwrap();
        let mut lines = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        lines.find(|words| words[0] == name).unwrap()[1..].join(" ")
    }
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn image(name: &str) -> Service {
    Service { image: Some(name.to_owned()), ..Service::default() }
}

pub fn built(instructions: &str) -> Service {
    let build = Build { inline: Some(instructions.to_owned()), ..Build::default() };
    Service { build: Some(build), ..Service::default() }
}

/// Returns a service that is built from a directory without a Dockerfile, unless a test adds one.
fn built_in(context: &str) -> Service {
    let build = Build { context: Some(context.into()), ..Build::default() };
    Service { build: Some(build), ..Service::default() }
}

fn role(role: Role, service: Service) -> Service {
    Service { role: Some(role), ..service }
}

fn starting(words: &[&str], service: Service) -> Service {
    Service { entrypoint: Some(strings(words)), ..service }
}

fn keeping(target: &str, service: Service) -> Service {
    let kind = MountKind::Volume(Some("data".to_owned()));
    let mount = Mount { kind, target: target.to_owned(), read_only: false };
    Service { mounts: vec![mount], ..service }
}

fn only(service: Service) -> Stack {
    stack([("it", service)])
}

pub const TRUST: Outcome = Outcome::Trust;
pub const LEAVE: Outcome = Outcome::Leave;

/// The decision about an unknown image.
pub const UNKNOWN: &str = "trust unknown image, trusted by default";

#[test]
fn an_option_overrides_everything() {
    let wants = role(Role::Leave, starting(&["trust-init"], image("postgres")));
    assert_eq!(only(wants.clone()).ask("it", TRUST).decision("it"), "trust --service");
    assert_eq!(only(wants).caddy("it").ask("it", TRUST).decision("it"), "trust --service");
    let wants = role(Role::Trust, starting(&["trust-init"], built("FROM node")));
    assert_eq!(only(wants).ask("it", LEAVE).decision("it"), "leave --service");
}

#[test]
fn a_disabled_service_is_left() {
    let wants = role(Role::Trust, starting(&["trust-init"], built("FROM node")));
    assert_eq!(only(wants).without("it").decision("it"), "leave --without");
}

#[test]
fn the_compose_file_overrides_detection() {
    assert_eq!(
        only(role(Role::Trust, image("caddy"))).caddy("it").decision("it"),
        "trust x-trust-init"
    );
    let wants = role(Role::Leave, starting(&["trust-init"], built("FROM node")));
    assert_eq!(only(wants).decision("it"), "leave x-trust-init");
}

#[test]
fn a_proxy_that_serves_a_certificate_is_left() {
    let wants = starting(&["trust-init"], image("acme/edge"));
    assert_eq!(only(wants).caddy("it").decision("it"), "leave --caddy");
}

#[test]
fn trust_init_as_entrypoint_overrides_the_image() {
    let says = |service| only(service).decision("it");
    let starts = "trust starts trust-init";
    assert_eq!(says(starting(&["/usr/local/bin/trust-init", "--", "x"], image("nginx"))), starts);
    assert_eq!(says(starting(&["tini", "--", "trust-init"], image("nginx"))), starts);
    assert_eq!(says(built("FROM nginx\nENTRYPOINT [\"trust-init\", \"--\", \"nginx\"]")), starts);
    assert_eq!(says(built("FROM nginx\nENTRYPOINT trust-init -- nginx")), starts);
    assert_eq!(says(built("FROM nginx AS a\nENTRYPOINT [\"trust-init\"]\nFROM a")), starts);
    // Not the entrypoint of another stage, and not an entrypoint that the service replaces.
    let other = "FROM node AS a\nENTRYPOINT [\"trust-init\"]\nFROM nginx\nCOPY --from=a /x /x";
    assert_eq!(says(built(other)), "leave built on nginx");
    let replaced = starting(&["nginx"], built("FROM nginx\nENTRYPOINT [\"trust-init\"]"));
    assert_eq!(says(replaced), "leave built on nginx");
    let replaced = "FROM nginx AS a\nENTRYPOINT [\"trust-init\"]\nFROM a\nENTRYPOINT []";
    assert_eq!(says(built(replaced)), "leave built on nginx");
}

#[test]
fn trust_init_as_the_entrypoint_of_a_known_image_counts() {
    let knows = |service, image| only(service).starts(image, &["/trust-init"]).decision("it");
    let starts = "trust starts trust-init";
    assert_eq!(knows(image("acme/nginx:2"), "acme/nginx:2"), starts);
    assert_eq!(knows(built("FROM acme/nginx:2"), "acme/nginx:2"), starts);
    assert_eq!(
        knows(starting(&["x"], image("acme/nginx:2")), "acme/nginx:2"),
        "leave proxy (nginx)"
    );
    // The engine cannot know an image whose tag is a variable.
    assert_eq!(knows(image("acme/nginx:${TAG}"), "acme/nginx:${TAG}"), "leave proxy (nginx)");
    let mut stack = only(built_in("it")).starts("shop-it", &["/trust-init"]);
    stack.project.name = Some("shop".to_owned());
    assert_eq!(stack.decision("it"), starts);
}

#[test]
fn a_database_image_overrides_weaker_reasons() {
    let first = keeping("/var/lib/mysql", image("postgres:16"));
    assert_eq!(only(first).decision("it"), "leave database (postgres)");
    let same = || image("minio/minio");
    let pair = stack([("minio", same()), ("setup", same())]).ask("setup", TRUST);
    assert_eq!(pair.decision("minio"), "leave object store (minio)");
}

#[test]
fn a_database_is_recognized_by_its_volume() {
    let says = |service| only(service).decision("it");
    let left = "leave database (volume at /var/lib/mysql)";
    assert_eq!(says(keeping("/var/lib/mysql", image("acme/store"))), left);
    assert_eq!(says(keeping("/var/lib/mysql/", image("acme/store"))), left);
    assert_eq!(says(keeping("/var/lib/mysql", built("FROM debian"))), left);
    assert_eq!(says(keeping("/var/lib/mysql-files", image("acme/store"))), UNKNOWN);
    let mut backup = keeping("/var/lib/mysql", image("acme/store"));
    backup.mounts[0].read_only = true;
    assert_eq!(says(backup), UNKNOWN);
    let same = || image("acme/store");
    let pair = stack([("a", keeping("/data/db", same())), ("b", same())]).ask("b", TRUST);
    assert_eq!(pair.decision("a"), "leave database (volume at /data/db)");
}

#[test]
fn services_with_one_image_have_one_outcome() {
    let two = |a, b| stack([("a", image(a)), ("b", image(b))]).unknown(LEAVE).ask("a", TRUST);
    assert_eq!(two("acme/x:1", "acme/x:1").decision("b"), "trust same image as a");
    assert_eq!(two("x", "docker.io/library/x:latest").decision("b"), "trust same image as a");
    assert_eq!(two("x:1", "x:2").decision("b"), "leave unknown image (--unknown leave)");
    assert_eq!(two("x", "acme/x").decision("b"), "leave unknown image (--unknown leave)");
    let pair = stack([("a", image("x")), ("b", image("x"))]).ask("a", LEAVE);
    assert_eq!(pair.decision("b"), UNKNOWN);

    // It overrides the base image.
    let nginx = || built("FROM nginx");
    let pair = stack([("a", role(Role::Trust, nginx())), ("b", nginx())]);
    assert_eq!(pair.decision("b"), "trust same image as a");
    // An image that one service builds and another uses.
    let web = |text| Service { image: Some("acme/web".to_owned()), ..built(text) };
    let pair = |text| stack([("a", web(text)), ("b", image("acme/web"))]).unknown(LEAVE);
    assert_eq!(pair("FROM debian").decision("b"), "trust same image as a");
    assert_eq!(pair("FROM nginx").unknown(TRUST).decision("b"), "leave built on nginx");
    let mut stack = stack([("a", built("FROM debian")), ("b", image("shop-a"))]).unknown(LEAVE);
    stack.project.name = Some("shop".to_owned());
    assert_eq!(stack.decision("b"), "trust same image as a");
    // Two services without an image do not have the same image.
    let stack = self::stack([("a", Service::default()), ("b", Service::default())]);
    let stack = stack.unknown(LEAVE).ask("a", TRUST);
    assert_eq!(stack.decision("b"), "leave unknown image (--unknown leave)");
}

#[test]
fn built_and_known_images_do_not_depend_on_unknown() {
    let says = |service| only(service).unknown(LEAVE).decision("it");
    assert_eq!(says(built("FROM debian")), "trust built here");
    assert_eq!(says(built("FROM scratch\nCOPY x /")), "trust built here");
    assert_eq!(says(image("node:22-alpine")), "trust image node");
    assert_eq!(says(image("n8nio/n8n:latest")), "trust image n8n");
    assert_eq!(says(image("mcr.microsoft.com/dotnet/aspnet:8.0")), "trust image dotnet/aspnet");
    assert_eq!(says(image("acme/x")), "leave unknown image (--unknown leave)");
    assert_eq!(only(image("acme/x")).decision("it"), UNKNOWN);
}

#[test]
fn the_service_name_counts_if_nothing_else_is_known() {
    let hidden = |name| stack([(name, image("${IMAGE}"))]).decision(name);
    assert_eq!(hidden("postgres"), "leave database (by its name)");
    assert_eq!(hidden("web"), UNKNOWN);
    let unread = |name| stack([(name, built_in(name))]).decision(name);
    assert_eq!(unread("proxy"), "leave proxy (by its name)");
    assert_eq!(unread("db"), "leave database (by its name)");
    assert_eq!(unread("cache"), "leave cache (by its name)");
    assert_eq!(unread("elasticsearch"), "leave database (by its name)");
    assert_eq!(unread("backend"), "trust built here");
    assert_eq!(unread("proxy-api"), "trust built here");
    assert_eq!(unread("queue"), "trust built here");
    // The name of the built image counts too.
    let front = Service { image: Some("acme/nginx:dev".to_owned()), ..built_in("front") };
    assert_eq!(only(front).decision("it"), "leave proxy (by its name)");
    // Other facts are known.
    assert_eq!(stack([("db", built("FROM node"))]).decision("db"), "trust built here");
    assert_eq!(stack([("db", image("acme/x"))]).decision("db"), UNKNOWN);
    let read = stack([("proxy", built_in("proxy"))]).file("proxy/Dockerfile", "FROM node");
    assert_eq!(read.decision("proxy"), "trust built here");
}

#[test]
fn instructions_are_read_from_the_dockerfile_of_the_build() {
    let service = |name: Option<&str>| {
        let mut service = built_in("web");
        service.build.as_mut().unwrap().dockerfile = name.map(str::to_owned);
        only(service).file("web/Dockerfile", "FROM caddy").file("web/b.txt", "FROM httpd")
    };
    assert_eq!(service(None).decision("it"), "leave built on caddy");
    assert_eq!(service(Some("b.txt")).decision("it"), "leave built on httpd");
    assert_eq!(service(Some("gone")).decision("it"), "trust built here");
    // The base image overrides the image's own name.
    let web = Service { image: Some("acme/nginx".to_owned()), ..built("FROM node") };
    assert_eq!(only(web).decision("it"), "trust built here");
}

#[test]
fn an_unknown_service_is_an_error() {
    let stack = || stack(["server", "web", "worker"].map(|name| (name, image("acme/x"))));
    let says = |stack: Stack| stack.table().unwrap_err();
    assert_eq!(
        says(stack().ask("sever", TRUST)),
        "cannot find the service `sever` (from --service): the project has `server`, `web` and \
         `worker`\nfix: write `server`"
    );
    assert_eq!(
        says(stack().without("Web")),
        "cannot find the service `Web` (from --without): the project has `server`, `web` and \
         `worker`\nfix: write `web`"
    );
    assert_eq!(
        says(stack().caddy("caddy\n")),
        "cannot find the service `caddy\\u{a}` (from --caddy): the project has `server`, `web` and \
         `worker`\nfix: name one of them"
    );
    assert_eq!(
        says(self::stack([]).ask("web", TRUST)),
        "cannot find the service `web` (from --service): the project has no services\n\
         fix: drop --service"
    );
    let mut many = stack();
    let names = (0..1000).map(|n| (format!("s{n:03}"), Service::default()));
    many.project.services = names.collect();
    let words = says(many.ask("zebra", TRUST));
    assert!(words.contains("`s018`, `s019` and 980 more\nfix: name one of them"), "{words}");
}

#[test]
fn a_service_cannot_be_trusted_and_disabled() {
    assert_eq!(
        only(image("x")).ask("it", TRUST).without("it").table().unwrap_err(),
        "cannot trust the service `it` (from --service): --without disables it\n\
         fix: give one of the two options"
    );
    assert_eq!(only(image("x")).ask("it", LEAVE).without("it").decision("it"), "leave --service");
}

#[test]
fn the_table_has_every_service() {
    let stack = stack([
        ("worker", Service { image: Some("acme/server".to_owned()), ..built("FROM python") }),
        ("caddy", image("caddy:2")),
        ("really-long-name", image("acme/server")),
    ]);
    assert_eq!(
        stack.table().unwrap(),
        "SERVICE           OUTCOME  REASON\n\
         really-long-name  trust    same image as worker\n\
         worker            trust    built here\n\
         caddy             leave    proxy (caddy)\n"
    );
    assert_eq!(self::stack([]).table().unwrap(), "SERVICE  OUTCOME  REASON\n");
}
