//! Everything of ours is taken away again, and nothing else.
//!
//! `.env` comes first, because every compose command fails while it lists a file that is gone. The
//! manifest comes last but for its directory: as long as anything stands, it is known to be ours.
//! What a container mounts stays until no container does: without it, the engine could not start the
//! container again.

use std::path::Path;

use crate::compose::setup::write::changes::{Changes, Deed, Left};
use crate::compose::setup::write::edited_file::Edit;
use crate::compose::setup::write::managed_block;
use crate::compose::setup::write::manifest::{self, Manifest};
use crate::compose::setup::write::state::{Held, Overlay, Places, Trust};
use crate::compose::setup::write::{ENV, Error, IGNORE, OVERLAY, TRUST};
use crate::sys::dir::Directory;
use crate::sys::dir::replace::Look;
use crate::sys::output;
use crate::sys::quote;

/// What is to be taken away.
struct Plan {
    env: Option<Edit>,
    has_overlay: bool,
    ignore: Option<Edit>,
    contents: Vec<String>,
    /// Whether the manifest goes, and `.trust/` with it if nothing else is in there.
    has_trust: bool,
    /// The manifest of what stays.
    retired: Option<Manifest>,
    changes: Changes,
}

/// Takes away what stands in the project directory `base` of any setup, or says what it would take.
/// `in_use`: why `.trust/` has to stay.
///
/// # Errors
/// When it cannot be told what is ours, or the system says no. What has been taken away by then is
/// such that the project works, and another run finishes.
pub fn remove(base: &Path, in_use: Option<Left>, is_dry: bool) -> Result<Changes, Error> {
    let places = Places::open(base)?;
    let plan = Plan::of(&places, in_use)?;
    if is_dry {
        return Ok(plan.changes.only_intended());
    }
    places.tidy();
    plan.carry_out(&places)?;
    Ok(plan.changes)
}

impl Plan {
    fn of(places: &Places, in_use: Option<Left>) -> Result<Self, Error> {
        let mut changes = Changes::default();
        let env = without_block(places, ENV)?;
        told(env.as_ref(), &mut changes);
        let has_overlay = match &places.overlay {
            Overlay::Nothing => false,
            Overlay::Ours(_) => {
                changes.add(Deed::Remove, quote::path(&places.path(OVERLAY)));
                true
            }
            Overlay::Other(kind) => {
                changes.left.push(Left::Overlay { path: places.path(OVERLAY), kind });
                false
            }
        };
        let mut plan = Self {
            env,
            has_overlay,
            ignore: None,
            contents: Vec::new(),
            has_trust: false,
            retired: None,
            changes,
        };
        // git is to leave out `.trust/` for as long as it exists.
        if let (Some(in_use), Some(manifest)) = (in_use, places.manifest()) {
            plan.retired = (!manifest.is_retired()).then(|| manifest.retired());
            plan.changes.left.push(in_use);
            return Ok(plan);
        }
        plan.ignore = without_block(places, IGNORE).unwrap_or_else(|error| {
            plan.changes.left.push(Left::Text(error));
            None
        });
        told(plan.ignore.as_ref(), &mut plan.changes);
        match &places.trust {
            Trust::Nothing => {}
            Trust::Directory(held) => plan.take(places, held)?,
            Trust::Other(_) if plan.changes.is_nothing() => {}
            Trust::Other(kind) => {
                return Err(Error::NoDirectory { path: places.path(TRUST), kind });
            }
        }
        Ok(plan)
    }

    /// Takes what is ours in `.trust/`.
    fn take(&mut self, places: &Places, held: &Held) -> Result<(), Error> {
        let path = places.path(TRUST);
        let mut staying = held.strange.clone();
        let files = held.manifest.as_ref().map(manifest::Manifest::files).unwrap_or_default();
        for (name, digests) in files {
            match places.is_unchanged(name, &digests)? {
                None => {}
                Some(true) => self.contents.push(name.to_owned()),
                Some(false) => staying.push(name.into()),
            }
        }
        self.has_trust = held.manifest.is_some() || staying.is_empty();
        if staying.is_empty() {
            self.changes.add(Deed::Remove, quote::path(&path));
        } else if self.has_trust {
            let files = output::count(self.contents.len() + 1, "file");
            self.changes.add(Deed::Remove, format_args!("{files} in {}", quote::path(&path)));
        }
        if !staying.is_empty() && !self.changes.is_nothing() {
            self.changes.left.push(Left::Strange { path, names: staying });
        }
        Ok(())
    }

    fn carry_out(&self, places: &Places) -> Result<(), Error> {
        let mut edits = self.env.iter().chain(&self.ignore);
        let is_needed = edits.any(|edit| edit.new.is_some());
        let trust = match places.trust {
            Trust::Directory(_) => Some(places.make_trust()?),
            Trust::Nothing if is_needed => Some(places.make_trust()?),
            Trust::Nothing | Trust::Other(_) => None,
        };
        let stage = trust.as_ref().unwrap_or(&places.base);
        let done = self.stage(places, stage).and_then(|()| self.take_away(places, stage));
        if done.is_err() {
            places.tidy();
        }
        if let Some(trust) = &trust {
            // Nothing better can be done if this fails too; the first error is the one to tell.
            let _ = trust.unstage_all();
        }
        done
    }

    /// Writes what needs space.
    fn stage(&self, places: &Places, stage: &Directory) -> Result<(), Error> {
        if let Some(manifest) = &self.retired {
            let staged =
                stage.stage(manifest::NAME.as_ref(), Look::Public, manifest.text().as_bytes());
            staged.map_err(Error::system("write", places.inside(manifest::NAME)))?;
        }
        self.env.iter().chain(&self.ignore).try_for_each(|edit| edit.fill(edit.reserve(stage)?))
    }

    fn take_away(&self, places: &Places, stage: &Directory) -> Result<(), Error> {
        let base = &places.base;
        if let Some(edit) = &self.env {
            edit.put(base, stage)?;
        }
        if self.has_overlay {
            let gone = base.unlink(OVERLAY.as_ref()).and_then(|()| base.settle());
            gone.map_err(Error::system("remove", places.path(OVERLAY)))?;
        }
        if let Some(edit) = &self.ignore {
            edit.put(base, stage)?;
        }
        if self.retired.is_some() {
            let name = manifest::NAME.as_ref();
            let put = stage.put(name, stage, name).and_then(|()| stage.settle());
            put.map_err(Error::system("write", places.inside(manifest::NAME)))?;
        }
        if self.has_trust {
            for name in self.contents.iter().map(String::as_str).chain([manifest::NAME]) {
                let gone = stage.unlink(name.as_ref());
                gone.map_err(Error::system("remove", places.inside(name)))?;
            }
        }
        if self.has_trust || matches!(places.trust, Trust::Nothing) {
            let gone = base.remove_empty(TRUST.as_ref());
            gone.map_err(Error::system("remove", places.path(TRUST)))?;
        }
        Ok(())
    }
}

/// What is to become of the text `name` if our block is in it.
fn without_block(places: &Places, name: &str) -> Result<Option<Edit>, Error> {
    let Some(text) = places.text_if_any(name)? else { return Ok(None) };
    let Some(rest) = text.look(managed_block::without)? else { return Ok(None) };
    let goes = rest.is_needless && !text.is_link();
    text.rewritten((!goes).then_some(rest.text)).map(Some)
}

fn told(edit: Option<&Edit>, changes: &mut Changes) {
    let Some(edit) = edit else { return };
    let path = quote::path(&edit.text.path);
    match edit.new {
        Some(_) => changes.add(Deed::Remove, format_args!("the block in {path}")),
        None => changes.add(Deed::Remove, path),
    }
}
