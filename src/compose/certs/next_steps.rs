//! The next steps after `certs` created a CA: install it in clients, renew it from cron, set up the project.

use std::env;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::compose::certs::host_stores::{HOST_SYSTEMS, keychain_command};
use crate::compose::certs::options::{CA, CA_KEY, CertsOptions, PROGRAM};
use crate::compose::project::files::has_default_file;
use crate::sys::quote;
use crate::trust::certificate::Certificate;
use crate::trust::source::Origin;

/// Returns the steps after `ca` was created.
pub(crate) fn describe(options: &CertsOptions, ca: &Certificate) -> String {
    let mut text = install_instructions(options, ca);
    if !options.ca_only {
        let _ = writeln!(text, "\nnext: renew from cron (`crontab -e`): {}", cron_line(options));
    }
    if has_default_file(Path::new(".")) {
        let directory = quote::shell(&options.out.path);
        let _ = writeln!(text, "\nnext: {PROGRAM} setup --custom-ca {directory}");
    }
    text
}

/// Returns the commands that install a CA: on this machine, and from each system's manual.
fn install_instructions(options: &CertsOptions, ca: &Certificate) -> String {
    let path = options.path(CA);
    let key = quote::path(&options.path(CA_KEY)).to_string();
    let shown = quote::path(&path);
    let mut text = format!("\nnext: install {shown} on clients, and keep {key} secret\n");
    let mut line = |name: &str, command: String| {
        let _ = writeln!(text, "  {name:<14}  {command}");
    };
    if !cfg!(target_os = "macos") {
        let is_default = options.out.origin == Origin::Default;
        let directory = format!(" --custom-ca {}", quote::shell(&options.out.path));
        let directory = if is_default { "" } else { &directory };
        line("this machine", format!("{PROGRAM} trust --here{directory}"));
    }
    line("macOS", keychain_command(&path));
    for system in &HOST_SYSTEMS {
        line(system.name, system.install_command(&path, ca));
    }
    line("Windows", "certutil -addstore -f Root ca.crt      (as administrator)".to_owned());
    line(
        "Firefox",
        "Settings, Privacy & Security, View Certificates, Authorities, Import".to_owned(),
    );
    line(
        "containers",
        "mount it at /usr/local/share/ca-certificates/custom-ca.crt where trust-init is the entrypoint"
            .to_owned(),
    );
    text
}

/// Returns a line of crontab(5) that renews the certificate, at four o'clock on Mondays. cron's PATH is
/// `/usr/bin:/bin`, so the line names this program by its path; `%` would end the command.
fn cron_line(options: &CertsOptions) -> String {
    let program = env::current_exe().unwrap_or_else(|_| PathBuf::from(PROGRAM));
    let directory = env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let (program, directory) = (quote::shell(&program), quote::shell(&directory));
    let arguments = options.arguments_of(&[]);
    let command = format!("cd {directory} && {program} certs{arguments} --renew");
    format!("0 4 * * 1  {}", command.replace('%', "\\%"))
}
