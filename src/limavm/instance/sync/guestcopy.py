"""The copy of a directory in a guest: sent there, fetched from there, and removed, by rsync and ssh.

rsync gets its paths by a `cd` in front of the guest's rsync: no version of it has to quote them then.
"""

import os
import re
import time
from collections.abc import Sequence
from shlex import quote

from limavm.errors import UserError
from limavm.host import process
from limavm.instance.connection import Connection
from limavm.instance.copy import Version, rsync_version
from limavm.instance.sync.answers import answer, quoted
from limavm.instance.sync.listing import OUT_FORMAT, Listing, parse
from limavm.model.value import Value
from limavm.ssh.copy import rsync_argv

#: What a shell may read in its own way.
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")

#: Knows `--no-inc-recursive` and sends times in nanoseconds.
_OLDEST = (3, 1, 0)
#: Compares times in nanoseconds when asked to.
_EXACT = (3, 1, 3)
#: Compresses by zstd or lz4, which is less work than what ssh does with the bytes that are saved.
_COMPRESSES = (3, 2, 0)

#: What rsync ends with when it could not read some of the files.
_UNREADABLE = 23
#: What it says of a full disk, always in English; its exit status is 11, or 23, as for much else.
_FULL = ("No space left on device", "Disk quota exceeded", "File too large")
#: What to do about a host that has no room for what is fetched.
MAKE_ROOM = "make room on the host; the copy in the guest is complete, and nothing of the host is half written"
_NOT_SENT = "the directory cannot be copied into the guest"
_NOT_FETCHED = "the changes cannot be fetched from the guest"

#: Bytes of an answer of the guest's shell, and of rsync's list: a million names of the longest kind do not fit.
_LONGEST_ANSWER = 64 << 10
_LONGEST_LIST = 512 << 20
#: Seconds for a question, and for the removal of a large tree on a slow disk.
_PATIENCE = 120.0
_LONG = 1800.0
#: Seconds without a sign of life after which rsync gives a guest up; one that makes its list says nothing.
_SILENCE = 600

#: What the first command in the guest prints; in this order of precedence.
_NO_RSYNC, _NO_DIRECTORY, _KEPT, _FRESH = "no rsync", "no directory", "kept", "fresh"

_FETCHING = (
    # Every path is told, and directories' times are not: they change with every file.
    *("-ii", "-O", f"--out-format={OUT_FORMAT}"),
    # The guest's users are not the host's, and its devices, pipes and sockets stay there.
    *("--no-owner", "--no-group", "--no-devices", "--no-specials"),
    # No link of the guest leads anywhere while rsync writes, so none can lead it out of the staging directory;
    # nor is a second list of files taken, by which a guest could change what was checked in the first.
    *("--munge-links", "--no-inc-recursive"),
    # Holes stay holes. Files are not patched: a guest learns nothing of a file from sums of its parts.
    *("-S", "-W"),
)


class GuestCopy(Value, frozen=True, kw_only=True):
    """Where the copy is, and how to get there."""

    connection: Connection
    #: The guest's home directory, and its name for the directory; both absolute.
    home: str
    path: str
    version: Version

    def send(self, root: str) -> str | None:
        """Make the copy what the host's directory is.

        What an earlier session has left there and differs is moved to a directory of its own in the guest, which
        is returned if there is any. Raises UserError when the guest cannot take the copy.
        """
        state = self._prepare()
        # Before 3.2.4 rsync hands the name to the guest's shell as it is.
        name = _UNSAFE.sub("_", os.path.basename(self.path))
        kept = f"{self.home}/.lima-sync/{time.strftime('%Y%m%d-%H%M%S')}-{name}"
        backup = ["--backup", f"--backup-dir={kept}"] if state == _KEPT else []
        self._rsync([f"{root}/", self._remote()], ["-S", "--delete", *backup], verbose=False, failed=_NOT_SENT)
        return kept if backup and self._says(f"test -d {quote(kept)} && echo {_KEPT}") == _KEPT else None

    def fetch(self, staging: str, root: str) -> Listing:
        """Fetch what differs from the host's directory; returns what the guest has, whether it differs or not.

        Raises UserError when anything cannot be fetched: then nothing is known to be deleted.
        """
        state = self._says(self._state())
        if state == _NO_DIRECTORY:
            raise UserError("the copy in the guest is gone, or is no directory any more", where=self.path)
        self._ensure_usable(state)
        exact = ["--modify-window=-1"] * (self.version >= _EXACT)
        extra = ["--no-v", "--no-progress", *_FETCHING, *exact, f"--compare-dest={root}"]
        return parse(self._rsync([self._remote(), f"{staging}/"], extra, verbose=True, failed=_NOT_FETCHED))

    def remove(self) -> None:
        """Remove the copy; raises UserError when that fails."""
        self._run(f"rm -rf -- {quote(self.path)}", within=_LONG)

    def _prepare(self) -> str:
        state = self._says(f"mkdir -p -- {quote(self.path)}; {self._state()}")
        if state == _NO_DIRECTORY:
            raise UserError("the guest has something else where the copy is to be", where=self.path)
        self._ensure_usable(state)
        return state

    def _ensure_usable(self, state: str) -> None:
        where = f"instance {self.connection.name}"
        if state == _NO_RSYNC:
            raise UserError(
                "the guest has no rsync",
                where=where,
                hint=f"install it there, as by `limactl shell {self.connection.name} sudo apt-get install -y rsync`",
            )
        if state not in (_KEPT, _FRESH):
            raise UserError(f"the guest's shell has said what makes no sense: {quoted(state)!r}", where=where)

    def _state(self) -> str:
        path = quote(self.path)
        return (
            f"if ! command -v rsync >/dev/null; then echo {quote(_NO_RSYNC)}; "
            f"elif [ -L {path} ] || [ ! -d {path} ]; then echo {quote(_NO_DIRECTORY)}; "
            f'elif [ "$(ls -A {path})" ]; then echo {_KEPT}; else echo {_FRESH}; fi'
        )

    def _says(self, script: str) -> str:
        """The last line: files that a shell reads when it begins may say something before."""
        lines = self._run(f"{script}; :").decode(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else ""

    def _run(self, script: str, within: float = _PATIENCE) -> bytes:
        argv = [*self._ssh(), self._host, "--", f"exec /bin/sh -c {quote(script)}"]
        try:
            return answer(argv, most=_LONGEST_ANSWER, within=within)
        except process.ProcessError as error:
            told = quoted(error.stderr) or f"exit status {error.status}"
            raise UserError(f"the guest cannot be asked: {told}", where=f"instance {self.connection.name}") from error

    @property
    def _host(self) -> str:
        return f"{self.connection.peer.user}@{self.connection.peer.address}"

    def _ssh(self) -> list[str]:
        """ssh that becomes no master: one would stay, hold our pipes open, and have us wait for their end."""
        count = len(self.connection.program)
        words = self.connection.ssh()
        return [*words[:count], "-o", "ControlMaster=no", *words[count:]]

    def _remote(self) -> str:
        return f"{self._host}:./"

    def _rsync(self, paths: Sequence[str], extra: Sequence[str], *, verbose: bool, failed: str) -> bytes:
        there = [f"--rsync-path=cd {quote(self.path)} && rsync", *["-z"] * (self.version >= _COMPRESSES)]
        there.append(f"--timeout={_SILENCE}")
        argv = rsync_argv(ssh=self._ssh(), paths=paths, verbose=verbose, recursive=True, extra=[*there, *extra])
        try:
            return answer(argv, most=_LONGEST_LIST)
        except process.ProcessError as error:
            told = quoted(error.stderr) or f"exit status {error.status}"
            raise UserError(f"{failed}: {told}", where=self.path, hint=_hint(error, failed)) from error


def _hint(error: process.ProcessError, failed: str) -> str | None:
    if any(words in error.stderr for words in _FULL):
        return MAKE_ROOM if failed == _NOT_FETCHED else "make room in the guest"
    return "make it readable for the user in the guest" if error.status == _UNREADABLE else None


def usable_rsync() -> Version:
    """The version of the host's rsync; raises UserError when it is missing or too old."""
    program = process.ensure_program("rsync")
    version = rsync_version()
    if version < _OLDEST:
        raise UserError(
            f"the host's rsync is {'.'.join(map(str, version))}, and 3.1 or newer is needed",
            where=program,
            hint="install a newer one (macOS: brew install rsync)",
        )
    return version
