//! A fix that trust-doctor cannot complete inside a container: the command needs the project's files and the
//! service's name, which only the host knows. It is sent as data, and trust-compose writes the command.

use serde::{Deserialize, Serialize};

/// What to do to the inspected service.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServiceFix {
    /// What to do first, one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// The command that follows.
    pub command: ServiceCommand,
}

/// A command about one service.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceCommand {
    /// Restart its container.
    Restart,
    /// Create its container again.
    Recreate,
    /// Inspect it again with the capability SYS_PTRACE.
    PrivilegedDoctor,
}

impl ServiceFix {
    /// The lines of the fix. `compose` is `docker compose` with the options of the project; both are words of
    /// a shell, and `service` is empty in trust-doctor, which does not know it.
    pub fn text(&self, compose: &str, service: &str) -> String {
        let command = match self.command {
            ServiceCommand::Restart => format!("{compose} restart {service}"),
            ServiceCommand::Recreate => format!("{compose} up -d --force-recreate {service}"),
            ServiceCommand::PrivilegedDoctor if service.is_empty() => {
                "run this as the uid of that process, or with the capability SYS_PTRACE".to_owned()
            }
            ServiceCommand::PrivilegedDoctor => {
                format!("trust-compose doctor {service} --privileged-look")
            }
        };
        let lines = self.advice.iter().map(String::as_str).chain([command.trim_end()]);
        lines.collect::<Vec<_>>().join("\n")
    }
}
