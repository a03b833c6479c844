//! The changes of a setup or a removal, in an order that leaves a working project if the run is killed.
//!
//! Every new file is staged before the first rename, under a name that the next run removes. A setup installs
//! the files before the overlay and `.env` after it; a removal changes `.env` first.

use std::ffi::OsStr;

use crate::compose::layout::{OVERLAY, TRUST};
use crate::compose::setup::write::changes::Changes;
use crate::compose::setup::write::edited_file::{Edit, failed};
use crate::compose::setup::write::state::ProjectState;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::Directory;
use crate::sys::dir::replace::{NewFileMode, ReservedFile};

/// The changes of the project's directory.
#[derive(Default)]
pub(crate) struct ChangePlan<'a> {
    /// Whether this is a removal.
    pub is_removal: bool,
    /// The change of `.gitignore`.
    pub ignore: Option<Edit>,
    /// The change of `.env`.
    pub env: Option<Edit>,
    /// The files to write into `.trust/`.
    pub files: Vec<(&'a str, &'a [u8])>,
    /// The overlay to write.
    pub overlay: Option<&'a str>,
    /// Whether the overlay is to be removed.
    pub removes_overlay: bool,
    /// The files to remove from `.trust/`.
    pub obsolete: Vec<&'a str>,
    /// The report of these changes.
    pub changes: Changes,
}

impl ChangePlan<'_> {
    /// Makes the changes, unless `is_dry`, and returns their report. After an error, staged files are
    /// removed.
    pub(crate) fn execute(self, state: &ProjectState, is_dry: bool) -> Result<Changes, Diagnostic> {
        if is_dry {
            return Ok(self.changes.into_dry_run());
        }
        state.remove_staged();
        if self.changes.is_nothing() {
            return Ok(self.changes);
        }
        state.check_writable()?;
        let trust = state.open_or_create_trust()?;
        let done = self.stage(state, &trust).and_then(|env| self.install(state, &trust, env));
        if done.is_err() {
            state.remove_staged();
        }
        // If this fails too, the first error is still the one to report.
        let _ = trust.unstage_all();
        let emptied = if done.is_err() || self.is_removal {
            state.base.remove_empty(TRUST.as_ref())
        } else {
            Ok(false)
        };
        done?;
        emptied.map_err(failed("remove", &state.path(TRUST)))?;
        Ok(self.changes)
    }

    /// Writes all new files under other names: after this, a full disk does no harm. Only `.env`, with its
    /// secrets, remains empty until `.gitignore` is installed.
    fn stage(
        &self,
        state: &ProjectState,
        trust: &Directory,
    ) -> Result<Option<ReservedFile>, Diagnostic> {
        if !self.is_removal {
            trust.make_public(|_| true).map_err(failed("change", &state.path(TRUST)))?;
        }
        let env = self.env.as_ref().map(|edit| edit.reserve(trust)).transpose()?.flatten();
        for (name, bytes) in &self.files {
            let staged = trust.stage(name.as_ref(), NewFileMode::Public, bytes);
            staged.map_err(failed("write", &state.trust_path(name)))?;
        }
        if let Some(text) = self.overlay {
            let staged = trust.stage(OVERLAY.as_ref(), NewFileMode::Public, text.as_bytes());
            staged.map_err(failed("write", &state.path(OVERLAY)))?;
        }
        if let Some(edit) = &self.ignore {
            edit.fill(edit.reserve(trust)?)?;
        }
        Ok(env)
    }

    /// Renames the staged files to their names, and removes files.
    fn install(
        &self,
        state: &ProjectState,
        trust: &Directory,
        env: Option<ReservedFile>,
    ) -> Result<(), Diagnostic> {
        let base = &state.base;
        let install =
            |edit: &Option<Edit>| edit.as_ref().map_or(Ok(()), |edit| edit.install(base, trust));
        if !self.is_removal {
            install(&self.ignore)?;
        }
        self.env.as_ref().map_or(Ok(()), |edit| edit.fill(env))?;
        if self.is_removal {
            install(&self.env)?;
        }
        for (name, _) in &self.files {
            let name: &OsStr = name.as_ref();
            trust
                .install_staged(name, trust, name)
                .map_err(failed("write", &state.trust_path(name)))?;
        }
        trust.sync().map_err(failed("write", &state.path(TRUST)))?;
        let overlay: &OsStr = OVERLAY.as_ref();
        if self.overlay.is_some() {
            let installed = trust.install_staged(overlay, base, overlay);
            installed.and_then(|()| base.sync()).map_err(failed("write", &state.path(OVERLAY)))?;
        } else if self.removes_overlay {
            let gone = base.unlink(overlay).and_then(|()| base.sync());
            gone.map_err(failed("remove", &state.path(OVERLAY)))?;
        }
        install(if self.is_removal { &self.ignore } else { &self.env })?;
        for name in &self.obsolete {
            trust.unlink(name.as_ref()).map_err(failed("remove", &state.trust_path(name)))?;
        }
        Ok(())
    }
}
