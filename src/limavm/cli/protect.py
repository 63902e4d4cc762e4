"""`limactl protect` and `limactl unprotect` (spec/cli.md 6.7)."""

from limavm.cli.app import Command
from limavm.cli.instances import each, reporter
from limavm.cli.session import Session


def _protect(_session: Session, names: list[str]) -> None:
    from limavm.instance.protect import protect

    report = reporter()
    each(names, lambda name: protect(name, report=report))


def _unprotect(_session: Session, names: list[str]) -> None:
    from limavm.instance.protect import unprotect

    report = reporter()
    each(names, lambda name: unprotect(name, report=report))


COMMAND = Command(
    "protect",
    _protect,
    usage="INSTANCE...",
    least=1,
    help="""Keep instances from being deleted.

A protected instance refuses `limactl delete`, also with --force, and
`limactl factory-reset`. Everything else can be done with it.""",
    examples="limactl protect dev\nlimactl list --filter .protected",
)

UNPROTECT = Command(
    "unprotect",
    _unprotect,
    usage="INSTANCE...",
    least=1,
    help="Allow instances to be deleted again.",
    examples="limactl unprotect dev",
)
