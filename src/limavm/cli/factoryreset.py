"""`limactl factory-reset` (spec/cli.md 6.6)."""

from limavm.cli.app import Command
from limavm.cli.instances import one_name, reporter
from limavm.cli.session import Session


def _factory_reset(_session: Session, names: list[str]) -> None:
    from limavm.instance.reset import factory_reset

    factory_reset(one_name(names), report=reporter())


COMMAND = Command(
    "factory-reset",
    _factory_reset,
    usage="[INSTANCE]",
    most=1,
    help="""Make an instance as new as when it was created.

Without a name, the instance `default`. There is no question, and no way back:
one that runs is stopped at once, and its disk, logs and keys are removed. What
stays is `lima.yaml` and other files of YAML, and whether it is protected. The
next start makes the disk anew, of the image that is in the cache.""",
    examples="limactl factory-reset dev",
)
