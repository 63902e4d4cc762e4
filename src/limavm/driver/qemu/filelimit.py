"""How many files virtiofsd may have open, which is how many the guest can remember of its shared directories.

Both daemons raise the limit themselves as far as they may, to a million. Where they may not, they live with what
the host agent has: the hard limit of whoever starts it.

The Rust daemon could do without descriptors (`--inode-file-handles`), but needs the right to open every file of the
file system by its number for that, inside of the directory or not. That is not given to it.
"""

import sys

if sys.platform != "win32":
    import resource

#: Below this, ordinary trees (a few `node_modules`) are too many.
ENOUGH = 100_000


def warning() -> list[str]:
    """What the user should know of the limit, if that is low."""
    limit = _low_limit()
    if limit is None:
        return []
    text = (
        f"the limit of open files is {limit} here, and virtiofsd needs one for each file that the guest remembers: in "
        'a larger tree the guest gets "Too many open files"; raise it (`ulimit -Hn`, nofile in '
        "/etc/security/limits.conf, LimitNOFILE= of a systemd unit), or use `mountType: reverse-sshfs`"
    )
    return [text]


def _low_limit() -> int | None:
    """The hard limit, if it is below what is enough and cannot be raised from here."""
    if sys.platform != "win32":
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard == resource.RLIM_INFINITY or hard >= ENOUGH:
            return None
        try:
            # Whether somebody may is a matter of capabilities and of user namespaces; trying tells.
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, ENOUGH))
        except (OSError, ValueError):
            return hard
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return None
