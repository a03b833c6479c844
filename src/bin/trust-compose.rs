//! trust-compose, the program: what was typed becomes a task, and that an exit code.

use std::process::ExitCode;

use trust_init::compose::cli;
use trust_init::compose::run::{answer, run};
use trust_init::sys::dir;
use trust_init::sys::environment::Environment;
use trust_init::sys::exit_code;
use trust_init::sys::output::{Log, Report};

fn main() -> ExitCode {
    dir::outlive_limit();
    let report = Report::new(cli::PROGRAM, Log::Normal);
    let code = match cli::parse(std::env::args_os()) {
        Ok(cli) => run(cli, &Environment::of_process(), report),
        Err(stop) => {
            if let Some(text) = stop.text() {
                answer(report, &text)
            } else {
                report.error_text(&stop, "");
                exit_code::USAGE
            }
        }
    };
    code.into()
}
