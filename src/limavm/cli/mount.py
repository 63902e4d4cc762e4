"""`limactl mount` and `limactl umount`: directories of the host in an instance that runs."""

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from shlex import quote
from typing import TYPE_CHECKING

from limavm.cli import logs
from limavm.cli.app import Command
from limavm.cli.flags import BoolFlag, Duration, Flag
from limavm.cli.instances import one_name
from limavm.cli.session import Session
from limavm.errors import ChildExit, UserError
from limavm.model.mount import MountPhase, clean_point

if TYPE_CHECKING:
    from limavm.model.config import Mount

_VERIFY = "verify"
_SECONDS = 10.0
#: Seconds after which something is said of what goes on.
_A_WHILE = 1.0


def _mount(
    _session: Session, words: list[str], *, json: bool, watch: bool, save: bool, duration: float | None
) -> int | None:
    if words[:1] == [_VERIFY] and len(words) > 1:
        _only("verify", {"--watch": watch, "--save": save})
        return _verify(words[1:], json=json, seconds=_SECONDS if duration is None else duration)
    _only("a list" if len(words) < 2 else "a new mount", {"--duration": duration is not None})
    if len(words) > 2:
        raise UserError(
            f"{len(words)} words are too many: the instance, and one mount",
            hint="`limactl mount --help` shows the forms; a path with blanks needs quotes",
        )
    if len(words) == 2:
        _only("a new mount", {"--json": json, "--watch": watch})
        _add(one_name(words), words[1], save=save)
        return None
    _only("a list", {"--save": save})
    return _show(one_name(words), json=json, watch=watch)


def _only(what: str, flags: dict[str, bool]) -> None:
    """Refuse flags that mean nothing for what is asked."""
    for flag, given in flags.items():
        if given:
            raise UserError(f"{flag} means nothing for {what}", hint="`limactl mount --help` shows the forms")


def _show(name: str, *, json: bool, watch: bool) -> int:
    from limavm.cli import mountstable
    from limavm.cli.watching import View
    from limavm.instance import mounts

    view = View(table=mountstable.table, json_lines=mountstable.json_lines, json_list=mountstable.json_list)
    if watch:
        return view.watch(name, mounts.watch(name), json=json)
    view.show(mounts.mounts(name), json=json)
    return 0


def _add(name: str, text: str, *, save: bool) -> None:
    from limavm.cli import mountsaved, mountspec
    from limavm.cli.changed import here
    from limavm.instance import mounts
    from limavm.instance.running import agent_socket

    mount = mountspec.parse(text, here())
    if not os.path.lexists(mount.location):
        # Where the configuration names one it is made. Here it is more likely that its name is mistyped.
        raise UserError(f"{mount.location} does not exist", hint="make it first, or correct its name")
    agent_socket(name)  # raises when the instance does not run: then nothing is begun
    with _told_how_to_undo(name, mount.mount_point), _announced(lambda: _waiting(name, mount)):
        state = mounts.add(name, mount)
    access = "writable" if state.writable else "read-only"
    logs.info(f"{state.location} is at {state.mount_point} of instance {name!r} now ({state.type}, {access})")
    if save:
        mountsaved.save(name, mount)
    else:
        logs.info("It is there until the instance stops; with --save it is kept in its configuration")


@contextlib.contextmanager
def _announced(sentence: Callable[[], str]) -> Iterator[None]:
    """Say what goes on when it takes a while; what is refused at once needs no such line."""
    over = threading.Event()

    def tell() -> None:
        if not over.wait(_A_WHILE):
            logs.info(sentence())

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()


def _waiting(name: str, mount: "Mount") -> str:
    """What the mount is doing, or which other one it has to wait for."""
    from limavm.instance import mounts

    others = []
    with contextlib.suppress(UserError):
        others = [
            one.location for one in mounts.mounts(name) if one.phase is MountPhase.STARTING and not one.configured
        ]
    doing = f"mounting {mount.location} in instance {name!r}; it takes longer where the guest has to install sshfs"
    before = [location for location in others if location != mount.location]
    return f"{before[0]} is being mounted and comes first; then {mount.location}" if before else doing


@contextlib.contextmanager
def _told_how_to_undo(name: str, point: str) -> Iterator[None]:
    """The host agent goes on with what it was asked for when we leave."""
    try:
        yield
    except KeyboardInterrupt:
        logs.warning(f"the host agent goes on with it; `limactl umount {name} {quote(point)}` takes it away again")
        raise


def _umount(_session: Session, words: list[str], *, force: bool, save: bool) -> None:
    from limavm.cli import mountsaved
    from limavm.instance import mounts

    name, point = one_name(words), words[1]
    if not point.startswith("/"):
        raise UserError(
            f"{point!r} is no place in the guest: an absolute path is needed",
            hint=f"`limactl mount {name}` shows them in the column GUEST",
        )
    point = clean_point(point)
    with _announced(lambda: f"unmounting {point} in instance {name!r}"):
        mounts.remove(name, point, force=force)
    logs.info(f"{point} of instance {name!r} is no mount any more; the files are where they were, on the host")
    if save:
        mountsaved.forget(name, point)


def _verify(words: Sequence[str], *, json: bool, seconds: float) -> int:
    from limavm.cli import mountstable
    from limavm.instance import mounts

    name = one_name(words)
    good = True
    for verdict in mounts.examined(name, words[1:], seconds=seconds):
        good = good and not verdict.differences and not verdict.error
        if json:
            sys.stdout.write(mountstable.verdict_json(verdict))
        else:
            lines = [mountstable.verdict_line(verdict), *map(mountstable.difference_line, verdict.differences)]
            sys.stdout.write("\n  ".join(lines) + "\n")
        sys.stdout.flush()
        if verdict.interrupted:
            raise KeyboardInterrupt
    if not good:
        raise ChildExit(1)
    return 0


COMMAND = Command(
    "mount",
    _mount,
    usage="[verify] [INSTANCE [HOST[:GUEST][:w] | GUEST...]]",
    help="""Show, add or examine the directories of the host that an instance sees.

With an instance alone, or without a word for `default`: its mounts and how they
stand. With a directory of the host, that is mounted in the running guest, at
the same place or at GUEST, read-only unless `:w` stands behind it.

`mount verify INSTANCE` writes files through every mount, or through those that
are named, from both sides, and compares byte for byte what the other side
reads. It works in a new directory .limavm-verify-*, which it removes, and
touches nothing else; its exit code is 1 when anything differs.""",
    flags=[
        BoolFlag(["--json"], help="Show mounts or results as JSON, an object a line"),
        BoolFlag(["--watch"], help="Show the mounts again at each change, until Ctrl-C"),
        BoolFlag(["--save"], help="Keep the new mount in the configuration of the instance"),
        Flag(["--duration"], type=Duration(), metavar="duration", help="How long to verify each mount (default 10s)"),
    ],
    examples="""limactl mount dev
limactl mount dev ~/src:/srv/src:w
limactl mount dev . --save
limactl mount verify dev /srv/src --duration 1m""",
)

UMOUNT = Command(
    "umount",
    _umount,
    usage="INSTANCE GUEST",
    least=2,
    most=2,
    help="""Take a directory of the host away from a running instance.

GUEST is where it is mounted in the guest, as `limactl mount` shows it. The
files stay where they are, on the host.""",
    flags=[
        BoolFlag(["-f", "--force"], help="Also while programs in the guest use it: they get errors"),
        BoolFlag(["--save"], help="Take it out of the configuration of the instance as well"),
    ],
    examples="limactl umount dev /srv/src\nlimactl umount dev /srv/src --save",
)
