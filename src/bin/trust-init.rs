//! trust-init, the program: what was typed becomes settings, those a run, and that an exit code.

use std::process::ExitCode;

use trust_init::init::cli::{self, Task};
use trust_init::init::run::{answer, run};
use trust_init::sys::exit_code;
use trust_init::sys::output::Report;
use trust_init::trust::variables;

const HELP: &str = include_str!("../init/help.txt");

fn main() -> ExitCode {
    let found = cli::process_environment();
    let settings = match cli::settings(std::env::args_os().skip(1), &found) {
        Ok(settings) => settings,
        Err(error) => {
            cli::report(&found).error_text(&error, "");
            return exit_code::FAILED.into();
        }
    };
    let report = Report::new("trust-init", settings.log);
    for unknown in cli::unknown_variables(&found) {
        report.warning_text(&unknown);
    }
    let code = match settings.task {
        Task::Help => answer(report, HELP),
        Task::Version => answer(report, concat!("trust-init ", env!("CARGO_PKG_VERSION"), "\n")),
        Task::ListVariables => answer(report, &variables::listing()),
        _ => run(&settings, &found, report),
    };
    code.into()
}
