//! The program trust-init: reads the command line and the variables, runs, and returns the exit code.

use std::process::ExitCode;

use trust_init::init::cli::{self, Task};
use trust_init::init::run::{answer, run};
use trust_init::sys::environment::Environment;
use trust_init::sys::exit_code;
use trust_init::sys::output::Report;
use trust_init::trust::settings;
use trust_init::trust::variables;

const HELP: &str = include_str!("../init/help.txt");

fn main() -> ExitCode {
    let found = Environment::of_process();
    let invocation = match cli::parse(std::env::args_os().skip(1), &found) {
        Ok(invocation) => invocation,
        Err(error) => {
            Report::new("trust-init", settings::parse_log(&found).unwrap_or_default())
                .error(&error);
            return exit_code::FAILED.into();
        }
    };
    let report = Report::new("trust-init", invocation.settings.log);
    settings::unknown_variables(&found).for_each(|unknown| report.warning(&unknown));
    let code = match invocation.task {
        Task::Help => answer(report, HELP),
        Task::Version => answer(report, concat!("trust-init ", env!("CARGO_PKG_VERSION"), "\n")),
        Task::ListVariables => answer(report, &variables::listing()),
        _ => run(&invocation, &found, report),
    };
    code.into()
}
