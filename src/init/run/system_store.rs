//! Installs the custom CAs in the image's own store, with `--install-store`. A run beside a service
//! (`docker exec`) removes none from it.

use crate::init::cli::{Invocation, Task};
use crate::init::run::failures::Failures;
use crate::init::run::java::JvmConfiguration;
use crate::init::system_store::{InstallOptions, InstallResult, Record, install};
use crate::sys::diagnostic::Diagnostic;
use crate::sys::log_record::Event;
use crate::sys::output::Report;
use crate::sys::quote;
use crate::trust::bundle::{self, Pem};

/// The image's own store, as one run sees it.
pub(crate) struct SystemStore<'a> {
    invocation: &'a Invocation,
    report: Report,
    /// The changes of earlier runs.
    pub record: Record,
}

impl<'a> SystemStore<'a> {
    /// Reads the record of earlier runs, if it can matter.
    ///
    /// # Errors
    /// As [`Record::read`].
    pub(crate) fn open(
        invocation: &'a Invocation,
        report: Report,
        has_custom_cas: bool,
    ) -> Result<Self, Diagnostic> {
        let matters = invocation.settings.install_store || has_custom_cas;
        let record = if matters { Record::read()? } else { Record::default() };
        Ok(Self { invocation, report, record })
    }

    /// Removes from `roots` the certificates that trust-init added to the image's files.
    pub(crate) fn leave_out_ours(&self, roots: &mut Vec<Pem<'_>>) {
        let ours = self.record.certificates();
        if !ours.is_empty() {
            let ours = bundle::certificate_set(&ours);
            roots.retain(|root| !ours.contains(root.text()));
        }
    }

    /// Installs `certificates`, and removes other certificates that trust-init added.
    pub(crate) fn install(
        &self,
        certificates: &[Pem<'_>],
        jvm: Option<&JvmConfiguration<'_>>,
        failures: &mut Failures,
    ) -> InstallResult {
        let Invocation { settings, task } = self.invocation;
        if !settings.install_store || *task == Task::PrintEnv {
            return InstallResult::default();
        }
        let java = jvm.and_then(|jvm| Some((jvm.security.as_deref()?, jvm.store.encode())));
        // A process of `docker exec` has no parent in this namespace, and is not the first process.
        let is_beside = std::process::id() != 1 && std::os::unix::process::parent_id() == 0;
        let is_beside = is_beside && *task != Task::Prepare;
        let options = InstallOptions { certificates, java, is_beside, dry: task.is_dry() };
        let installed = install(&options, &self.record).unwrap_or_else(|failure| {
            failures.push(failure);
            InstallResult::default()
        });
        if installed.is_of_another_run {
            self.report.warning(
                &Diagnostic::statement(
                    "the image's own store is not changed, because a service that was started before \
                     may use it",
                )
                .advise("mount the CA for that service too, and restart it"),
            );
        }
        installed
    }

    /// Removes the certificates of earlier runs from the store, unless an error prevents the start.
    pub(crate) fn clear(&self, failures: &mut Failures) {
        if !failures.prevent_start() {
            let installed = self.install(&[], None, failures);
            self.report.events(self.event(&installed).as_slice());
        }
    }

    /// Returns the event of the changes.
    pub(crate) fn event(&self, installed: &InstallResult) -> Option<Event> {
        let is_dry = self.invocation.task.is_dry();
        let (files, action) = match (&*installed.files, &*installed.cleared) {
            ([], []) => return None,
            ([], cleared) if is_dry => (cleared, "would remove from the image's own store"),
            ([], cleared) => (cleared, "removed from the image's own store"),
            (files, _) if is_dry => (files, "would install the same in the image's own store"),
            (files, _) => (files, "trusting the same in the image's own store"),
        };
        let files: Vec<_> = files.iter().map(|path| quote::path(path).to_string()).collect();
        Some(Event::new("store-changed", format!("{action}: {}", files.join(", "))))
    }
}
