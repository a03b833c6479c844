//! What has to be written so that an output stands, and the order in which that is done.

use std::path::PathBuf;

use crate::compose::setup::write::changes::{Changes, Deed, Left};
use crate::compose::setup::write::edited_file::Edit;
use crate::compose::setup::write::managed_block;
use crate::compose::setup::write::manifest::{self, Generation, Manifest};
use crate::compose::setup::write::state::{Overlay, Places, Trust};
use crate::compose::setup::write::{ENV, Error, IGNORE, OVERLAY, Output, TRUST, variable};
use crate::sys::dir::Directory;
use crate::sys::dir::replace::{Entry, Look, Reserved};
use crate::sys::output;
use crate::sys::quote;

/// Where the last manifest of a run waits for its moment.
const LATER: &str = "later.json";

/// What has to be written.
pub struct Plan<'a> {
    /// Every file of the new overlay and of those before it, if files are added.
    meanwhile: Option<Manifest>,
    contents: Vec<&'a (String, Vec<u8>)>,
    overlay: Option<&'a str>,
    ignore: Option<Edit>,
    env: Option<Edit>,
    superseded: Vec<String>,
    finally: Option<Manifest>,
    /// The same in words.
    pub changes: Changes,
}

impl<'a> Plan<'a> {
    /// Decides what has to be written.
    ///
    /// # Errors
    /// When something stands in the way.
    pub fn of(places: &Places, output: &'a Output) -> Result<Self, Error> {
        if let Some((name, _)) = output.files.iter().find(|(name, _)| !manifest::is_name(name)) {
            return Err(Error::Name(name.clone()));
        }
        let standing = match &places.overlay {
            Overlay::Nothing => None,
            Overlay::Ours(bytes) => Some(bytes.as_slice()),
            Overlay::Other(kind) => {
                return Err(Error::NotOurs { path: places.path(OVERLAY), kind });
            }
        };
        match &places.trust {
            Trust::Other(kind) => {
                return Err(Error::NoDirectory { path: places.path(TRUST), kind });
            }
            Trust::Directory(held) if held.manifest.is_none() => {
                if let Some(name) = held.strange.first() {
                    return Err(Error::Strange { path: places.path(TRUST), holds: name.clone() });
                }
            }
            Trust::Directory(_) | Trust::Nothing => {}
        }

        let none = Manifest::of(Vec::new());
        let manifest = places.manifest().unwrap_or(&none);
        let (meanwhile, finally) =
            manifest.succession(standing, &Generation::of(output), output.is_settled);
        let mut changes = Changes::default();
        let contents = contents(places, output, manifest)?;
        if !contents.is_empty() {
            let files = output::count(contents.len(), "file");
            changes.add(Deed::Make, format!("{files} in {}", quote::path(&places.path(TRUST))));
        }
        let overlay = (standing != Some(output.overlay.as_bytes())).then_some(&*output.overlay);
        let path = places.path(OVERLAY);
        match standing {
            _ if overlay.is_none() => {}
            None => changes.add(Deed::Make, quote::path(&path)),
            Some(text) if places.manifest().is_some() && manifest.place(text).is_none() => changes
                .add(Deed::Change, format!("{}, which was edited by hand", quote::path(&path))),
            Some(_) => changes.add(Deed::Change, quote::path(&path)),
        }
        let ignore = ignore(places).unwrap_or_else(|error| {
            changes.left.push(Left::Text(error));
            None
        });
        let env = env(places, output)?;
        for (edit, what) in [(&ignore, "what setup makes"), (&env, "COMPOSE_FILE")] {
            let Some(edit) = edit else { continue };
            let deed = if edit.text.bytes().is_none() { Deed::Make } else { Deed::Change };
            let path = quote::path(&edit.text.path);
            changes.add(deed, format!("{path}: a block with {what}"));
        }
        let superseded = superseded(places, manifest, &finally, &mut changes)?;
        if !superseded.is_empty() {
            let files = output::count(superseded.len(), "file");
            let path = places.path(TRUST);
            let what = format!("{files} in {} that nothing mounts any more", quote::path(&path));
            changes.add(Deed::Remove, what);
        }
        let adds = overlay.is_some() || !contents.is_empty();
        let meanwhile = (adds && meanwhile != *manifest).then_some(meanwhile);
        let finally = (finally != *manifest).then_some(finally);
        if changes.is_nothing() && finally.is_some() {
            changes.add(Deed::Change, quote::path(&places.inside(manifest::NAME)));
        }
        Ok(Self { meanwhile, contents, overlay, ignore, env, superseded, finally, changes })
    }

    /// Writes it. If it cannot, nothing is left of the attempt that an overlay does not mount.
    ///
    /// # Errors
    /// When the system says no, or somebody else writes at the same time.
    pub fn carry_out(&self, places: &Places) -> Result<(), Error> {
        let trust = places.make_trust()?;
        let done = self.stage(places, &trust).and_then(|env| self.put(places, &trust, env));
        if done.is_err() {
            // Nothing better can be done if this fails too; the first error is the one to tell.
            let _ = trust.unstage_all();
            places.tidy();
            let _ = places.base.remove_empty(TRUST.as_ref());
        }
        done
    }

    /// Writes all that is new under other names: from here on, a full disk is no more to be feared.
    /// Only `.env` must wait with its secrets until `.gitignore` hides them.
    fn stage(&self, places: &Places, trust: &Directory) -> Result<Option<Reserved>, Error> {
        trust.open_up(|_| true).map_err(Error::system("change", places.path(TRUST)))?;
        let stage = |name: &str, path: PathBuf, bytes: &[u8]| {
            let staged = trust.stage(name.as_ref(), Look::Public, bytes);
            staged.map_err(Error::system("write", path))
        };
        let env = self.env.as_ref().map(|edit| edit.reserve(trust)).transpose()?.flatten();
        for (name, manifest) in [(manifest::NAME, &self.meanwhile), (LATER, &self.finally)] {
            if let Some(manifest) = manifest {
                stage(name, places.inside(manifest::NAME), manifest.text().as_bytes())?;
            }
        }
        for (name, bytes) in &self.contents {
            stage(name, places.inside(name), bytes)?;
        }
        if let Some(text) = self.overlay {
            stage(OVERLAY, places.path(OVERLAY), text.as_bytes())?;
        }
        if let Some(edit) = &self.ignore {
            edit.fill(edit.reserve(trust)?)?;
        }
        Ok(env)
    }

    /// Puts it in its places.
    fn put(&self, places: &Places, trust: &Directory, env: Option<Reserved>) -> Result<(), Error> {
        let put = |staged: &str, directory: &Directory, name: &str, path: PathBuf| {
            let put = trust.put(staged.as_ref(), directory, name.as_ref());
            put.map_err(Error::system("write", path))
        };
        if let Some(edit) = &self.ignore {
            edit.put(&places.base, trust)?;
        }
        if let Some(edit) = &self.env {
            edit.fill(env)?;
        }
        if self.meanwhile.is_some() {
            put(manifest::NAME, trust, manifest::NAME, places.inside(manifest::NAME))?;
        }
        for (name, _) in &self.contents {
            put(name, trust, name, places.inside(name))?;
        }
        let settle = |directory: &Directory| {
            directory.settle().map_err(Error::system("write", directory.path().to_path_buf()))
        };
        settle(trust)?;
        if self.overlay.is_some() {
            put(OVERLAY, &places.base, OVERLAY, places.path(OVERLAY))?;
            settle(&places.base)?;
        }
        if let Some(edit) = &self.env {
            edit.put(&places.base, trust)?;
        }
        for name in &self.superseded {
            let gone = trust.unlink(name.as_ref());
            gone.map_err(Error::system("remove", places.inside(name)))?;
        }
        if self.finally.is_some() {
            put(LATER, trust, manifest::NAME, places.inside(manifest::NAME))?;
        }
        Ok(())
    }
}

/// The files of `output` that do not stand as they should.
fn contents<'a>(
    places: &Places,
    output: &'a Output,
    manifest: &Manifest,
) -> Result<Vec<&'a (String, Vec<u8>)>, Error> {
    let known = manifest.files();
    let mut missing = Vec::new();
    for file in &output.files {
        let (name, bytes) = file;
        match places.content(name)? {
            Entry::File(found) if found.bytes == *bytes && found.is_public() => {}
            Entry::Nothing => missing.push(file),
            Entry::File(found) if found.bytes == *bytes || known.contains_key(name.as_str()) => {
                missing.push(file);
            }
            Entry::File(_) | Entry::Other(_) => {
                return Err(Error::Occupied { path: places.inside(name) });
            }
        }
    }
    Ok(missing)
}

/// Our block in `.gitignore`, if it is not there, nor lines of the user's own that say the same.
fn ignore(places: &Places) -> Result<Option<Edit>, Error> {
    if !places.has_git() {
        return Ok(None);
    }
    let lines = [OVERLAY.to_owned(), format!("{TRUST}/")];
    if places.text(IGNORE)?.bytes().is_some_and(|text| hides(text, &lines)) {
        return Ok(None);
    }
    with_block(places, IGNORE, &lines, |_| false)
}

/// Whether lines outside a block of ours hide all of `names`, and none takes anything back
/// (gitignore(5), "PATTERN FORMAT").
fn hides(text: &[u8], names: &[String]) -> bool {
    let patterns: Vec<_> = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).collect();
    let is_other = |line: &&[u8]| line.starts_with(b"!") || managed_block::is_mark(line);
    let is_hidden = |name: &String| {
        let is_it = |line: &&[u8]| line.strip_prefix(b"/").unwrap_or(line) == name.as_bytes();
        patterns.iter().any(is_it)
    };
    !patterns.iter().any(is_other) && names.iter().all(is_hidden)
}

/// Our block in `.env`, if it is asked for and not there.
fn env(places: &Places, output: &Output) -> Result<Option<Edit>, Error> {
    let Some(value) = &output.compose_file else { return Ok(None) };
    let line = variable::assignment(value).ok_or_else(|| Error::Value(value.clone()))?;
    with_block(places, ENV, &[line], variable::is_assigned)
}

fn with_block(
    places: &Places,
    name: &str,
    lines: &[String],
    overrules: impl Fn(&[u8]) -> bool,
) -> Result<Option<Edit>, Error> {
    let text = places.text(name)?;
    let new = managed_block::with(text.bytes(), lines, overrules);
    let new = new.map_err(|damage| Error::Block { path: text.path.clone(), damage })?;
    if text.bytes() == Some(&new) {
        return Ok(None);
    }
    text.rewritten(Some(new)).map(Some)
}

/// The files that are listed in `manifest` and no more in `finally`, if they stand as they were written.
fn superseded(
    places: &Places,
    manifest: &Manifest,
    finally: &Manifest,
    changes: &mut Changes,
) -> Result<Vec<String>, Error> {
    let kept = finally.files();
    let mut names = Vec::new();
    for (name, digests) in manifest.files() {
        if !kept.contains_key(name) {
            match places.is_unchanged(name, &digests)? {
                None => {}
                Some(true) => names.push(name.to_owned()),
                Some(false) => changes.left.push(Left::Changed(places.inside(name))),
            }
        }
    }
    Ok(names)
}
