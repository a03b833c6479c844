//! trust-compose: runs the subcommand of the command line (`cli`), and returns its exit code.
//!
//! `setup` finds the project (`decide::find`), derives the operation, reads the CAs and the project
//! (`setup::read_context`), plans the overlay (`decide::decide`), and only then writes files
//! (`setup::install`).

use clap::CommandFactory as _;

use crate::compose::certs;
use crate::compose::cli::{self, Cli, Command, Setup, Shape, project_of};
use crate::compose::decide;
use crate::compose::docker;
use crate::compose::doctor::{self, verdict::verdict};
use crate::compose::host_trust;
use crate::compose::images::Images;
use crate::compose::inputs::{places, remote};
use crate::compose::inspect;
use crate::compose::kustomize;
use crate::compose::output::CommandOutput;
use crate::compose::project::files::FilesOrigin;
use crate::compose::replaceable;
use crate::compose::setup::{self, Operation, drift, installed, next_steps, remove, trial_read};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::owners::Owners;
use crate::sys::environment::Environment;
use crate::sys::exit_code;
use crate::sys::output::Report;
use crate::sys::quote;
use crate::sys::signals;
use crate::trust::time::Time;

/// Runs the subcommand and returns the exit code.
pub fn run(cli: Cli, shell: &Environment, report: Report) -> u8 {
    signals::on_stop(docker::created::remove_all);
    let result = match cli.command {
        Command::Certs(asked) => {
            let options = asked.options(Owners::on_host(shell));
            certs::run(&options, Time::now(), report)
                .map(|(text, code)| CommandOutput { text: text.into(), code })
        }
        Command::Inspect(asked) => return inspect::inspect(&asked, report),
        Command::Completions { shell } => return completions(shell, report),
        Command::Setup(mut asked) => {
            let Shape { custom_ca, extra_ca, .. } = &mut asked.shape;
            places::resolve(custom_ca, extra_ca, shell)
                .and_then(|()| fetch_ca(&mut asked, report))
                .and_then(|()| run_setup(&asked, shell, report))
        }
        Command::Kustomize(mut asked) => {
            places::resolve(&mut asked.custom_ca, &mut asked.extra_ca, shell)
                .and_then(|()| kustomize::run(&asked, shell, report))
        }
        Command::Remove(asked) => decide::find(&asked.project.options(), shell)
            .and_then(|files| remove::run(&files, asked.dry_run, asked.up, report)),
        Command::Trust(asked) => host_trust::run(&asked, shell, report),
        Command::Doctor(asked) => doctor::run(&asked, shell, report),
    };
    match result {
        Ok(CommandOutput { text, code }) => {
            report.result(&text).map_or(exit_code::TROUBLE, |()| code)
        }
        Err(error) => {
            report.error(&error);
            if error.is_usage { exit_code::USAGE } else { exit_code::TROUBLE }
        }
    }
}

/// Replaces the address of a server in `--custom-ca` by the file with its CA.
fn fetch_ca(asked: &mut Setup, report: Report) -> Result<(), Diagnostic> {
    let address = asked.shape.custom_ca.as_ref().filter(|path| remote::is_address(path));
    let Some(address) = address else { return Ok(()) };
    if asked.dry_run || asked.check {
        let failed = Diagnostic::cannot("use", quote::path(address)).usage();
        let failed = failed.because("--dry-run and --check write no file, and its CA needs one");
        return Err(failed.advise("name the file of its CA"));
    }
    asked.shape.custom_ca = Some(remote::fetch(address, &asked.shape.ca_sha256, report)?);
    Ok(())
}

fn run_setup(
    asked: &Setup,
    shell: &Environment,
    report: Report,
) -> Result<CommandOutput, Diagnostic> {
    let mut files = decide::find(&asked.project.options(), shell)?;
    if asked.again && files.origin != FilesOrigin::Option {
        // The compose files are part of what is repeated.
        let installed = installed::read(&files.base)?;
        let last = installed.and_then(|installed| project_of(&installed.options, &files.base));
        if let Some(last) = last.filter(|last| !last.files.is_empty()) {
            files = decide::find(&last, shell)?;
        }
    }
    let shape = match setup::operation(asked, &files)? {
        Operation::Remove => return remove::run(&files, asked.dry_run, asked.up, report),
        Operation::Check(None) => return drift::check_without_overlay(&files),
        Operation::Check(Some(shape)) | Operation::Install(shape) => shape,
    };
    let context = setup::read_context(&files, &shape, report)?;
    let owners = Owners::on_host(shell).of_project(&files.base);
    for warning in replaceable::authorities(&context.inputs, owners) {
        report.warning(&warning);
    }
    let warn = |warning: Diagnostic| report.warning(&warning);
    let decided =
        decide::decide(&context.project, &files, &shape, &context.inputs, Images::inspect, &warn);
    let again = "or run setup without --again, with the options that still apply";
    let decided = decided.map_err(|error| if asked.again { error.advise(again) } else { error })?;
    if asked.check {
        let running = next_steps::containers(&context.project).unwrap_or_default();
        return drift::check(&context, &decided, running);
    }
    if context.is_complete && !shape.swarm {
        trial_read::check(&files, &decided.overlay.text, &shell.temporary_directory())?;
    }
    let done = setup::install(&context, asked, decided, report)?;
    if asked.up && done.code == 0 {
        return Ok(verdict(&asked.project, &files).into());
    }
    Ok(done)
}

fn completions(shell: clap_complete::Shell, report: Report) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), cli::PROGRAM, &mut script);
    // The bash script compares its variable with another name of this program
    // (https://github.com/clap-rs/clap/issues/6421).
    let script = String::from_utf8_lossy(&script);
    let script = script.replace("trust__subcmd__compose", "trust__compose");
    report.answer(&script).map_or(exit_code::TROUBLE, |()| 0)
}
