"""`limactl watch`: what happens to instances, as it happens (spec/cli.md 6.16)."""

import sys
import time
from collections.abc import Callable

from limavm.cli import logs
from limavm.cli.app import Command
from limavm.cli.flags import BoolFlag
from limavm.cli.session import Session
from limavm.errors import UserError
from limavm.host import paths


def _watch(_session: Session, names: list[str], *, json: bool, history: bool, verbose: bool) -> int:
    from limavm.cli.main import INTERRUPTED
    from limavm.cli.reader import ended_with_reader
    from limavm.instance.watch import Watcher, happenings

    if not verbose and logs.shown(logs.INFO) and not logs.shown(logs.DEBUG):
        logs.configure(level=logs.WARNING)
    watcher = Watcher(_known(names) if names else None, history=history, logs=verbose)
    shown = _Shown(json=json)
    try:
        with ended_with_reader():
            _say(f"watching {', '.join(watcher.names)}" if watcher.names else "there are no instances yet")
            for happening in happenings(watcher):
                shown.show(happening)
    except KeyboardInterrupt:  # the way to end it, so nothing is said about it
        return INTERRUPTED
    finally:
        watcher.close()
    return 0


def _known(names: list[str]) -> list[str]:
    """Those of the names that are instances; raises UserError when none is."""
    from limavm.store import instances

    for name in names:
        paths.check_instance_name(name)
    known = [name for name in dict.fromkeys(names) if instances.is_instance(name)]
    unknown = [name for name in dict.fromkeys(names) if name not in known]
    if not known:
        raise UserError(
            "there is no instance " + ", ".join(map(repr, unknown)), hint="`limactl list` shows the instances"
        )
    for name in unknown:
        logs.warning(f"there is no instance {name!r}: it is not watched")
    return known


def _say(text: str) -> None:
    """A line about the watching itself."""
    from limavm.cli.watchlines import when

    print(f"{when(time.time())} {text}", file=sys.stderr, flush=True)


class _Shown:
    """Shows what happens, and knows what was said before of each instance."""

    def __init__(self, *, json: bool) -> None:
        from limavm.model.event import AgentStatus

        self._json = json
        self._last: dict[str, AgentStatus] = {}
        self._nothing = AgentStatus()

    def show(self, happening: object) -> None:
        from limavm.cli import watchlines
        from limavm.instance.watch import Appeared, Logged, Puzzled, Told, Vanished

        match happening:
            case Told(instance=name, event=event):
                if self._json:
                    text = watchlines.json_line(name, event)
                else:
                    text = watchlines.text_lines(name, event, self._last.get(name, self._nothing))
                # An agent that has ended knows nothing any more: the next one tells everything anew.
                self._last[name] = self._nothing if event.status.exiting else event.status
                sys.stdout.write(text)
                sys.stdout.flush()
            case Logged(instance=name, line=line):
                _level(line.level)(f"[hostagent] {line.msg}", instance=name)
            case Appeared(instance=name):
                _say(f"new instance {name}")
            case Vanished(instance=name):
                self._last.pop(name, None)
                _say(f"the instance {name} is gone")
            case Puzzled(instance=name, problem=problem):
                logs.warning(problem, instance=name)
            case _:
                raise TypeError(happening)


def _level(word: str) -> Callable[..., None]:
    match word:
        case "debug" | "trace":
            return logs.debug
        case "info":
            return logs.info
        case "warning":
            return logs.warning
        case _:
            return logs.error


COMMAND = Command(
    "watch",
    _watch,
    usage="[INSTANCE]...",
    help="""Show what happens to instances, until Ctrl-C.

That is: starts and ends, ports that are forwarded, what cloud-init does, and
errors. Without a name, of all instances, and those that are created meanwhile.

As JSON each event tells all that is known of the instance then; in words, what
is new in it.""",
    flags=[
        BoolFlag(["--json"], help='As JSON: a line {"instance":"NAME","event":{...}} for each event'),
        BoolFlag(["--history"], help="Begin with all events since the last start of each instance"),
        BoolFlag(["--verbose"], help="Show the logs of the host agents too, on standard error"),
    ],
    examples="limactl watch\nlimactl watch dev web --history\nlimactl watch --json | jq .event.status.running",
)
