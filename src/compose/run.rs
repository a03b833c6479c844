//! trust-compose, the companion on the host: what was typed (`cli`) becomes one of its tasks.
//!
//! `certs` is `crate::compose::certs`; `survey` says what is in files. `setup` is a pipeline, and the modules
//! after it stand in its order: what was given (`inputs`), which project (`place`) and what it says
//! (`read`), who is to trust (`select`) and what their images hold (`images`), what stands in the way
//! (`obstacles`, `proxy`, `without`), the overlay, and the disk (`write`). `away` is the way back, and
//! `check` says what is out of step. Each task returns its exit code.

use crate::sys::quote;

use crate::compose::cli;
use crate::compose::doctor;
use crate::compose::error;
use crate::compose::inspect;
use crate::compose::kustomize;
use crate::compose::setup;
use crate::compose::setup::away;

use clap::CommandFactory as _;

use crate::compose::certs;
use crate::compose::cli::{Cli, Command};
use crate::compose::output::CommandOutput as Told;
pub use crate::compose::output::answer;
use crate::sys::environment::Environment;
use crate::sys::exit_code;
use crate::sys::output::Report;
use crate::trust::time::Time;

/// Does what was asked, and returns the exit code.
pub fn run(cli: Cli, shell: &Environment, report: Report) -> u8 {
    match cli.command {
        Command::Certs(asked) => match certs::run(&asked.options(), Time::now(), report) {
            Ok(text) => answer(report, &text),
            Err(diagnostic) => {
                report.error(&diagnostic);
                if diagnostic.is_usage { exit_code::USAGE } else { exit_code::TROUBLE }
            }
        },
        Command::Setup(asked) => told(setup::run(&asked, shell, report), report),
        Command::Kustomize(asked) => told(kustomize::run(&asked, shell, report), report),
        Command::Remove(asked) => {
            let place = setup::find(&asked.project.asked(), shell);
            told(
                place.and_then(|place| away::away(&place, asked.dry_run, asked.up, report)),
                report,
            )
        }
        Command::Doctor(asked) => told(doctor::run(&asked, shell, report), report),
        Command::Inspect(asked) => inspect::inspect(&asked, report),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), cli::PROGRAM, &mut script);
            // The cases of the bash script have another name for this program than the variable that they
            // are compared with (https://github.com/clap-rs/clap/issues/6421).
            let script = String::from_utf8_lossy(&script);
            answer(report, &script.replace("trust__subcmd__compose", "trust__compose"))
        }
    }
}

fn told(told: Result<Told, error::Refusal>, report: Report) -> u8 {
    match told {
        Ok(Told { text, code }) => match answer(report, &quote::visible_lines(&text)) {
            0 => code,
            failed => failed,
        },
        Err(refusal) => {
            report.error_text(&refusal, "");
            refusal.code()
        }
    }
}
