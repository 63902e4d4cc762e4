"""What is on this host of that which `security` and `sudoers` decide from."""

import os
import shutil
import sys
from collections.abc import Iterable

from limavm.errors import UserError
from limavm.host import process
from limavm.network.security import Accounts, Entry

if sys.platform == "win32":

    def accounts() -> Accounts:
        """The accounts of this host, which has no root."""
        return Accounts()

else:
    import grp
    import pwd

    def accounts() -> Accounts:
        """The accounts of this host."""
        root = pwd.getpwnam("root")
        return Accounts(
            root_uid=root.pw_uid,
            root_gid=root.pw_gid,
            root_group=grp.getgrgid(root.pw_gid).gr_name,
            daemon_gid=pwd.getpwnam("daemon").pw_gid,
        )


def entries(paths: Iterable[str]) -> dict[str, Entry]:
    """What `lstat` says of the paths that exist."""
    found = {}
    for path in paths:
        try:
            info = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise UserError(f"it cannot be examined: {error.strerror}", where=path) from error
        found[path] = Entry(mode=info.st_mode, uid=info.st_uid, gid=info.st_gid)
    return found


def is_installed(program: str) -> bool:
    """Whether socket_vmnet is there and can be run."""
    return bool(program) and shutil.which(program) is not None


def sudo_without_password(group: str) -> bool:
    """Whether sudo runs programs as root and this group of root's, and asks nothing."""
    try:
        process.run(["sudo", "-k"])
        process.run(["sudo", "--user", "root", "--group", group, "--non-interactive", "true"])
    except UserError:
        return False
    return True
