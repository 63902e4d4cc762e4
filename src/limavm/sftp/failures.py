"""Errors of the system as statuses of the protocol: the table of OpenSSH, with a text that names no path."""

import errno
import os

from limavm.sftp.packet import BAD_MESSAGE, FAILURE, NO_SUCH_FILE, OP_UNSUPPORTED, PERMISSION_DENIED, Reply, status

_CODES = {
    **dict.fromkeys((errno.ENOENT, errno.ENOTDIR, errno.EBADF, errno.ELOOP), NO_SUCH_FILE),
    **dict.fromkeys((errno.EPERM, errno.EACCES, errno.EFAULT), PERMISSION_DENIED),
    **dict.fromkeys((errno.ENAMETOOLONG, errno.EINVAL), BAD_MESSAGE),
    errno.ENOSYS: OP_UNSUPPORTED,
}
#: What the user of the host wants to know of, as sshfs tells the guest only that it failed.
_TROUBLE = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE}


def failure(error: OSError) -> Reply:
    """The status of an error."""
    code = error.errno or errno.EIO
    return status(_CODES.get(code, FAILURE), os.strerror(code))


def is_trouble(error: OSError) -> bool:
    """Whether it is about the host's disk or resources, and not about the request."""
    return error.errno in _TROUBLE
