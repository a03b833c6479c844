//! What is mounted into this container, and what belongs to its image.
//!
//! Asked of the files concerned, not of `/proc/self/mountinfo`: the table of a container is long,
//! and writing it out takes the kernel longer than all that is read of it here.

use std::fs::OpenOptions;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::fcntl::OFlag;
use nix::sys::statvfs::{FsFlags, statvfs};
use rustix::fs::{AtFlags, CWD, StatxFlags, statx};

/// Whether `path` lies on something mounted, not on the image's own file system. Where that cannot
/// be told, it counts as mounted: that is the careful answer everywhere it is asked.
pub(crate) fn is_mounted(path: &Path) -> bool {
    let image = mount_of(Path::new("/"), AtFlags::empty());
    image.is_none() || mount_of(path, AtFlags::empty()) != image
}

/// Whether something is mounted at `path` itself. A link is no mount, wherever it leads.
pub(crate) fn is_mount_point(path: &Path) -> bool {
    let own = mount_of(path, AtFlags::SYMLINK_NOFOLLOW);
    path.parent().is_some_and(|parent| is_another(own, mount_of(parent, AtFlags::empty())))
}

/// Whether no process in this container can change what `path` names, because it lies on something
/// that was mounted read-only (a Kubernetes ConfigMap, for one).
pub(crate) fn is_read_only(path: &Path) -> bool {
    statvfs(path).is_ok_and(|found| found.flags().contains(FsFlags::ST_RDONLY))
        && is_another(mount_of(path, AtFlags::empty()), mount_of(Path::new("/"), AtFlags::empty()))
}

/// Whether both mounts are known, and are two: nothing is adopted because a look at it failed.
fn is_another(own: Option<u64>, other: Option<u64>) -> bool {
    own.is_some() && other.is_some() && own != other
}

/// The number of the mount that `path` lies on.
fn mount_of(path: &Path, flags: AtFlags) -> Option<u64> {
    let found = statx(CWD, path, AtFlags::NO_AUTOMOUNT | flags, StatxFlags::MNT_ID).ok()?;
    let is_known = StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::MNT_ID);
    if is_known { Some(found.stx_mnt_id) } else { mount_in_proc(path, flags) }
}

/// The same from a kernel before 5.8: `mnt_id` in proc(5), since Linux 3.15.
fn mount_in_proc(path: &Path, flags: AtFlags) -> Option<u64> {
    let is_link = flags.contains(AtFlags::SYMLINK_NOFOLLOW);
    let flags = OFlag::O_PATH | if is_link { OFlag::O_NOFOLLOW } else { OFlag::empty() };
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path).ok()?;
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", file.as_raw_fd())).ok()?;
    info.lines().find_map(|line| line.strip_prefix("mnt_id:"))?.trim().parse().ok()
}
