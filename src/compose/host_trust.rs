//! `trust --here`: installs CAs in the stores of this machine, or removes them. `store` finds the stores and
//! knows their commands, `command` runs these.

#[expect(clippy::disallowed_methods, reason = "starts the programs that change a store")]
pub(crate) mod command;
pub(crate) mod store;

use std::fmt::Write as _;

use crate::compose::certs::host_stores::keychain_command;
use crate::compose::cli::Trust;
use crate::compose::host_trust::command::ProgramPath;
use crate::compose::host_trust::store::HostStore;
use crate::compose::inputs::{self, InputOptions};
use crate::compose::output::CommandOutput;
use crate::compose::passwords;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::environment::Environment;
use crate::sys::exit_code;
use crate::sys::output::Report;
use crate::sys::quote;
use crate::sys::styled::{Styled, Tone};
use crate::trust::certificate::Certificate;
use crate::trust::time::Time;

/// Changes each store that is found, and returns what was done.
///
/// # Errors
/// When the CA cannot be used, or this machine has no known store.
pub(crate) fn run(
    args: &Trust,
    shell: &Environment,
    report: Report,
) -> Result<CommandOutput, Diagnostic> {
    let options = InputOptions {
        custom_ca: Some(args.custom_ca.clone()),
        is_trust_only: true,
        ..InputOptions::default()
    };
    let inputs = inputs::read(&options, Time::now(), &passwords::prompt_at_terminal)?;
    inputs.warnings.iter().for_each(|warning| report.warning(warning));
    if cfg!(target_os = "macos") {
        let failed = Diagnostic::cannot("change", "the keychain");
        let failed = failed.because("trust-compose does this on Linux only");
        return Err(failed.run(keychain_command(&args.custom_ca)));
    }
    let path = ProgramPath::new(shell);
    let (stores, missing) = store::find(shell, &path, args.java);
    for warning in &missing {
        report.warning(warning);
    }
    if stores.is_empty() {
        return Err(Diagnostic::cannot("find", "a store of CA certificates on this machine")
            .because("it has none of the known directories and databases")
            .advise("install the package ca-certificates, and run this again"));
    }
    let (mut result, mut has_changed) = (CommandOutput::default(), false);
    for store in &stores {
        match change(store, args, &inputs.custom, &path, report, &mut result.text) {
            Ok(changed) => has_changed |= changed,
            Err(error) => {
                report.error(&error);
                result.code = exit_code::TROUBLE;
            }
        }
    }
    if has_changed {
        result.text.push(Tone::Plain, "next: restart browsers and services that are running\n");
    }
    Ok(result)
}

/// Installs `authorities` in one store, or removes them. Returns whether it changed the store.
fn change(
    store: &HostStore,
    args: &Trust,
    authorities: &[Certificate],
    path: &ProgramPath,
    report: Report,
    text: &mut Styled,
) -> Result<bool, Diagnostic> {
    let is_due = |ca: &&Certificate| args.dry_run || store.contains(ca, path) == args.undo;
    let due: Vec<_> = authorities.iter().filter(is_due).collect();
    let commands = due.iter().map(|ca| store.change_command(ca, args.undo));
    let commands: Vec<_> = commands.chain(store.update_command()).collect();
    let verb = match (args.undo, due.is_empty(), args.dry_run) {
        (false, true, _) => "already in",
        (true, true, _) => "not in",
        (false, false, true) => "would install in",
        (true, false, true) => "would remove from",
        (false, false, false) => "installed in",
        (true, false, false) => "removed from",
    };
    if !due.is_empty() && !args.dry_run {
        for command in &commands {
            if command.is_by_sudo() {
                report.remark(&format_args!("running: {command}"));
            }
            command.run(path)?;
        }
        if let Some(ca) = due.iter().find(|ca| store.contains(ca, path) == args.undo) {
            let name = quote::word(&ca.subject);
            return Err(Diagnostic::cannot("change", store)
                .because(format_args!("its commands succeeded without an effect on {name}"))
                .advise("look at the store with the tool of this system"));
        }
    }
    text.push(if due.is_empty() { Tone::Plain } else { Tone::Good }, verb);
    let _ = writeln!(text, " {store}");
    let has_changed = !due.is_empty() && !args.dry_run;
    let names = if due.is_empty() { authorities.iter().collect() } else { due };
    for ca in names {
        let _ = writeln!(text, "  {} until {}", quote::word(&ca.subject), ca.not_after);
    }
    for command in commands.iter().filter(|_| args.dry_run) {
        let _ = writeln!(text, "  {command}");
    }
    Ok(has_changed)
}
