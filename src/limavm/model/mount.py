"""Directories of the host in the guest: how each of them stands while an instance runs."""

import enum
import hashlib

from limavm.model.value import Sparse

#: The mount types in which the guest asks a program of the host over ssh, and in which the hypervisor offers a device.
REVERSE_SSHFS = "reverse-sshfs"
NINEP = "9p"
VIRTIOFS = "virtiofs"
#: Those that are devices of the machine.
SHARED = (NINEP, VIRTIOFS)


class MountPhase(enum.StrEnum):
    """How far a mount is; the texts are those of `limactl mount` and of the host agent's API."""

    STARTING = "starting"
    MOUNTED = "mounted"
    #: It was mounted; it is being brought back.
    LOST = "lost"
    #: It could not be mounted; it is tried again when something changes (ssh comes back, the guest boots again).
    FAILED = "failed"


class MountState(Sparse, frozen=True, kw_only=True):
    """One mount of a running instance, as `GET /v1/mounts` of the host agent tells.

    `type` is what is in use, which after a fallback is not the one of the configuration; `reason` tells why a
    mount failed, was lost, or has another type. `configured` is False for one that `limactl mount` added.
    """

    location: str
    mount_point: str
    writable: bool
    type: str
    phase: MountPhase = MountPhase.STARTING
    reason: str = ""
    configured: bool = True


def clean_point(point: str) -> str:
    """An absolute mount point without needless slashes and dots, so that two names of one directory are equal."""
    return "/" + "/".join(part for part in point.split("/") if part not in ("", "."))


def mount_tag(location: str, mount_point: str) -> str:
    """The name by which guest and hypervisor know a shared directory (spec/runtime.md 1.8)."""
    digest = hashlib.sha256(f"{location}:{mount_point}".encode(errors="surrogateescape")).digest()
    return "lima-" + digest[:8].hex()
