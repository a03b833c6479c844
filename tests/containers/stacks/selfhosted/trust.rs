//! The clients that reach the model server, and the other CAs that they trust.

use crate::clients::{CURL, Client, HTTPX, REQUESTS, URLLIB};
use crate::engine::docker;
use crate::project::FETCH;
use crate::site::{Site, site};

use super::{App, GPU};

const PYTHON: &[Client] = &[CURL, URLLIB, REQUESTS, HTTPX];
/// Adds the public CA of `site` to the root certificates of the images.
#[track_caller]
fn add_the_public_ca(app: &App, site: &Site) {
    for service in ["server", "worker", "beat", "web"] {
        let image = format!("{}-{service}", app.name);
        let lines = format!(
            "FROM {image}\n\
             COPY public/ca.crt /usr/share/ca-certificates/public.crt\n\
             RUN echo public.crt >>/etc/ca-certificates.conf && update-ca-certificates\n\
             RUN cat /usr/share/ca-certificates/public.crt >>$(/opt/venv/bin/python -m certifi)\n"
        );
        docker(["tag", &site.derived(service, &lines), &image]).exits(0);
    }
}

#[track_caller]
fn public_roots_verify(app: &App, site: &Site) {
    for service in ["server", "worker", "beat", "web"] {
        docker(["network", "connect", &site.name, &app.ids()[service]]).exits(0);
        let clients = if service == "web" { &[FETCH] } else { PYTHON };
        app.exec_finds(service, clients, "public served, private refused, stranger refused");
    }
}

/// httpx, requests, openai, llama-index and curl in server, worker and beat, fetch in `web`: in the
/// processes, in `exec`, and in health checks.
#[test]
fn every_client() {
    let site = site();
    let mut app = App::new();
    add_the_public_ca(&app, &site);
    app.starts();
    let before = app.state();
    app.every_client(false);
    app.grpc();
    public_roots_verify(&app, &site);

    app.sets_up(GPU);
    app.every_client(true);
    app.api("worker/llama-index").exits(0).prints("I am here.");
    app.grpc();
    public_roots_verify(&app, &site);

    app.removes_setup(&before);
    app.every_client(false);
    app.grpc();
    public_roots_verify(&app, &site);
}
