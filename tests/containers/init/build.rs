//! Build time: `RUN --mount=…` mounts the CA and trust-init for one step of a build, and the image contains
//! neither of them, nor a bundle.

use crate::container::Container;
use crate::engine::{BOOKWORM, Outcome, call, docker, docker_build, label, unique};
use crate::init::image::Image;
use crate::init::readme;
use crate::site::{Folder, PRIVATE, Site, certificates, site};
use crate::stack::programs;

/// A package index with a certificate of the private CA and one package. It listens on the host's loopback,
/// the only network that a build shares with the tests.
fn index(site: &Site) -> (Container, String) {
    let script = r#"
import functools, http.server, os, ssl, zipfile
os.makedirs("/srv/simple/greeting")
wheel = "greeting-1.0-py3-none-any.whl"
with zipfile.ZipFile("/srv/simple/greeting/" + wheel, "w") as archive:
    archive.writestr("greeting.py", "print('hello from behind the private CA')\n")
    archive.writestr("greeting-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
    archive.writestr("greeting-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    archive.writestr("greeting-1.0.dist-info/RECORD", "")
open("/srv/simple/greeting/index.html", "w").write(f'<a href="{wheel}">{wheel}</a>')
serve = functools.partial(http.server.SimpleHTTPRequestHandler, directory="/srv")
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/certificates/server.pem", "/certificates/server-key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print("listening on", server.server_port, flush=True)
server.serve_forever()
"#;
    let certificates = certificates().join("private");
    let server = Container::new(&site.image(BOOKWORM))
        .bare()
        .flags("--network host")
        .mount(&certificates, "/certificates");
    server.start(&["python3", "-c", script]).exits(0);
    server.wait_for("listening on");
    let port = server.logs().stdout.trim().rsplit(' ').next().unwrap().to_owned();
    (server, format!("https://127.0.0.1:{port}/simple/"))
}

/// Builds an image whose Dockerfile ends with `step`; pip is configured with the index only.
#[track_caller]
fn build(site: &Site, step: &str, index: &str) -> (Image, Outcome) {
    let folder = Folder::new();
    folder.write("requirements.txt", format!("--index-url {index}\ngreeting\n"));
    let base = site.image(BOOKWORM);
    let lines = format!(
        "FROM {base}\nENV PATH=/opt/venv/bin:$PATH PIP_RETRIES=0\nCOPY requirements.txt .\n{step}"
    );
    let file = folder.write("Dockerfile", lines);
    let image = Image(format!("trust-init-test/{}", unique()));
    let secret = format!("id=ca,src={}", PRIVATE.ca().display());
    let (file, context) = (file.to_string_lossy(), folder.0.to_string_lossy());
    let words = ["buildx", "build", "--network", "host", "--progress", "plain", "--no-cache"];
    let more = ["--secret", &secret, "--tag", &image.0, "--file", &file, &context];
    let outcome = docker_build([&words[..], &[&label()], &more].concat());
    (image, outcome)
}

/// Runs the README's step unchanged; without any part of it the build fails.
#[test]
fn pip_behind_a_private_ca() {
    let (site, program) = (site(), programs());
    let (_server, index) = index(&site);
    let step =
        readme::block("docker build").replace("from=trust-init,", &format!("from={program},"));
    assert!(step.contains(&program), "the README's step takes the program from its image: {step}");

    let entry = "/trust-init --dir /dev/shm --";
    let secret = step.lines().find(|line| line.contains("type=secret")).expect("a secret");
    for part in [secret, entry] {
        assert!(step.contains(part), "the README's step has `{part}`: {step}");
        let without = step.replace(part, if part == secret { "\\" } else { "" });
        build(&site, &without, &index).1.exits(1).says("CERTIFICATE_VERIFY_FAILED");
    }

    let (image, built) = build(&site, &step, &index);
    built.exits(0).says("trusting `CN=private CA`").says("in `/dev/shm/trust-init-0-");
    docker(["run", "--rm", &image.0, "python", "-m", "greeting"])
        .exits(0)
        .prints("hello from behind the private CA");
    has_no_ca(&image);
}

/// Asserts that no layer contains the CA's text, or a file with the name of the CA or the bundle. The package
/// that the build installed is found by the same search.
#[track_caller]
fn has_no_ca(image: &Image) {
    let folder = Folder::new();
    let (archive, saved) = (folder.0.join("image.tar"), folder.0.to_string_lossy());
    docker(["save", "--output", &archive.to_string_lossy(), &image.0]).exits(0);
    call("120", "tar", ["-C", &saved, "-xf", &archive.to_string_lossy()]).exits(0);
    // Old engines write `ID/layer.tar`, new ones `blobs/sha256/DIGEST`, among other files.
    let list = "find . -type f ! -name image.tar -exec sh -c 'tar -tf \"$1\" 2>/dev/null' - {} \\;";
    let names = call("120", "sh", ["-c", &format!("cd '{saved}' && {list}")]).exits(0).stdout;
    let lists = |end: &str| names.lines().any(|name| name.ends_with(end));
    assert!(
        lists("site-packages/greeting.py"),
        "the list of the layers' files lacks the package: {names}"
    );
    for end in ["/ca-bundle.crt", "/custom-ca.crt", "trust-init", "trust-init/"] {
        assert!(!lists(end), "a layer of {} contains {end}", image.0);
    }
    assert!(!names.contains("trust-init-0-"), "a layer of {} contains our directory", image.0);

    let layers = std::fs::read(archive).unwrap();
    let holds = |words: &str| memchr::memmem::find(&layers, words.as_bytes()).is_some();
    assert!(
        holds("hello from behind the private CA"),
        "the search does not find the installed package"
    );
    let certificate = std::fs::read_to_string(PRIVATE.ca()).unwrap();
    let line = certificate.lines().nth(2).unwrap();
    assert_eq!(line.len(), 64, "not a line from the certificate's middle: {line}");
    assert!(!holds(line), "a layer of {} contains the CA", image.0);
}
