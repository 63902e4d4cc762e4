"""`limactl validate`, which is `limactl template validate` as well (spec/cli.md 6.9)."""

from limavm.cli.app import Command
from limavm.cli.flags import BoolFlag
from limavm.cli.session import Session


def _validate(_session: Session, locators: list[str], *, fill: bool) -> None:
    from limavm.cli.checking import check

    check(locators, fill=fill)


COMMAND = Command(
    "validate",
    _validate,
    usage="FILE.yaml|URL|template:NAME...",
    least=1,
    help="Check templates.\n\nEvery problem is told with its file, line and key.",
    flags=[BoolFlag(["--fill"], help="Print the configuration with all defaults filled in")],
    examples="limactl validate ./dev.yaml\nlimactl validate --fill template:debian",
)
