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
pub fn is_mounted(path: &Path) -> bool {
    let image = mount_of(Path::new("/"));
    image.is_none() || mount_of(path) != image
}

/// Whether something is mounted at `path` itself.
pub fn is_mount_point(path: &Path) -> bool {
    let own = mount_of(path);
    own.is_some() && path.parent().is_some_and(|parent| mount_of(parent) != own)
}

/// Whether what stands at `path` was mounted there and is not this container's to change: it is a
/// mount of its own, or lies on one that is read-only (a Kubernetes ConfigMap, for one).
pub fn is_given(path: &Path) -> bool {
    let Some(own) = mount_of(path) else { return false };
    let is_read_only =
        || statvfs(path).is_ok_and(|found| found.flags().contains(FsFlags::ST_RDONLY));
    path.parent().and_then(mount_of) != Some(own)
        || (mount_of(Path::new("/")) != Some(own) && is_read_only())
}

/// The number of the mount that `path` lies on.
fn mount_of(path: &Path) -> Option<u64> {
    let found = statx(CWD, path, AtFlags::NO_AUTOMOUNT, StatxFlags::MNT_ID).ok()?;
    let is_known = StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::MNT_ID);
    if is_known { Some(found.stx_mnt_id) } else { mount_in_proc(path) }
}

/// The same from a kernel before 5.8: `mnt_id` in proc(5), since Linux 3.15.
fn mount_in_proc(path: &Path) -> Option<u64> {
    let file = OpenOptions::new().read(true).custom_flags(OFlag::O_PATH.bits()).open(path).ok()?;
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", file.as_raw_fd())).ok()?;
    info.lines().find_map(|line| line.strip_prefix("mnt_id:"))?.trim().parse().ok()
}
