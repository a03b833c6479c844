//! What Python brings of its own: certifi, code that names it, and grpcio.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use base64_simd::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::doctor::process::Patient;
use crate::sys::finding::Finding;
use crate::sys::quote;
use crate::sys::root::Files;

/// How much of the code is read: its entries, files and bytes, and how deep it lies.
const ENTRIES: usize = 20_000;
const FILES: usize = 2_000;
const BYTES: usize = 16 << 20;
const DEPTH: usize = 8;
/// How many places are told.
const TOLD: usize = 5;

/// Directories of packages, which are not the service's own code.
const PACKAGES: [&str; 2] = ["site-packages", "dist-packages"];
const OTHERS: [&str; 4] = ["node_modules", "__pycache__", "venv", "env"];

/// The variable of gRPC's own
/// (<https://github.com/grpc/grpc/blob/master/doc/environment_variables.md>, as are the two lists).
const GRPC_ROOTS: &str = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH";
const PROXY: [&str; 3] = ["grpc_proxy", "https_proxy", "http_proxy"];
const NO_PROXY: [&str; 2] = ["no_grpc_proxy", "no_proxy"];

/// All of it.
pub fn look(patient: &Patient) -> Vec<Finding> {
    let packages = packages(patient);
    let mut findings = grpc(patient, &packages);
    findings.extend(packages.iter().filter_map(|directory| patched(patient, directory)));
    findings.extend(hard_coded(patient));
    findings
}

/// Where packages are, beside each `bin` that programs are looked for in, and in a virtual environment
/// beside the code.
fn packages(patient: &Patient) -> Vec<PathBuf> {
    let environment = &patient.environment;
    let bins = std::env::split_paths(environment.get("PATH").unwrap_or_default());
    let beside = bins.filter_map(|bin| Some(bin.parent()?.to_path_buf()));
    let program = patient.program().and_then(|file| Some(file.parent()?.parent()?.to_path_buf()));
    let here = patient.directory().into_iter();
    let own = here.flat_map(|directory| [".venv", "venv"].map(|name| directory.join(name)));
    let named = environment.get("VIRTUAL_ENV").map(PathBuf::from);
    let mut found: Vec<PathBuf> = Vec::new();
    for prefix in beside.chain(program).chain(own).chain(named) {
        // What is below /lib is below /usr/lib.
        let library = prefix.join("lib");
        if prefix == Path::new("/") {
            continue;
        }
        for python in patient.names(&library) {
            if python.as_encoded_bytes().starts_with(b"python3") {
                found.extend(PACKAGES.map(|name| library.join(&python).join(name)));
            }
        }
    }
    let mut found: Vec<_> = found.iter().filter_map(|path| patient.real(path)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// gRPC's C core reads no variable but its own, and that only for TLS.
fn grpc(patient: &Patient, packages: &[PathBuf]) -> Vec<Finding> {
    let mut all = packages.iter().map(|directory| directory.join("grpc/_cython"));
    let Some(core) = all.find(|core| patient.at(core).as_ref().is_dir()) else {
        return Vec::new();
    };
    let thing =
        format!("grpcio in {}", quote::path(core.parent().and_then(Path::parent).unwrap_or(&core)));
    let get = |name: &&str| patient.environment.get(name).filter(|value| !value.is_empty());
    let mut findings = vec![match get(&GRPC_ROOTS) {
        None => {
            let cause = "left alone: TLS of gRPC trusts its own roots, and plaintext is as it was";
            Finding::ok("grpc-left-alone", &thing, cause).with_fix(
                "TRUST_INIT_GRPC_ROOTS=1, if a gRPC server below the custom CA speaks TLS",
            )
        }
        Some(path) => {
            let path = quote::word(path);
            let cause = format!("its TLS trusts {path} alone; plaintext gRPC reads no file");
            Finding::ok("grpc-roots", &thing, cause)
        }
    }];
    let proxy = PROXY.iter().find(|name| get(name).is_some());
    if let Some(proxy) = proxy.filter(|_| !NO_PROXY.iter().any(|name| get(name).is_some())) {
        let cause = format!("{proxy} is set, and plaintext gRPC goes through that proxy as well");
        let fix = "set no_grpc_proxy to the hosts of the internal services, with commas between";
        findings.push(Finding::warning("grpc-proxied", &thing, cause, fix));
    }
    findings
}

/// A certifi whose bundle is not the one that was installed
/// (<https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file>).
fn patched(patient: &Patient, directory: &Path) -> Option<Finding> {
    let names = patient.names(directory);
    let info = names.iter().find(|name| {
        let name = name.as_encoded_bytes();
        name.starts_with(b"certifi-") && name.ends_with(b".dist-info")
    })?;
    let record = patient.read(&directory.join(info).join("RECORD")).ok()?;
    let record = String::from_utf8(record).ok()?;
    let line = record.lines().find_map(|line| line.strip_prefix("certifi/cacert.pem,sha256="))?;
    let bundle = directory.join("certifi/cacert.pem");
    let digest = URL_SAFE_NO_PAD.encode_to_string(Sha256::digest(patient.read(&bundle).ok()?));
    (line.split(',').next() != Some(&digest)).then(|| {
        let cause = "was changed after certifi was installed: the next update undoes that in silence, \
                     and no variable shows it";
        let fix = "pip install --force-reinstall --no-deps certifi";
        Finding::warning("certifi-patched", &quote::path(&bundle), cause, fix)
    })
}

/// Code that hands certifi's file to a client, which then reads no variable.
fn hard_coded(patient: &Patient) -> Vec<Finding> {
    let here = patient.directory().unwrap_or_else(|| "/".into());
    let scripts = patient.words.iter().filter(|word| word.as_encoded_bytes().ends_with(b".py"));
    let scripts = scripts.filter_map(|word| Some(here.join(word).parent()?.to_path_buf()));
    let is_code = |directory: &PathBuf| {
        let is_package =
            |part: Component<'_>| PACKAGES.iter().any(|name| part.as_os_str() == *name);
        // All of an image is too much, and nobody's code.
        directory != Path::new("/") && !directory.components().any(is_package)
    };
    let mut places: Vec<_> = std::iter::once(here.clone()).chain(scripts).filter(is_code).collect();
    places.sort_unstable();
    places.dedup_by(|later, earlier| later.starts_with(earlier));
    let is_own = |name: &OsStr| !PACKAGES.iter().chain(&OTHERS).any(|other| name == *other);
    let (mut entries, mut bytes) = (ENTRIES, BYTES);
    let files = places.iter().flat_map(|place| patient.below(place, DEPTH, &mut entries, &is_own));
    let code: Vec<_> = files.filter(|path| path.extension() == Some(OsStr::new("py"))).collect();
    let mut findings = Vec::new();
    for path in code.iter().take(FILES) {
        let length = patient.at(path).as_ref().metadata().map_or(0, |found| found.len());
        let Some(rest) = bytes.checked_sub(usize::try_from(length).unwrap_or(usize::MAX)) else {
            break;
        };
        bytes = rest;
        let text = patient.read(path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let Some(line) = text.lines().position(names_certifi) else { continue };
        let cause = "`certifi.where()` is handed to a client, which then reads certifi's own roots and \
                     none of the trust variables";
        let fix = "take the argument away: without it the client reads SSL_CERT_FILE or REQUESTS_CA_BUNDLE";
        let thing = format!("{} line {}", quote::path(path), line + 1);
        findings.push(Finding::warning("certifi-hard-coded", &thing, cause, fix));
        if findings.len() == TOLD {
            break;
        }
    }
    findings
}

/// Whether a line of code does it. A default for a variable that is not set stands in nobody's way.
fn names_certifi(line: &str) -> bool {
    line.contains("certifi.where()")
        && !line.trim_start().starts_with('#')
        && !line.contains("setdefault")
        && !line.contains("environ.get")
}
