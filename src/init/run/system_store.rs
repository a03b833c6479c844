//! What a run does for the image's own store, where that is asked for. What runs beside a service
//! (`docker exec`) takes nothing out of it.

use crate::sys::quote;

use crate::init::cli::{Invocation, Task};
use crate::init::run::java::Jvm;
use crate::init::system_store::{Installed, Order, Record, install};
use crate::sys::output::Report;
use crate::trust::bundle::{self, Pem};
use crate::trust::keystore;
use crate::trust::settings::OnError;

/// What is said where the service's CAs are others.
const ANOTHERS: &str = "the image's own store is left as it is, because a service that was started \
                        before may use it\nfix: mount the CA for that service too, and start it anew";

/// Whoever looks after the store in one run.
pub struct Keeper<'a> {
    invocation: &'a Invocation,
    report: Report,
    /// What earlier runs put there.
    pub record: Record,
}

impl<'a> Keeper<'a> {
    /// Reads what earlier runs did, if that can matter.
    ///
    /// # Errors
    /// As [`Record::read`].
    pub fn new(
        invocation: &'a Invocation,
        report: Report,
        has_authorities: bool,
    ) -> anyhow::Result<Self> {
        let matters = invocation.settings.install_store || has_authorities;
        let record = if matters { Record::read()? } else { Record::default() };
        Ok(Self { invocation, report, record })
    }

    /// What we added does not count as the image's.
    pub fn leave_out_ours(&self, roots: &mut Vec<Pem<'_>>) {
        let ours = self.record.certificates();
        if !ours.is_empty() {
            let ours = bundle::set(&ours);
            roots.retain(|root| !ours.contains(root.text()));
        }
    }

    /// Has the store trust `certificates`, and nothing else of ours.
    pub fn install(
        &self,
        certificates: &[Pem<'_>],
        jvm: Option<&Jvm<'_>>,
        failures: &mut Vec<anyhow::Error>,
    ) -> anyhow::Result<Installed> {
        let Invocation { settings, task } = self.invocation;
        if !settings.install_store || *task == Task::PrintEnv {
            return Ok(Installed::default());
        }
        let java = jvm
            .and_then(|jvm| Some((jvm.security.as_deref()?, keystore::write(&jvm.certificates()))));
        // What `docker exec` starts has no parent here, and is not the first process.
        let is_beside = std::process::id() != 1 && std::os::unix::process::parent_id() == 0;
        let is_beside = is_beside && *task != Task::Prepare;
        let dry = task.is_dry();
        match install(&Order { certificates, java, is_beside, dry }, &self.record) {
            Ok(installed) => {
                if installed.is_anothers {
                    self.report.warning_text(&ANOTHERS);
                }
                Ok(installed)
            }
            Err(error) if settings.on_error == OnError::Warn => {
                failures.push(error.into());
                Ok(Installed::default())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Takes out of the store what earlier runs put there.
    pub fn clear(&self, failures: &mut Vec<anyhow::Error>) -> anyhow::Result<()> {
        if self.invocation.settings.on_error == OnError::Warn || failures.is_empty() {
            let installed = self.install(&[], None, failures)?;
            self.line(&installed).iter().for_each(|line| self.report.info(line));
        }
        Ok(())
    }

    /// The line on it.
    pub fn line(&self, installed: &Installed) -> Option<String> {
        let is_dry = self.invocation.task.is_dry();
        let (files, words) = match (&*installed.files, &*installed.cleared) {
            ([], []) => return None,
            ([], cleared) if is_dry => (cleared, "would take out of the image's own store again"),
            ([], cleared) => (cleared, "taken out of the image's own store again"),
            (files, _) if is_dry => (files, "would put the same into the image's own store"),
            (files, _) => (files, "trusting the same in the image's own store"),
        };
        let files: Vec<_> = files.iter().map(|path| quote::path(path).to_string()).collect();
        Some(format!("{words}: {}", files.join(", ")))
    }
}
