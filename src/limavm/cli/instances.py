"""What the commands on named instances share: their default name and how several failures become one."""

from collections.abc import Callable, Sequence

from limavm.cli import logbridge
from limavm.cli.progress import LogReporter
from limavm.errors import UserError
from limavm.host import paths

DEFAULT = "default"


def reporter() -> LogReporter:
    """Where a use case of this command tells what it does; `logging` is shown from now on."""
    logbridge.install()
    return LogReporter()


def one_name(names: Sequence[str]) -> str:
    """The instance of a command that takes one name at most; raises UserError for what is no name."""
    name = names[0] if names else DEFAULT
    paths.check_instance_name(name)
    return name


def each_of(names: Sequence[str], act: Callable[[str], None]) -> None:
    """Do something for every name, each once, then raise the failures of all of them as one UserError."""
    failures = []
    for name in dict.fromkeys(names):
        try:
            act(name)
        except UserError as error:
            failures.append(error)
    if len(failures) == 1:
        raise failures[0]
    if failures:
        raise UserError("\n".join(map(str, failures)))


def each(names: Sequence[str], act: Callable[[str], None]) -> None:
    """The same for the names of instances, which are checked first."""

    def checked(name: str) -> None:
        paths.check_instance_name(name)
        act(name)

    each_of(names, checked)
