"""Requests that name a path."""

import os
import stat
import sys

assert sys.platform != "win32"

from limavm.sftp import change, naming, packet
from limavm.sftp.attributes import Attributes, pack
from limavm.sftp.beneath import Place
from limavm.sftp.handles import Handle
from limavm.sftp.packet import FAILURE, PERMISSION_DENIED, Refusal, Reply, Request
from limavm.sftp.service import Service

_READ, _WRITE, _APPEND, _CREATE, _TRUNCATE, _EXCLUSIVE = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
#: Neither a link nor a terminal; and no waiting for the other end of a pipe that somebody has put there.
_CAREFULLY = os.O_NOFOLLOW | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC


def open_file(service: Service, request: Request) -> Reply:
    """OPEN: regular files only. The rest is of no use over SFTP, and a device may do things when it is opened."""
    path, asked, wanted = request.path(), request.u32(), Attributes(request)
    flags = open_flags(asked)
    if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
        service.ensure_writable()
    service.handles.ensure_room()
    mode = 0o666 & ~service.mask if wanted.mode is None else wanted.mode
    # What has to be new is not looked for behind a link.
    with service.root.place(path) if flags & os.O_EXCL else service.root.target(path) as place:
        _ensure_no_device(place)
        fd = os.open(place.name, flags | _CAREFULLY, mode, dir_fd=place.fd)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise Refusal(FAILURE, "not a regular file")
    return packet.HANDLE, packet.string(service.handles.add(Handle(fd, append=bool(flags & os.O_APPEND))))


def _ensure_no_device(place: Place) -> None:
    """To open one, or a pipe that others wait for, does something already, so it is looked at before."""
    try:
        mode = os.stat(place.name, dir_fd=place.fd, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return
    if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode)):
        raise Refusal(FAILURE, "not a regular file")


def open_flags(asked: int) -> int:
    """The flags of OPEN as those of the system."""
    both = asked & (_READ | _WRITE)
    flags = os.O_RDWR if both == _READ | _WRITE else os.O_WRONLY if both == _WRITE else os.O_RDONLY
    flags |= os.O_APPEND if asked & _APPEND else 0
    flags |= os.O_TRUNC if asked & _TRUNCATE else 0
    if asked & _CREATE:  # without it, the other says nothing
        flags |= os.O_CREAT | (os.O_EXCL if asked & _EXCLUSIVE else 0)
    return flags


def open_directory(service: Service, request: Request) -> Reply:
    """OPENDIR."""
    path = request.path()
    service.handles.ensure_room()
    with service.root.target(path) as place:
        fd = os.open(place.name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place.fd)
    return packet.HANDLE, packet.string(service.handles.add(Handle(fd, directory=True, path=path)))


def lstat(service: Service, request: Request) -> Reply:
    """LSTAT."""
    with service.root.place(request.path()) as place:
        return packet.ATTRS, pack(os.stat(place.name, dir_fd=place.fd, follow_symlinks=False))


def follow_stat(service: Service, request: Request) -> Reply:
    """STAT."""
    with service.root.target(request.path()) as place:
        return packet.ATTRS, pack(os.stat(place.name, dir_fd=place.fd, follow_symlinks=False))


def set_attributes(service: Service, request: Request) -> None:
    """SETSTAT, which follows a link."""
    with service.root.target(request.path()) as place:
        _set(service, place, Attributes(request))


def set_link_attributes(service: Service, request: Request) -> None:
    """lsetstat@openssh.com, which does not."""
    with service.root.place(request.path()) as place:
        _set(service, place, Attributes(request))


def _set(service: Service, place: Place, wanted: Attributes) -> None:
    if service.changes(wanted, os.stat(place.name, dir_fd=place.fd, follow_symlinks=False)):
        change.apply_to_place(place, wanted)


def remove(service: Service, request: Request) -> None:
    """REMOVE: anything but a directory."""
    with _named(service, request) as place:
        os.unlink(place.name, dir_fd=place.fd)


def remove_directory(service: Service, request: Request) -> None:
    """RMDIR."""
    with _named(service, request) as place:
        os.rmdir(place.name, dir_fd=place.fd)


def make_directory(service: Service, request: Request) -> None:
    """MKDIR."""
    service.ensure_writable()
    path, wanted = request.path(), Attributes(request)
    mode = 0o777 & ~service.mask if wanted.mode is None else wanted.mode
    with service.root.place(path) as place:
        os.mkdir(place.name, mode, dir_fd=place.fd)


def real_path(service: Service, request: Request) -> Reply:
    """REALPATH."""
    return packet.name(service.root.real(request.path()))


def read_link(service: Service, request: Request) -> Reply:
    """READLINK: the text as it is, wherever it points to; the guest resolves it in its own file system."""
    with service.root.place(request.path()) as place:
        return packet.name(os.readlink(place.name, dir_fd=place.fd))


def make_link(service: Service, request: Request) -> None:
    """SYMLINK, in the order of OpenSSH and not of the draft: what the link says, then where it is."""
    service.ensure_writable()
    text, path = request.path(), request.path()
    with service.root.place(path) as place:
        os.symlink(text, place.name, dir_fd=place.fd)


def rename(service: Service, request: Request) -> None:
    """RENAME of version 3, which does not replace what is there."""
    with _named(service, request) as source, _named(service, request) as target:
        naming.rename_to_new(source, target)


def replace(service: Service, request: Request) -> None:
    """posix-rename@openssh.com: what is there is replaced, in one step."""
    with _named(service, request) as source, _named(service, request) as target:
        naming.rename(source, target)


def hard_link(service: Service, request: Request) -> None:
    """hardlink@openssh.com: a second name, of a symbolic link too."""
    service.ensure_writable()
    old, new = request.path(), request.path()
    with service.root.place(old) as source, service.root.place(new) as target:
        naming.link(source, target)


def _named(service: Service, request: Request) -> Place:
    """Where the next name of a request is, if it may be changed; to be closed by the caller.

    The root itself is refused, and what ends in a dot: there is no name to take away.
    """
    service.ensure_writable()
    place = service.root.place(request.path())
    if place.name == b".":
        with place:
            raise Refusal(PERMISSION_DENIED, "not a name in the shared directory")
    return place
