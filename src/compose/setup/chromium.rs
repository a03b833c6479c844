//! Configures the Chromium of a service: it reads no trust variable and no store of the image, but the policy
//! `CACertificates`. A headless shell reads no policy; docs/images.md says what reaches it.

use std::ffi::OsStr;

use crate::compose::project::{Service, Unit};
use crate::sys::environment::Environment;
use crate::trust::bundle::Pem;

/// The directories of policies of Chromium, Google Chrome and Chrome for Testing
/// (chrome/common/chrome_paths.cc of Chromium, `DIR_POLICY_FILES`).
const POLICY_DIRECTORIES: [&str; 3] = [
    "/etc/chromium/policies/managed",
    "/etc/opt/chrome/policies/managed",
    "/etc/opt/chrome_for_testing/policies/managed",
];

/// The name of our policy file.
const POLICY: &str = "trust-init.json";

/// The policy with trust anchors (<https://chromeenterprise.google/policies/#CACertificates>).
const CA_CERTIFICATES: &str = "CACertificates";

/// Variables that name a Chromium: alpine-chrome, karma, Gotenberg, Puppeteer, Playwright.
const BROWSER_VARIABLES: [&str; 5] = [
    "CHROME_BIN",
    "CHROMIUM_PATH",
    "CHROMIUM_BIN_PATH",
    "PUPPETEER_EXECUTABLE_PATH",
    "PLAYWRIGHT_BROWSERS_PATH",
];

/// Whether the environment of a container names a Chromium.
pub(crate) fn is_named_in(environment: &Environment) -> bool {
    let has = |name: &str| environment.get(name).is_some_and(|value| value != OsStr::new(""));
    BROWSER_VARIABLES.into_iter().any(has)
}

/// Returns the paths at which the policy is mounted into a service, and the remark for the user. A mount of the
/// service above a path belongs to the user.
pub(crate) fn policy_paths(service: &Service, unit: Unit) -> (Vec<String>, &'static str) {
    if unit == Unit::Container {
        // A container of Kubernetes gets a directory, and these files would be outside it.
        return (Vec::new(), "Chromium not configured: it reads no variable (see docs/images.md)");
    }
    let is_free = |path: &String| !service.mounts.iter().any(|mount| mount.is_above(path));
    let paths = POLICY_DIRECTORIES.iter().map(|directory| format!("{directory}/{POLICY}"));
    let paths: Vec<_> = paths.filter(is_free).collect();
    let line = if paths.len() == POLICY_DIRECTORIES.len() {
        "in Chromium by a policy file, which a headless shell does not read (see docs/images.md)"
    } else {
        "Chromium not configured where the service mounts policies of its own"
    };
    (paths, line)
}

/// Returns the contents of the policy file: Chromium takes DER in base64, which is the text inside PEM.
pub(crate) fn policy(custom: &[Pem<'_>]) -> Vec<u8> {
    let base64 = |pem: &Pem<'_>| {
        let text = String::from_utf8_lossy(pem.text()).into_owned();
        text.lines().filter(|line| !line.starts_with('-')).collect::<String>()
    };
    let certificates: Vec<_> = custom.iter().map(base64).collect();
    serde_json::json!({ CA_CERTIFICATES: certificates }).to_string().into_bytes()
}
