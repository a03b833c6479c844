//! The files of an image before and after a run with a fault.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt, chown, symlink};

use crate::world::World;

/// The directories that persist between starts, or that a start creates.
const KEPT: [&str; 7] = ["run", "tmp", "dev", "etc", "opt", "var", "data"];

/// Mode, owner and contents of each file of an image, by path.
pub type State = BTreeMap<String, (u32, u32, Vec<u8>)>;

/// Returns the state of the directories in [`KEPT`].
pub fn state(world: &World) -> State {
    let mut state = State::new();
    let mut waiting: Vec<_> = KEPT.iter().map(|&name| name.to_owned()).collect();
    while let Some(name) = waiting.pop() {
        let path = world.path(&name);
        let Ok(found) = path.symlink_metadata() else { continue };
        let contents = if found.is_symlink() {
            path.read_link().unwrap().into_os_string().into_encoded_bytes()
        } else if found.is_dir() {
            let entries = path.read_dir().unwrap().map(|entry| entry.unwrap().file_name());
            waiting.extend(entries.map(|entry| format!("{name}/{}", entry.to_str().unwrap())));
            Vec::new()
        } else {
            fs::read(&path).unwrap()
        };
        state.insert(name, (found.mode(), found.uid(), contents));
    }
    state
}

/// Restores an image.
pub fn restore(world: &World, before: &State) {
    if state(world) == *before {
        return;
    }
    for name in KEPT {
        _ = fs::remove_dir_all(world.path(name));
    }
    for (name, (mode, uid, contents)) in before {
        let path = world.path(name);
        match mode & 0o170_000 {
            0o120_000 => symlink(std::str::from_utf8(contents).unwrap(), &path).unwrap(),
            kind => {
                if kind == 0o040_000 {
                    fs::create_dir(&path).unwrap();
                } else {
                    fs::write(&path, contents).unwrap();
                }
                chown(&path, Some(*uid), Some(*uid)).unwrap();
                fs::set_permissions(&path, PermissionsExt::from_mode(mode & 0o7777)).unwrap();
            }
        }
    }
}
