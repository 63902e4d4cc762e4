"""`limactl restart` (spec/cli.md 6.4)."""

from limavm.cli import logs
from limavm.cli.app import Command
from limavm.cli.edits import edit_flags
from limavm.cli.flags import BoolFlag
from limavm.cli.instances import one_name, reporter
from limavm.cli.session import Session
from limavm.cli.start import DEFAULT_TIMEOUT
from limavm.model.instance import Status


def _restart(session: Session, names: list[str], *, force: bool, progress: bool, **flags: object) -> None:
    from limavm.cli.changed import rewrite
    from limavm.instance.inspect import inspect
    from limavm.instance.start import StartOptions, start
    from limavm.instance.stop import stop

    name = one_name(names)
    report = reporter()
    instance = inspect(name)
    rewrite(name, flags, params="text")
    if force or instance.status is Status.RUNNING:
        stop(name, force=force, report=report)
    else:
        logs.warning(f"instance {name!r} is not running, so that it need not be stopped", status=instance.status.value)
    options = StartOptions(timeout=DEFAULT_TIMEOUT, foreground=False, progress=progress, debug=session.debug)
    start(name, options, report=report)


COMMAND = Command(
    "restart",
    _restart,
    usage="[INSTANCE]",
    most=1,
    help="Stop an instance and start it again.\n\nWithout a name, the instance `default`.",
    flags=[
        BoolFlag(["-f", "--force"], help="End the processes at once, without asking the guest"),
        BoolFlag(["--progress"], help="Show what cloud-init does, and wait until it is done"),
        *edit_flags(),
    ],
    examples="limactl restart\nlimactl restart --cpus=4 dev",
)
