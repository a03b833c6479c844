//! Whether a path is mounted into this container or belongs to its image.
//!
//! It calls statx for the paths concerned and does not read `/proc/self/mountinfo`: that table is long in a
//! container, and the kernel needs longer to write it than for these calls.

use std::fs::OpenOptions;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::fcntl::OFlag;
use nix::sys::statvfs::{FsFlags, statvfs};
use rustix::fs::{AtFlags, CWD, StatxFlags, statx};

/// Whether `path` is on a mount, not on the image's own file system. True if that cannot be determined: for
/// all callers that is the safe result.
pub(crate) fn is_mounted(path: &Path) -> bool {
    let image = mount_of(Path::new("/"), AtFlags::empty());
    image.is_none() || mount_of(path, AtFlags::empty()) != image
}

/// Whether `path` itself is a mount point. A link is none, whatever its target.
pub(crate) fn is_mount_point(path: &Path) -> bool {
    let own = mount_of(path, AtFlags::SYMLINK_NOFOLLOW);
    path.parent().is_some_and(|parent| is_another(own, mount_of(parent, AtFlags::empty())))
}

/// Whether no process in this container can change `path`, because it is on a read-only mount (for example a
/// Kubernetes ConfigMap).
pub(crate) fn is_read_only(path: &Path) -> bool {
    statvfs(path).is_ok_and(|found| found.flags().contains(FsFlags::ST_RDONLY))
        && is_another(mount_of(path, AtFlags::empty()), mount_of(Path::new("/"), AtFlags::empty()))
}

/// Whether the mounts are known and differ: false if statx failed, so that such a file is not adopted.
fn is_another(own: Option<u64>, other: Option<u64>) -> bool {
    own.is_some() && other.is_some() && own != other
}

/// Returns the id of the mount that `path` is on.
fn mount_of(path: &Path, flags: AtFlags) -> Option<u64> {
    let found = statx(CWD, path, AtFlags::NO_AUTOMOUNT | flags, StatxFlags::MNT_ID).ok()?;
    let is_known = StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::MNT_ID);
    if is_known { Some(found.stx_mnt_id) } else { mount_in_proc(path, flags) }
}

/// Returns the same on a kernel before 5.8: `mnt_id` in proc(5), since Linux 3.15.
fn mount_in_proc(path: &Path, flags: AtFlags) -> Option<u64> {
    let is_link = flags.contains(AtFlags::SYMLINK_NOFOLLOW);
    let flags = OFlag::O_PATH | if is_link { OFlag::O_NOFOLLOW } else { OFlag::empty() };
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path).ok()?;
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", file.as_raw_fd())).ok()?;
    info.lines().find_map(|line| line.strip_prefix("mnt_id:"))?.trim().parse().ok()
}
