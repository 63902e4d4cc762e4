"""`limactl autostart` and the deprecated `start-at-login` (spec/cli.md 6.17)."""

from limavm.cli import logs
from limavm.cli.app import Command, Group
from limavm.cli.flags import BoolFlag, Flag
from limavm.cli.instances import one_name, reporter
from limavm.cli.session import Session
from limavm.cli.tree import Entry


def _enable(_session: Session, names: list[str], *, condition: str, user: str) -> None:
    from limavm.instance.autostart import enable

    enable(names[0], condition=condition, user=user, report=reporter())


def _disable(_session: Session, names: list[str]) -> None:
    from limavm.instance.autostart import disable

    disable(names[0], report=reporter())


def _at_login(_session: Session, names: list[str], *, enabled: bool) -> None:
    from limavm.instance.autostart import disable, enable
    from limavm.store import instances

    word = "enable" if enabled else "disable"
    name = one_name(names)
    logs.warning(f"`limactl start-at-login` is deprecated; use `limactl autostart {word} {name}`")
    if not instances.is_instance(name):
        logs.info(f"there is no instance {name!r}; nothing to do")
    elif enabled:
        enable(name, report=reporter())
    else:
        disable(name, report=reporter())


ENABLE = Command(
    "enable",
    _enable,
    usage="INSTANCE",
    least=1,
    most=1,
    help="""Start an instance when you log in.

It is started and stopped in order by systemd or launchd from then on; `limactl
start` and `stop` ask them to. PATH, LIMA_HOME and XDG_CACHE_HOME are kept as
they are now. Run it again after one of them or limactl has moved.""",
    flags=[
        Flag(["--condition"], metavar="string", default="login", help="When: login, or boot (macOS only)"),
        Flag(["--user"], metavar="string", default="", help="Who runs it, with --condition=boot (default you)"),
    ],
    examples="limactl autostart enable dev",
)

DISABLE = Command(
    "disable",
    _disable,
    usage="INSTANCE",
    least=1,
    most=1,
    help="Do not start an instance any more when you log in.\n\nOne that runs goes on running.",
    examples="limactl autostart disable dev",
)

COMMAND = Group(
    "autostart",
    entries=(
        Entry("enable", "autostart:ENABLE", "", "Start an instance when you log in"),
        Entry("disable", "autostart:DISABLE", "", "Do not start an instance any more when you log in"),
    ),
    help="Start instances when you log in.",
)

AT_LOGIN = Command(
    "start-at-login",
    _at_login,
    usage="[INSTANCE]",
    most=1,
    help="Start an instance when you log in (deprecated).\n\nUse `limactl autostart` instead.",
    flags=[BoolFlag(["--enabled"], default=True, help="Start it; --enabled=false is the opposite")],
    examples="limactl start-at-login dev",
)
