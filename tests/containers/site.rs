//! What surrounds the container under test: a network with five TLS servers, each with its own CA, and images
//! whose root certificates contain one of these CAs, as real images contain public CAs.
//!
//! All tests of a process share one site. tests/run.py removes it at the end, or else the next run does.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use crate::container::Container;
use crate::engine::{BOOKWORM, STACK, TRIXIE, call, docker, docker_build, label, peer, unique};

/// A server with the host name `NAME.local`, certified by the CA `NAME CA`.
#[derive(Clone, Copy)]
pub struct Server {
    pub name: &'static str,
    pub port: u16,
}

/// Its CA is the company's, which no image trusts.
pub const PRIVATE: Server = Server { name: "private", port: 8441 };
/// Its CA is another company's.
pub const SECOND: Server = Server { name: "second", port: 8442 };
/// Its CA is among the images' own roots.
pub const PUBLIC: Server = Server { name: "public", port: 8443 };
/// Its CA is the only one that a pinned service trusts.
pub const PARTNER: Server = Server { name: "partner", port: 8444 };
/// Its CA is never trusted.
pub const STRANGER: Server = Server { name: "stranger", port: 8445 };

pub const SERVERS: [Server; 5] = [PRIVATE, SECOND, PUBLIC, PARTNER, STRANGER];

impl Server {
    pub fn address(self) -> String {
        format!("{}.local:{}", self.name, self.port)
    }

    /// The certificate of its CA.
    pub fn ca(self) -> PathBuf {
        certificates().join(self.name).join("ca.crt")
    }

    pub fn url(self) -> String {
        format!("https://{}/", self.address())
    }
}

pub struct Site {
    pub name: String,
    dockerfiles: Folder,
    images: Mutex<Vec<String>>,
    servers: Container,
}

/// Returns the site; the first call in a process builds it.
#[track_caller]
pub fn site() -> Arc<Site> {
    static SITE: OnceLock<Arc<Site>> = OnceLock::new();
    SITE.get_or_init(|| Arc::new(Site::build())).clone()
}

impl Site {
    fn build() -> Self {
        let name = unique();
        docker(["network", "create", &label(), &name]).exits(0);
        let mut servers = Container::new(&format!("trust-init-test/{BOOKWORM}"))
            .bare()
            .flags(&format!("--network {name}"))
            .mount(peer(), "/peer")
            .mount(certificates(), "/certificates");
        let mut script = String::new();
        for server in SERVERS {
            servers = servers.flags(&format!("--network-alias {}.local", server.name));
            let files = format!(
                "/certificates/{0}/server.pem /certificates/{0}/server-key.pem",
                server.name
            );
            let _ = write!(script, "/peer serve {files} 0.0.0.0:{} & ", server.port);
        }
        servers.start(&["sh", "-c", &format!("{script} wait")]).exits(0);
        wait_until("the servers listen", || {
            servers.logs().stdout.matches("listening on").count() == SERVERS.len()
        });
        let (dockerfiles, images) = (Folder::new(), Mutex::default());
        Self { name, dockerfiles, images, servers }
    }

    /// The container of the servers.
    pub fn servers(&self) -> &str {
        &self.servers.name
    }

    /// A container of `bookworm` or `trixie` on the servers' network, with `trust-init --` before its
    /// command.
    #[track_caller]
    pub fn container(&self, base: &str) -> Container {
        self.container_of(&self.image(base))
    }

    /// The same, of any image.
    pub fn container_of(&self, image: &str) -> Container {
        Container::new(image).flags(&format!("--network {}", self.name))
    }

    /// An image of that base in which every client trusts the public server's CA: the system's roots and
    /// certifi's bundle contain it.
    #[track_caller]
    pub fn image(&self, base: &str) -> String {
        assert!([BOOKWORM, TRIXIE, STACK].contains(&base), "unknown base `{base}`");
        self.derived(
            base,
            &format!(
                "FROM trust-init-test/{base}\n\
             COPY public/ca.crt /usr/share/ca-certificates/public.crt\n\
             RUN echo public.crt >>/etc/ca-certificates.conf && update-ca-certificates\n\
             RUN cat /usr/share/ca-certificates/public.crt >>$(/opt/venv/bin/python -m certifi)\n"
            ),
        )
    }

    /// An image built once from the Dockerfile `lines`, with the folder of certificates as its context.
    #[track_caller]
    pub fn derived(&self, kind: &str, lines: &str) -> String {
        self.derived_in(certificates(), kind, lines)
    }

    /// The same, with another folder as its context.
    #[track_caller]
    pub fn derived_in(&self, context: &Path, kind: &str, lines: &str) -> String {
        // trust-compose knows images by the last part of the name, so that part is the kind alone.
        let tag = format!("trust-init-test/{}/{kind}", self.name);
        let mut images = self.images.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !images.contains(&tag) {
            let file = self.dockerfiles.write(&format!("{kind}.Dockerfile"), lines);
            let (file, context) = (file.to_string_lossy(), context.to_string_lossy());
            docker_build(["build", "--quiet", &label(), "--tag", &tag, "--file", &file, &context])
                .exits(0);
            images.push(tag.clone());
        }
        tag
    }
}

/// A folder per server with its certificate, its key and its CA's certificate; and `peer`, to be copied into
/// images. They are kept below `target` for a month, so that the engine's build cache can be used.
pub fn certificates() -> &'static Path {
    static CERTIFICATES: OnceLock<PathBuf> = OnceLock::new();
    CERTIFICATES.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("certificates");
        let copy = folder.join("peer");
        let made = |path: &Path| path.metadata().and_then(|found| found.modified());
        let is_fresh = made(&copy).is_ok_and(|then| {
            let age = then.elapsed().unwrap_or_default();
            age < Duration::from_hours(30 * 24) && made(peer()).is_ok_and(|built| built < then)
        });
        if !is_fresh {
            let _ = fs::remove_dir_all(&folder);
            for Server { name, .. } in SERVERS {
                let to = folder.join(name).to_string_lossy().into_owned();
                let names = ["", "intermediate.", "expired."].map(|of| format!("{of}{name}.local"));
                let words = ["make".into(), to, format!("{name} CA")];
                call("60", peer(), words.iter().chain(&names)).exits(0);
            }
            // Last: its presence means that the folder is complete.
            fs::copy(peer(), copy).unwrap();
        }
        folder
    })
}

/// A folder on the host, removed when it goes out of scope.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique());
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Writes a file in place, so that a bind mount of it shows the new contents.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, contents).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Polls until `holds` returns true, for at most five minutes.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(5);
    while !holds() {
        assert!(Instant::now() < deadline, "timed out after five minutes: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
