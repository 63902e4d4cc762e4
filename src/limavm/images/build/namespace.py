"""Whether this user may make the namespaces of a build, and what to do when not."""

import os
import sys

from limavm.errors import UserError
from limavm.host import files, process
from limavm.images.build.commands import namespace_argv

#: Files of the kernel, the value that forbids user namespaces, and the command that allows them.
_SWITCHES = (
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    ("/proc/sys/user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=15000"),
)


def is_root() -> bool:
    """Whether files of every owner can be written as we are."""
    return sys.platform != "win32" and os.geteuid() == 0


def check_namespaces() -> None:
    """Raises UserError with the command that repairs it when a build cannot own files as it must."""
    root = is_root()
    for name in ("unshare", "setpriv", *(() if root else ("newuidmap", "newgidmap"))):
        process.ensure_program(name)
    if not root:
        _check_ranges()
    try:
        process.run([*namespace_argv(root), "true"], timeout=30)
    except process.ProcessError as error:
        message = "a build needs namespaces, and this host refuses to make them"
        raise UserError(message, where=error.message, hint=_repair(root)) from error


def _check_ranges() -> None:
    user, uid = _user(), str(_uid())
    for path, option in (("/etc/subuid", "--add-subuids"), ("/etc/subgid", "--add-subgids")):
        # Without the file the ranges may come from the directory service; unshare will tell.
        text = files.read_text(path)
        if text is not None and not has_range(text, user, uid):
            raise UserError(
                f"a build as an ordinary user needs subordinate IDs, and {path} has none for {user}",
                where=path,
                hint=f"run: sudo usermod {option} 100000-165535 {user} (or another free range)",
            )


def has_range(text: str, user: str, uid: str) -> bool:
    """Whether a line of subuid(5) gives the user enough IDs for a Debian system (65536)."""
    for line in text.splitlines():
        owner, _, rest = line.strip().partition(":")
        count = rest.rpartition(":")[2]
        if owner in (user, uid) and count.isdecimal() and int(count) >= 65536:
            return True
    return False


def _repair(root: bool) -> str:
    if root:
        return "give the container CAP_SYS_ADMIN, or run as an ordinary user"
    for path, forbidden, command in _SWITCHES:
        if (files.read_text(path) or "").strip() == forbidden:
            return f"run: {command}"
    return "allow unprivileged user namespaces, or run as root"


if sys.platform == "win32":

    def _uid() -> int:
        return 1000

    def _user() -> str:
        return os.environ.get("USERNAME", "")

else:
    import pwd

    def _uid() -> int:
        return os.getuid()

    def _user() -> str:
        try:
            return pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            return str(os.getuid())
