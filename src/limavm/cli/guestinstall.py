"""`limactl guest-install`: hidden; puts the guest agent into a guest that runs (spec/cli.md 6.22)."""

from limavm.cli.app import Command
from limavm.cli.instances import DEFAULT, reporter
from limavm.cli.session import Session


def _guest_install(_session: Session, names: list[str]) -> None:
    from limavm.instance.guestinstall import guest_install

    guest_install(names[0] if names else DEFAULT, report=reporter())


COMMAND = Command(
    "guest-install",
    _guest_install,
    usage="[INSTANCE]",
    most=1,
    help="Install the guest agent in a running instance.\n\nWithout a name, in the instance `default`.",
    examples="limactl guest-install\nlimactl guest-install dev",
)
