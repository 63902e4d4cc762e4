"""`limactl show-ssh`: deprecated; the ssh command line of an instance (spec/cli.md 6.13)."""

import os

from limavm.cli import logs
from limavm.cli.app import Command
from limavm.cli.flags import Flag
from limavm.cli.session import Session


def _show_ssh(_session: Session, names: list[str], *, form: str) -> None:
    from limavm.cli import logbridge
    from limavm.instance.inspect import inspect
    from limavm.instance.reach import reach
    from limavm.ssh.forms import form_of, formatted

    wanted = form_of(form)
    logbridge.install()
    instance = inspect(names[0])
    logs.warning(
        f"`limactl show-ssh` is deprecated; use `ssh -F {instance.ssh_config_file} {instance.hostname}`"
        if instance.ssh_config_file
        else "`limactl show-ssh` is deprecated; use `ssh -F` with the file ssh.config of the instance"
    )
    print(formatted(wanted, instance.hostname, reach(instance, os.environ).all_options), end="")


COMMAND = Command(
    "show-ssh",
    _show_ssh,
    usage="INSTANCE",
    least=1,
    most=1,
    help="""Show how ssh reaches an instance (deprecated).

Use `ssh -F ~/.lima/INSTANCE/ssh.config lima-INSTANCE` instead, or include that
file in your own configuration of ssh.

The formats are: cmd (a command line), args (its options), options (one a
line), config (as in a configuration file).""",
    flags=[Flag(["-f", "--format", "form"], metavar="string", default="cmd", help="cmd, args, options or config")],
    examples="limactl show-ssh dev\nlimactl show-ssh --format=config dev",
)
