//! trust-compose, the program: what was typed becomes a task, and that an exit code.

use std::process::ExitCode;

use trust_init::cli::process_environment;
use trust_init::compose::{answer, cli, run};
use trust_init::disk;
use trust_init::exit;
use trust_init::report::{Log, Report};

fn main() -> ExitCode {
    disk::outlive_limit();
    let report = Report::new(cli::PROGRAM, Log::Normal);
    let code = match cli::parse(std::env::args_os()) {
        Ok(cli) => run(cli, &process_environment(), report),
        Err(stop) => {
            if let Some(text) = stop.text() {
                answer(report, &text)
            } else {
                report.error(&stop, "");
                exit::USAGE
            }
        }
    };
    code.into()
}
