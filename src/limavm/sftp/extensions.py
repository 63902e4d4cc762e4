"""Extended requests: those of OpenSSH that sshfs and the sftp command use, and none that copies or runs anything."""

import os
import sys

assert sys.platform != "win32"

from limavm.sftp import files, packet, paths, syscalls
from limavm.sftp.packet import LONGEST, LONGEST_DATA, OP_UNSUPPORTED, U64, Refusal, Reply, Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from limavm.sftp.service import Service

#: Of the flags of a file system only these two have a number in the protocol: read-only, and no set-user-ID.
_FLAGS = 0x3


def statvfs(service: "Service", request: Request) -> Reply:
    """statvfs@openssh.com."""
    with service.root.target(request.path()) as place:
        fd = os.open(place.name, syscalls.LOOK | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place.fd)
    try:
        return _file_system(fd)
    finally:
        os.close(fd)


def statvfs_open(service: "Service", request: Request) -> Reply:
    """fstatvfs@openssh.com."""
    return _file_system(service.handles.get(request.string()).fd)


def limits(service: "Service", request: Request) -> Reply:  # noqa: ARG001
    """limits@openssh.com: the longest packet, read and write, and how many handles."""
    values = LONGEST, LONGEST_DATA, LONGEST_DATA, service.handles.most
    return packet.EXTENDED_REPLY, b"".join(map(U64.pack, values))


def _file_system(fd: int) -> Reply:
    found = os.fstatvfs(fd)
    values = (
        *(found.f_bsize, found.f_frsize, found.f_blocks, found.f_bfree, found.f_bavail),
        *(found.f_files, found.f_ffree, found.f_favail, found.f_fsid, found.f_flag & _FLAGS, found.f_namemax),
    )
    return packet.EXTENDED_REPLY, b"".join(U64.pack(value & 0xFFFFFFFFFFFFFFFF) for value in values)


#: By name: the version that is offered, and what does it.
EXTENSIONS: "dict[bytes, tuple[bytes, Callable[[Service, Request], Reply | None]]]" = {
    b"posix-rename@openssh.com": (b"1", paths.replace),
    b"statvfs@openssh.com": (b"2", statvfs),
    b"fstatvfs@openssh.com": (b"2", statvfs_open),
    b"hardlink@openssh.com": (b"1", paths.hard_link),
    b"fsync@openssh.com": (b"1", files.synchronize),
    b"lsetstat@openssh.com": (b"1", paths.set_link_attributes),
    b"limits@openssh.com": (b"1", limits),
}
#: What follows the version in the first reply.
OFFER = b"".join(packet.string(name) + packet.string(version) for name, (version, _) in EXTENSIONS.items())


def extended(service: "Service", request: Request) -> "Reply | None":
    """EXTENDED."""
    found = EXTENSIONS.get(request.string())
    if found is None:
        raise Refusal(OP_UNSUPPORTED, "unknown extension")
    return found[1](service, request)
