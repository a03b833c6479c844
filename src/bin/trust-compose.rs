//! The program trust-compose: reads the command line, runs the command and returns its exit code.

use std::process::ExitCode;

use trust_init::compose::cli::{Cli, PROGRAM};
use trust_init::compose::run::run;
use trust_init::sys::command_line;
use trust_init::sys::core_dump;
use trust_init::sys::dir;
use trust_init::sys::environment::Environment;
use trust_init::sys::exit_code;
use trust_init::sys::output::{Log, Report};

fn main() -> ExitCode {
    dir::block_file_size_signal();
    let shell = Environment::of_process();
    // After the environment is read: the kernel then gives the files in /proc to root.
    core_dump::forbid();
    let report = Report::new(PROGRAM, Log::Normal).in_colour(&shell);
    let code = match command_line::parse::<Cli>(std::env::args_os()) {
        Ok(cli) => run(cli, &shell, report),
        Err(stop) => stop.print(report, exit_code::TROUBLE),
    };
    code.into()
}
