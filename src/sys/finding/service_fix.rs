//! A fix that trust-doctor cannot complete inside a container: the command needs the project's files and the
//! service's name, which only the host knows. It is sent as data, and trust-compose writes the command.

use serde::{Deserialize, Serialize};

use crate::sys::quote;

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
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceCommand {
    /// Restart its container.
    Restart,
    /// Create its container again.
    Recreate,
    /// Inspect it again with the capability SYS_PTRACE.
    PrivilegedDoctor,
    /// Trust the CA in this file as well.
    Trust(String),
}

/// What the host knows: the commands about the inspected service.
pub struct Host<'a> {
    /// `docker compose` with the options of the project, as words of a shell.
    pub compose: &'a str,
    /// `trust-compose doctor` with the options of the project and the image.
    pub doctor: &'a str,
    /// The service's name, as a word of a shell.
    pub service: &'a str,
    /// Returns the commands that make the project's services trust the CA in a file as well.
    pub trust: &'a dyn Fn(&str) -> String,
}

impl ServiceFix {
    /// The fix in the container, where nothing of the project is known: a sentence.
    pub(crate) fn sentence(&self) -> String {
        let what = match &self.command {
            ServiceCommand::Restart => "restart the container".to_owned(),
            ServiceCommand::Recreate => "create the container again".to_owned(),
            ServiceCommand::PrivilegedDoctor => {
                "run this as the uid of that process, or with the capability SYS_PTRACE".to_owned()
            }
            ServiceCommand::Trust(file) => {
                let file = quote::shell(file);
                format!("trust the CA in {file}: `trust-compose setup --custom-ca {file}`")
            }
        };
        self.after_advice(&what)
    }

    /// The fix on the host: commands, or a sentence that ends in one.
    pub fn text(&self, Host { compose, doctor, service, trust }: &Host<'_>) -> String {
        let command = match &self.command {
            ServiceCommand::Restart => format!("{compose} restart {service}"),
            ServiceCommand::Recreate => format!("{compose} up -d --force-recreate {service}"),
            ServiceCommand::PrivilegedDoctor => format!("{doctor} {service} --privileged-look"),
            ServiceCommand::Trust(file) => trust(file),
        };
        if self.advice.is_none() { command } else { self.after_advice(&format!("run `{command}`")) }
    }

    fn after_advice(&self, what: &str) -> String {
        self.advice
            .as_ref()
            .map_or_else(|| what.to_owned(), |advice| format!("{advice}, then {what}"))
    }
}
