"""`limactl shell --sync DIR`: a directory goes into the guest, and what the guest made of it comes back.

The steps and what is said of them. Loaded by `remote` when the flag is given, and by nobody else. Rules:
spec/cli.md 7.6; what is done for safety beyond them: docs/sync.md.
"""

import contextlib
import errno
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from shlex import quote

from limavm.cli import logbridge, logs, syncreview
from limavm.cli.session import Session
from limavm.errors import ChildExit, UserError
from limavm.host import process
from limavm.instance.connection import connection
from limavm.instance.sync import conditions
from limavm.instance.sync.changes import Change, Plan, leading_out
from limavm.instance.sync.difference import described, printable
from limavm.instance.sync.gathering import gathered
from limavm.instance.sync.guestcopy import MAKE_ROOM, GuestCopy, usable_rsync
from limavm.instance.sync.manifest import Tree, manifest
from limavm.instance.sync.staging import staging
from limavm.instance.sync.writeback import Writeback
from limavm.model.config import Config

#: So many paths are named one by one on the terminal.
_NAMED = 20


class Sync:
    """One shell with a directory: what can be checked before the instance runs first, then `run`."""

    def __init__(self, session: Session, given: str, config: Config) -> None:
        """Check what has to hold; raises UserError."""
        logbridge.install()
        self._session = session
        self.directory = conditions.directory_to_sync(given, config)
        self._version = usable_rsync()
        self._root = os.path.realpath(self.directory)
        #: Whether anything was brought back.
        self._begun = False

    def run(self, name: str, home: str, argv: Sequence[str], instance_dir: str) -> int:
        """Send, run the shell `argv` in the instance, bring back. A shell that fails raises ChildExit with its code.

        `home` is that of the user in the guest.
        """
        self._name = name
        self._copy = GuestCopy(
            version=self._version,
            connection=connection(name, os.environ),
            home=home,
            path=f"{home}{self.directory}",
        )
        with conditions.only_one(instance_dir, self.directory):
            base = manifest(self._root)
            self._send()
            with self._kept_unless_done(lambda: "the shell did not end well"):
                _shell(argv)
            with self._kept_unless_done(lambda: f"{'not everything' if self._begun else 'nothing'} was brought back"):
                left = self._attempts(base)
                if left:
                    raise UserError(
                        f"changed on both sides, and left as they are on the host: {_some(list(map(described, left)))}",
                        where=self.directory,
                    )
        return 0

    def _send(self) -> None:
        logs.info("copying the directory into the guest", host=self.directory, guest=self._copy.path)
        kept = self._copy.send(self._root)
        if kept:
            logs.warning("what an earlier session had left in the guest and the host does not have is kept", guest=kept)

    def _attempts(self, base: Tree) -> list[Change]:
        """Bring back; a user at a terminal may mend what is in the way, such as a full disk, and try again."""
        while True:
            try:
                with _explained(self._root):
                    return self._bring_back(base)
            except UserError as error:
                if not self._session.tty:
                    raise
                logs.warning(str(error))
                if not syncreview.try_again():
                    raise

    def _bring_back(self, base: Tree) -> list[Change]:
        """Returns what was changed on both sides and left as it is."""
        logs.info("looking at what has changed in the guest")
        with staging(self._root) as stage:
            listing = self._copy.fetch(stage, self._root)
            plan = gathered(base, self._root, stage, listing)
            new = [printable(path) for path in listing.skipped if path not in base]
            if new:
                logs.warning(f"no file, directory or link, and not brought back: {_some(new)}")
            if not plan:
                logs.info("the guest has changed nothing")
                self._remove()
                return []
            choice = syncreview.Choice(plan=plan)
            if self._session.tty:
                choice = syncreview.ask(plan, self._root, stage)
            if choice.leave:
                self._leave(choice)
                return []
            left = self._write(choice, stage)
        if not left:
            self._remove()
        return left

    def _leave(self, choice: syncreview.Choice) -> None:
        if choice.keep_copy:
            self._tell_kept("nothing was brought back")
        else:
            logs.info("nothing was brought back; the copy in the guest is removed")
            self._remove()

    def _write(self, choice: syncreview.Choice, stage: str) -> list[Change]:
        """Carry out the choice; returns what is left of it."""
        with Writeback(self._root, stage) as writeback:
            left = []
            for change in choice.beside:
                name = writeback.put_beside(change)
                if name is None:
                    left.append(change)
                else:
                    logs.info(f"the guest's version is beside the host's: {printable(name)}")
            try:
                outcome = writeback.apply(choice.plan.changes)
            finally:
                self._begun = self._begun or writeback.done > 0
        for folder in outcome.stayed:
            logs.info(f"a directory stays, because it holds what is on the host only: {printable(folder)}/")
        outside = leading_out(choice.plan.changes)
        if outside:
            logs.warning(
                f"links from the guest lead out of the directory: {_some([described(one) for one in outside])}"
            )
        done = Plan(changes=tuple(change for change in choice.plan.changes if change not in outcome.conflicts))
        logs.info(f"brought back: {syncreview.counts(done)}")
        return [*left, *choice.plan.conflicts, *outcome.conflicts]

    def _remove(self) -> None:
        try:
            self._copy.remove()
        except UserError as error:
            logs.warning(f"the copy in the guest is not removed: {error.message}", guest=self._copy.path)

    @contextlib.contextmanager
    def _kept_unless_done(self, what: Callable[[], str]) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._tell_kept(what())
            raise

    def _tell_kept(self, what: str) -> None:
        fetch = f"limactl copy -r {self._name}:{quote(self._copy.path)} {quote(self.directory + '.from-guest')}"
        logs.warning(f"{what}; the copy in the guest is kept, and to have it: {fetch}")


@contextlib.contextmanager
def _explained(root: str) -> Iterator[None]:
    """What the host refuses, as an error that says what to do. What was brought back before is complete."""
    try:
        yield
    except OSError as error:
        name = error.filename if isinstance(error.filename, str) else "the changes"
        raise UserError(
            f"{printable(name)} cannot be brought back: {error.strerror or error}",
            where=root,
            hint=MAKE_ROOM if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else None,
        ) from error


def _shell(argv: Sequence[str]) -> None:
    """Run ssh on our terminal. Ctrl-C is for the command, whose end is told by its code."""
    # No SIG_IGN, which ssh would inherit.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        code = process.interactive(argv)
    finally:
        signal.signal(signal.SIGINT, before)
    if code:
        raise ChildExit(code)


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
