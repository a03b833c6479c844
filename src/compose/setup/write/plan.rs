//! What a setup or a removal does to the project's directory, and in which order, so that it can be killed
//! anywhere.
//!
//! All that needs space is staged before the first rename, under names that the next run removes. A setup puts
//! the files in place before the overlay and `.env` after it; a removal takes `.env` back first.

use std::ffi::OsStr;

use crate::compose::layout::{OVERLAY, TRUST};
use crate::compose::setup::write::changes::Changes;
use crate::compose::setup::write::edited_file::{Edit, failed};
use crate::compose::setup::write::state::ProjectState;
use crate::sys::diagnostic::Diagnostic;
use crate::sys::dir::Directory;
use crate::sys::dir::replace::{NewFileMode, ReservedFile};

/// What is to be done.
#[derive(Default)]
pub(crate) struct Plan<'a> {
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
    /// The same in words.
    pub changes: Changes,
}

impl Plan<'_> {
    /// Does it, unless the run `is_dry`, and returns the words. After an error nothing is left of the attempt
    /// that an overlay does not mount.
    pub(crate) fn carry_out(
        self,
        state: &ProjectState,
        is_dry: bool,
    ) -> Result<Changes, Diagnostic> {
        if is_dry {
            return Ok(self.changes.only_intended());
        }
        state.tidy();
        if self.changes.is_nothing() {
            return Ok(self.changes);
        }
        let trust = state.make_trust()?;
        let done = self.stage(state, &trust).and_then(|env| self.put(state, &trust, env));
        if done.is_err() {
            state.tidy();
        }
        // Nothing better can be done if this fails too; the first error is the one to report.
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

    /// Writes all that is new under other names: after this, a full disk is no danger. Only `.env` must
    /// wait with its secrets until `.gitignore` hides them.
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
            staged.map_err(failed("write", &state.inside(name)))?;
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

    /// Puts it in its places.
    fn put(
        &self,
        state: &ProjectState,
        trust: &Directory,
        env: Option<ReservedFile>,
    ) -> Result<(), Diagnostic> {
        let base = &state.base;
        let put = |edit: &Option<Edit>| edit.as_ref().map_or(Ok(()), |edit| edit.put(base, trust));
        if !self.is_removal {
            put(&self.ignore)?;
        }
        self.env.as_ref().map_or(Ok(()), |edit| edit.fill(env))?;
        if self.is_removal {
            put(&self.env)?;
        }
        for (name, _) in &self.files {
            let name: &OsStr = name.as_ref();
            trust
                .install_staged(name, trust, name)
                .map_err(failed("write", &state.inside(name)))?;
        }
        trust.sync().map_err(failed("write", &state.path(TRUST)))?;
        let overlay: &OsStr = OVERLAY.as_ref();
        if self.overlay.is_some() {
            let put = trust.install_staged(overlay, base, overlay).and_then(|()| base.sync());
            put.map_err(failed("write", &state.path(OVERLAY)))?;
        } else if self.removes_overlay {
            let gone = base.unlink(overlay).and_then(|()| base.sync());
            gone.map_err(failed("remove", &state.path(OVERLAY)))?;
        }
        put(if self.is_removal { &self.ignore } else { &self.env })?;
        for name in &self.obsolete {
            trust.unlink(name.as_ref()).map_err(failed("remove", &state.inside(name)))?;
        }
        Ok(())
    }
}
