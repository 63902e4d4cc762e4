"""Requests about what is open: files are read and written by position, directories in batches."""

import errno
import fcntl
import os
import stat
import sys
import time

assert sys.platform != "win32"

from limavm.sftp import change, packet
from limavm.sftp.attributes import Attributes, long_name, pack
from limavm.sftp.packet import EOF, LONGEST_DATA, U32, Refusal, Reply, Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from limavm.sftp.handles import Handle
    from limavm.sftp.replies import Replies
    from limavm.sftp.service import Service

#: A reply of names is sent when it is so long. sshfs takes packets of up to 128 KiB.
_BATCH = 48 << 10
_NOTHING_KNOWN = b"\0\0\0\0"


def read(service: "Service", request: Request, number: int, replies: "Replies") -> None:
    """READ: the bytes go from the file to the buffer of the replies and nowhere between."""
    handle = service.handles.file(request.string())
    offset, length = request.u64(), request.u32()
    room = replies.room(min(length, LONGEST_DATA))
    count = os.preadv(handle.fd, [room], offset)
    if count == 0 and length:
        raise Refusal(EOF, "end of file")
    replies.fill(number, count)


def write(service: "Service", request: Request) -> None:
    """WRITE: all of it, or the error that ended it."""
    service.ensure_writable()
    handle = service.handles.file(request.string())
    offset, data = request.u64(), request.data()
    while data:
        # Some systems take the position even where everything is to be appended.
        count = os.write(handle.fd, data) if handle.append else os.pwrite(handle.fd, data, offset)
        if count == 0:  # a file system that neither writes nor says why
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        offset += count
        data = data[count:]


def stat_open(service: "Service", request: Request) -> Reply:
    """FSTAT."""
    return packet.ATTRS, pack(os.fstat(service.handles.get(request.string()).fd))


def set_open(service: "Service", request: Request) -> None:
    """FSETSTAT."""
    fd = service.handles.get(request.string()).fd
    wanted = Attributes(request)
    if service.changes(wanted, os.fstat(fd)):
        change.apply_to_open(fd, wanted)


def close(service: "Service", request: Request) -> None:
    """CLOSE: tells of writes that the file system had put off and could not do."""
    service.handles.pop(request.string()).close()


def synchronize(service: "Service", request: Request) -> None:
    """fsync@openssh.com: returns when the disk has it."""
    fd = service.handles.get(request.string()).fd
    if sys.platform == "darwin":
        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)  # fsync leaves it in the cache of the drive
    else:
        os.fsync(fd)


def read_directory(service: "Service", request: Request) -> Reply:
    """READDIR: the next names, with attributes; what was removed meanwhile is left out."""
    handle = service.handles.listing(request.string())
    parts: list[bytes] = []
    size = 0
    now = time.time()
    if handle.entries is None:
        handle.entries = os.scandir(handle.fd)
        # What is above is not told, and of the root nobody may know.
        own = os.fstat(handle.fd)
        parts += [_entry(b".", own, now), _entry(b"..", own, now)]
    for entry in handle.entries:
        name = os.fsencode(entry.name)
        try:
            parts.append(_entry(name, _look(service, handle, name, entry), now))
        except FileNotFoundError:
            continue
        except OSError:  # the name can be read and nothing else, as without the right to search the directory
            parts.append(packet.string(name) + packet.string(name) + _NOTHING_KNOWN)
        size += len(parts[-1])
        if size >= _BATCH:
            break
    if not parts:
        raise Refusal(EOF, "end of directory")
    return packet.NAME, U32.pack(len(parts)) + b"".join(parts)


def _entry(name: bytes, found: os.stat_result, now: float) -> bytes:
    return packet.string(name) + packet.string(long_name(name, found, now)) + pack(found)


def _look(service: "Service", handle: "Handle", name: bytes, entry: "os.DirEntry[str]") -> os.stat_result:
    """The attributes of the entry, with --follow-symlinks those of what a link leads to if that can be told."""
    found = entry.stat(follow_symlinks=False)
    if service.follow_symlinks and stat.S_ISLNK(found.st_mode):
        try:
            with service.root.target(handle.path + b"/" + name) as place:
                return os.stat(place.name, dir_fd=place.fd, follow_symlinks=False)
        except (OSError, Refusal):
            return found
    return found
