"""`limactl prune` (spec/cli.md 6.12)."""

from limavm.cli.app import Command
from limavm.cli.flags import BoolFlag
from limavm.cli.instances import reporter
from limavm.cli.session import Session


def _prune(_session: Session, _args: list[str], *, keep_referred: bool) -> None:
    from limavm.instance.pruning import prune

    report = reporter()
    kept = None
    if keep_referred:
        from limavm.cli.referred import by_templates
        from limavm.instance.pruning import referred_by_instances

        kept = referred_by_instances(report) | by_templates(report)
    prune(kept, report=report)


COMMAND = Command(
    "prune",
    _prune,
    most=0,
    help="""Empty the cache of images.

These are downloaded images and archives, local builds, and what was found out
about programs of this host. Instances keep what they have of it.
What a running command uses stays, and is told. `limactl disk-usage` shows how
much there is.""",
    flags=[BoolFlag(["--keep-referred"], help="Keep downloads and builds that instances or templates refer to")],
    examples="limactl prune\nlimactl prune --keep-referred",
)
