//! trust-doctor, the program: what was typed becomes a look, and that an exit code.

use std::process::ExitCode;

use clap::Parser as _;
use trust_init::doctor::cli::Cli;
use trust_init::doctor::run::run;
use trust_init::sys::environment::Environment;
use trust_init::sys::output::{Log, Report};

fn main() -> ExitCode {
    let report = Report::new("trust-doctor", Log::Normal);
    run(&Cli::parse(), &Environment::of_process(), report).into()
}
