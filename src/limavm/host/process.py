"""Child processes of the command line: the sole caller of `subprocess` (its async twin is `aprocess`).

Command lines are lists and never pass a shell. Nothing is inherited on standard input.
"""

import contextlib
import errno
import logging
import os
import shlex
import shutil
import signal
import subprocess  # noqa: TID251 - the one place that may
import sys
from collections.abc import Iterator, Mapping, Sequence

from limavm.errors import UserError
from limavm.host import files

log = logging.getLogger(__name__)

Child = subprocess.Popen[bytes]
"""A running child; the one who started it waits for it."""

#: How much of a failed program's standard error is quoted.
_TAIL = 4000
_GRACE = 5.0

#: Debian package and Homebrew formula that bring a program.
_PACKAGES = {
    "mkfs.ext4": ("e2fsprogs", "e2fsprogs"),
    "mmdebstrap": ("mmdebstrap", None),
    "newuidmap": ("uidmap", None),
    "qemu-img": ("qemu-utils", "qemu"),
    "qemu-system-aarch64": ("qemu-system-arm", "qemu"),
    "qemu-system-arm": ("qemu-system-arm", "qemu"),
    "qemu-system-ppc64": ("qemu-system-ppc", "qemu"),
    "qemu-system-riscv64": ("qemu-system-misc", "qemu"),
    "qemu-system-s390x": ("qemu-system-misc", "qemu"),
    "qemu-system-x86_64": ("qemu-system-x86", "qemu"),
    "rsync": ("rsync", "rsync"),
    "scp": ("openssh-client", "openssh"),
    "ssh": ("openssh-client", "openssh"),
    "ssh-keygen": ("openssh-client", "openssh"),
    "swtpm": ("swtpm", "swtpm"),
    "unshare": ("util-linux", None),
}


class ProcessError(UserError):
    """A program that failed: its argument vector, exit status and the end of its standard error."""

    def __init__(self, argv: Sequence[str], status: int, stderr: str) -> None:
        how = f"exit status {status}" if status >= 0 else f"killed by signal {-status}"
        tail = stderr.strip()[-_TAIL:]
        super().__init__(
            f"{os.path.basename(argv[0])} failed ({how})" + (f": {tail}" if tail else ""),
            where=shlex.join(argv),
        )
        self.argv = list(argv)
        self.status = status
        self.stderr = stderr


def missing_program(name: str) -> UserError:
    """The error for a program that is not installed; it names the package that brings it."""
    debian, brew = _PACKAGES.get(os.path.basename(name), (None, None))
    if sys.platform == "darwin":
        hint = f"install it: brew install {brew}" if brew else None
    else:
        hint = f"install it: sudo apt-get install {debian} (on Debian and Ubuntu)" if debian else None
    return UserError(f"the program {name!r} is not installed", where="PATH", hint=hint)


@contextlib.contextmanager
def starting(argv: Sequence[str]) -> Iterator[None]:
    """Log a command line that can be pasted, and explain why the body could not start it."""
    log.debug("starting %s", shlex.join(argv))
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise missing_program(argv[0]) from error
    except PermissionError as error:
        raise UserError(f"the program {argv[0]!r} may not be run", where=shlex.join(argv)) from error
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        raise UserError(f"the program {argv[0]!r} is not one for this system", where=shlex.join(argv)) from error


def find_program(name: str) -> str | None:
    """The path of a program in PATH or in the system directories that a user's PATH may leave out."""
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(("/usr/sbin", "/sbin")))


def ensure_program(name: str) -> str:
    """The path of a program; raises UserError naming its package when it is missing."""
    if path := find_program(name):
        return path
    raise missing_program(name)


def run(
    argv: Sequence[str],
    *,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> bytes:
    """Run a program to its end and return its standard output.

    Raises ProcessError for any exit status but 0, UserError when it is missing or takes longer
    than `timeout` seconds (it is killed then).
    """
    try:
        with starting(argv):
            done = subprocess.run(argv, input=stdin, capture_output=True, env=env, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        raise UserError(f"{argv[0]} did not end within {timeout:g} s", where=shlex.join(argv)) from error
    if done.returncode:
        raise ProcessError(argv, done.returncode, done.stderr.decode(errors="replace"))
    return done.stdout


def interactive(argv: Sequence[str], *, env: Mapping[str, str] | None = None) -> int:
    """Run a program on our own terminal and return its exit code, 255 when a signal ended it."""
    with starting(argv):
        code = subprocess.run(argv, env=env, check=False).returncode
    return code if code >= 0 else 255


def detached(
    argv: Sequence[str], *, stdout: str, stderr: str, inherited: Sequence[int] = (), stdin: int | None = None
) -> Child:
    """Start a program in a session of its own, its output appended to two files; it has the descriptors `inherited`.

    It outlives us. The caller may poll the result for an early end, and needs not to wait for it.
    """
    with open(stdout, "ab") as out, open(stderr, "ab") as err, starting(argv):
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=out,
            stderr=err,
            start_new_session=True,
            pass_fds=inherited,
        )


#: What a shell does with a PID file and a command line. Its standard input is the lock of the file.
_PID_FIRST = 'echo $$ >"$0"; exec "$@" </dev/null'


def detached_with_pid(argv: Sequence[str], pid_file: str, *, stdout: str, stderr: str) -> Child:
    """As `detached`, the PID being in the file before the program begins, whatever becomes of us.

    The file is empty and locked until it is there: who wants to know waits for that (`files.is_locked`). The program
    may write and lock the same file later.
    """
    if sys.platform == "win32":
        return detached(argv, stdout=stdout, stderr=stderr)
    with open(pid_file, "wb"), files.locked(pid_file) as lock:
        return detached(["/bin/sh", "-c", _PID_FIRST, pid_file, *argv], stdout=stdout, stderr=stderr, stdin=lock)


def let_go(child: Child) -> None:
    """Leave a detached child to itself: it is meant to outlive us, and `subprocess` would warn of it."""
    if child.poll() is None:
        child.returncode = 0


@contextlib.contextmanager
def spawned(
    argv: Sequence[str],
    *,
    stdin: int | None = None,
    stdout: int | None = None,
    stderr: int | None = None,
    env: Mapping[str, str] | None = None,
) -> Iterator[Child]:
    """A child for as long as the context lasts: then TERM, a grace period, KILL, and waited for."""
    with starting(argv):
        child = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL if stdin is None else stdin, stdout=stdout, stderr=stderr, env=env
        )
    try:
        yield child
    finally:
        end(child)


def ends(child: Child, within: float) -> bool:
    """Whether a child ends within that many seconds; nothing is done to it."""
    try:
        child.wait(within)
    except subprocess.TimeoutExpired:
        return False
    return True


def end(child: Child, grace: float = _GRACE) -> None:
    """End a child and wait for it; harmless when it has ended already."""
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(grace)
        except subprocess.TimeoutExpired:
            child.kill()
    child.wait()
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream:
            stream.close()
