//! Python packages with root certificates of their own: certifi, code that passes it, and grpcio.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use base64_simd::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::doctor::process::TargetProcess;
use crate::sys::finding::Finding;
use crate::sys::quote;
use crate::sys::root::FileSystem;

/// The limits for reading code: directory entries, files, bytes, and levels of directories.
const ENTRIES: usize = 20_000;
const FILES: usize = 2_000;
const BYTES: usize = 16 << 20;
const DEPTH: usize = 8;
/// The number of lines of code that are reported.
const LINES: usize = 5;

/// Directories of installed packages, which are not the service's own code.
const PACKAGES: [&str; 2] = ["site-packages", "dist-packages"];
const OTHERS: [&str; 4] = ["node_modules", "__pycache__", "venv", "env"];

/// The variable of gRPC
/// (<https://github.com/grpc/grpc/blob/master/doc/environment_variables.md>, as are the two lists).
const GRPC_ROOTS: &str = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH";
const PROXY: [&str; 3] = ["grpc_proxy", "https_proxy", "http_proxy"];
const NO_PROXY: [&str; 2] = ["no_grpc_proxy", "no_proxy"];

/// Runs all checks of Python.
pub(crate) fn check(process: &TargetProcess) -> Vec<Finding> {
    let packages = packages(process);
    let mut findings = grpc(process, &packages);
    findings.extend(packages.iter().filter_map(|directory| patched(process, directory)));
    findings.extend(hard_coded(process));
    findings
}

/// Returns the directories of packages: beside each `bin` in PATH, and in a virtual environment beside the
/// code.
fn packages(process: &TargetProcess) -> Vec<PathBuf> {
    let environment = &process.environment;
    let bins = std::env::split_paths(environment.get("PATH").unwrap_or_default());
    let beside = bins.filter_map(|bin| Some(bin.parent()?.to_path_buf()));
    let program = process.program().and_then(|file| Some(file.parent()?.parent()?.to_path_buf()));
    let here = process.directory().into_iter();
    let own = here.flat_map(|directory| [".venv", "venv"].map(|name| directory.join(name)));
    let named = environment.get("VIRTUAL_ENV").map(PathBuf::from);
    let mut found: Vec<PathBuf> = Vec::new();
    for prefix in beside.chain(program).chain(own).chain(named) {
        // /lib is a link to /usr/lib.
        let library = prefix.join("lib");
        if prefix == Path::new("/") {
            continue;
        }
        for python in process.names(&library) {
            if python.as_encoded_bytes().starts_with(b"python3") {
                found.extend(PACKAGES.map(|name| library.join(&python).join(name)));
            }
        }
    }
    let mut found: Vec<_> = found.iter().filter_map(|path| process.canonical_path(path)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Reports gRPC's C core, which reads no variable except its own, and that only for TLS.
fn grpc(process: &TargetProcess, packages: &[PathBuf]) -> Vec<Finding> {
    let mut all = packages.iter().map(|directory| directory.join("grpc/_cython"));
    let Some(core) = all.find(|core| process.local_path(core).as_ref().is_dir()) else {
        return Vec::new();
    };
    let subject =
        format!("grpcio in {}", quote::path(core.parent().and_then(Path::parent).unwrap_or(&core)));
    let get = |name: &&str| process.environment.get(name).filter(|value| !value.is_empty());
    let mut findings = vec![match get(&GRPC_ROOTS) {
        None => {
            let cause = "not changed: TLS of gRPC trusts its own roots, and plaintext needs none";
            Finding::info("grpc-left-alone", &subject, cause).with_fix(
                "TRUST_INIT_GRPC_ROOTS=1, if a gRPC server with a certificate of the custom CA speaks TLS",
            )
        }
        Some(path) => {
            let path = quote::word(path);
            let cause = format!("its TLS trusts only {path}; plaintext gRPC reads no file");
            Finding::ok("grpc-roots", &subject, cause)
        }
    }];
    let proxy = PROXY.iter().find(|name| get(name).is_some());
    if let Some(proxy) = proxy.filter(|_| !NO_PROXY.iter().any(|name| get(name).is_some())) {
        let cause = format!("{proxy} is set, and plaintext gRPC goes through that proxy as well");
        let fix = "set no_grpc_proxy to the hosts of the internal services, separated by commas";
        findings.push(Finding::warning("grpc-proxied", &subject, cause, fix));
    }
    findings
}

/// Reports a certifi whose bundle was changed after the installation
/// (<https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file>).
fn patched(process: &TargetProcess, directory: &Path) -> Option<Finding> {
    let names = process.names(directory);
    let info = names.iter().find(|name| {
        let name = name.as_encoded_bytes();
        name.starts_with(b"certifi-") && name.ends_with(b".dist-info")
    })?;
    let record = process.read(&directory.join(info).join("RECORD")).ok()?;
    let record = String::from_utf8(record).ok()?;
    let line = record.lines().find_map(|line| line.strip_prefix("certifi/cacert.pem,sha256="))?;
    let bundle = directory.join("certifi/cacert.pem");
    let digest = URL_SAFE_NO_PAD.encode_to_string(Sha256::digest(process.read(&bundle).ok()?));
    (line.split(',').next() != Some(&digest)).then(|| {
        let cause = "was changed after certifi was installed: the next update silently reverts that, and \
                     no variable shows it";
        let fix = "install certifi again: `pip install --force-reinstall --no-deps certifi`";
        Finding::warning("certifi-patched", &quote::path(&bundle), cause, fix)
    })
}

/// Reports code that passes certifi's file to a client, which then reads no variable.
fn hard_coded(process: &TargetProcess) -> Vec<Finding> {
    let here = process.directory().unwrap_or_else(|| "/".into());
    let scripts = process.arguments.iter().filter(|word| word.as_encoded_bytes().ends_with(b".py"));
    let scripts = scripts.filter_map(|word| Some(here.join(word).parent()?.to_path_buf()));
    let is_code = |directory: &PathBuf| {
        let is_package =
            |part: Component<'_>| PACKAGES.iter().any(|name| part.as_os_str() == *name);
        // A whole image is too much, and not the service's code.
        directory != Path::new("/") && !directory.components().any(is_package)
    };
    let mut directories: Vec<_> =
        std::iter::once(here.clone()).chain(scripts).filter(is_code).collect();
    directories.sort_unstable();
    directories.dedup_by(|later, earlier| later.starts_with(earlier));
    let is_own = |name: &OsStr| !PACKAGES.iter().chain(&OTHERS).any(|other| name == *other);
    let (mut entries, mut bytes) = (ENTRIES, BYTES);
    let files = directories
        .iter()
        .flat_map(|directory| process.files_below(directory, DEPTH, &mut entries, &is_own));
    let code: Vec<_> = files.filter(|path| path.extension() == Some(OsStr::new("py"))).collect();
    let mut findings = Vec::new();
    for path in code.iter().take(FILES) {
        let length = process.local_path(path).as_ref().metadata().map_or(0, |found| found.len());
        let Some(rest) = bytes.checked_sub(usize::try_from(length).unwrap_or(usize::MAX)) else {
            break;
        };
        bytes = rest;
        let text = process.read(path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let Some(line) = text.lines().position(names_certifi) else { continue };
        let cause = "`certifi.where()` is passed to a client, which then reads certifi's own roots and none \
                     of the trust variables";
        let fix =
            "remove the argument: without it the client reads SSL_CERT_FILE or REQUESTS_CA_BUNDLE";
        let subject = format!("{} line {}", quote::path(path), line + 1);
        findings.push(Finding::warning("certifi-hard-coded", &subject, cause, fix));
        if findings.len() == LINES {
            break;
        }
    }
    findings
}

/// Whether a line of code passes that file. A default for a variable that is not set does no harm.
fn names_certifi(line: &str) -> bool {
    line.contains("certifi.where()")
        && !line.trim_start().starts_with('#')
        && !line.contains("setdefault")
        && !line.contains("environ.get")
}
