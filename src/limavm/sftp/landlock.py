"""Landlock: a process of Linux gives up, for good, every right to files but those that it names.

It covers opening, making, removing, renaming and running; not the look at a name, nor its mode, times and owner.
Rights are told by bits that came with numbered versions (ABI) of the interface: include/uapi/linux/landlock.h.
"""

import os
import struct
import sys

assert sys.platform != "win32"

from limavm.sftp import syscalls

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG, _MAKE_SYM = 1 << 4, 1 << 5, 1 << 7, 1 << 8, 1 << 12
_REFER, _TRUNCATE = 1 << 13, 1 << 14

READ = _READ_FILE | _READ_DIR
#: Everything that the protocol can do; it makes neither devices, sockets nor pipes.
WRITE = READ | _WRITE_FILE | _TRUNCATE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SYM | _REFER

#: The first version under which a file can be moved from one directory to another at all.
MOVES = 2
#: How many bits of rights there are since which version.
_BITS = {1: 13, 2: 14, 3: 15, 5: 16}
#: Since these, a process can also give up TCP, and abstract sockets and signals to others.
_NETWORK, _SCOPE = 4, 6

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_ASK_VERSION, _BENEATH = 1, 1


def version() -> int:
    """The version that the kernel has; 0: none, or it is switched off."""
    if sys.platform != "linux":
        return 0
    try:
        return syscalls.syscall(_CREATE, None, 0, _ASK_VERSION)
    except OSError:
        return 0


def restrict(abi: int, root: int, rights: int) -> None:
    """Keep only these rights, to what is beneath the directory `root`.

    It holds for this thread, and for whatever it starts from now on. Raises OSError, and then nothing has changed.
    """
    all_rights = (1 << _BITS[max(known for known in _BITS if known <= abi)]) - 1
    attributes = struct.pack("=Q", all_rights)
    if abi >= _NETWORK:
        attributes += struct.pack("=Q", 0b11)
    if abi >= _SCOPE:
        attributes += struct.pack("=Q", 0b11)
    ruleset = syscalls.syscall(_CREATE, attributes, len(attributes), 0)
    try:
        syscalls.syscall(_ADD, ruleset, _BENEATH, struct.pack("=Qi", rights & all_rights, root), 0)
        syscalls.renounce_privileges()
        syscalls.syscall(_RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)
