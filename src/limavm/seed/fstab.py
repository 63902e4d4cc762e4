"""Lines of the guest's fstab for directories of the host (spec/runtime.md 6.3, 6.5)."""

from limavm.model.config import Config, Mount
from limavm.model.mount import mount_tag
from limavm.model.size import parse_size


def fstab_mounts(config: Config) -> list[list[str]]:
    """The `mounts` entries of 9p and virtiofs; reverse-sshfs mounts are made by the host agent."""
    match config.mount_type:
        case "9p":
            return [
                [mount_tag(m.location, m.mount_point), m.mount_point, "9p", _ninep_options(m), "0", "0"]
                for m in config.mounts
            ]
        case "virtiofs":
            return [
                [mount_tag(m.location, m.mount_point), m.mount_point, "virtiofs", f"{_access(m)},nofail", "0", "0"]
                for m in config.mounts
            ]
        case _:
            return []


def _ninep_options(mount: Mount) -> str:
    ninep = mount.ninep
    return (
        f"{_access(mount)},trans=virtio,version={ninep.protocol_version},"
        f"msize={parse_size(ninep.msize)},cache={ninep.cache},nofail"
    )


def _access(mount: Mount) -> str:
    return "rw" if mount.writable else "ro"


def needs_escapes(point: str) -> bool:
    """Whether fstab(5) wants something of a mount point written as a number."""
    return any(char in point for char in " \t\n\\#")
