//! trust-compose, the companion on the host: what was typed (`cli`) becomes one of its tasks.
//!
//! `certs` is `crate::authority`; `survey` says what is in files. Each task returns its exit code.

pub mod cli;
pub mod project;
mod survey;

use clap::CommandFactory as _;

use self::cli::{Cli, Command};
use crate::authority::{self, Refusal};
use crate::exit;
use crate::inspect::certificate::Time;
use crate::report::Report;

/// Does what was asked, and returns the exit code.
pub fn run(cli: Cli, report: Report) -> u8 {
    match cli.command {
        Command::Certs(asked) => {
            let told = authority::run(&asked.order(), Time::now(), report);
            match told {
                Ok(text) => answer(report, &text),
                Err(refusal) => refuse(report, &refusal),
            }
        }
        Command::Inspect(asked) => survey::survey(&asked.files, asked.json, report),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), cli::PROGRAM, &mut script);
            answer(report, &String::from_utf8_lossy(&script))
        }
    }
}

/// Prints what was asked for.
pub fn answer(report: Report, text: &str) -> u8 {
    match report.answer(text) {
        Ok(()) => 0,
        Err(_) => exit::TROUBLE,
    }
}

fn refuse(report: Report, refusal: &Refusal) -> u8 {
    report.error(refusal, "");
    refusal.code()
}
