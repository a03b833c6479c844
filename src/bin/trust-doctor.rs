//! The program trust-doctor: reads the command line, inspects the process and returns the exit code.

use std::process::ExitCode;

use trust_init::doctor::cli::Cli;
use trust_init::doctor::run::run;
use trust_init::sys::command_line;
use trust_init::sys::environment::Environment;
use trust_init::sys::exit_code;
use trust_init::sys::output::{Log, Report};

fn main() -> ExitCode {
    let report = Report::new("trust-doctor", Log::Normal).in_colour(&Environment::of_process());
    let code = match command_line::parse::<Cli>(std::env::args_os()) {
        Ok(cli) => run(&cli, report),
        Err(stop) => stop.print(report, exit_code::USAGE),
    };
    code.into()
}
