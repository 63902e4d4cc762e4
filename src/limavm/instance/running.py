"""The way to the host agent of an instance that runs."""

import os
from collections.abc import Generator, Iterator
from typing import TypeVar

from limavm.errors import UserError
from limavm.host import paths
from limavm.hostagent.client import AgentError
from limavm.instance.inspect import inspect
from limavm.store import processes

_T = TypeVar("_T")


def agent_socket(name: str) -> str:
    """The socket of the instance's host agent; raises UserError when the instance does not run."""
    paths.check_instance_name(name)
    directory = paths.instance_dir(name)
    if not processes.host_agent_pid(directory):
        instance = inspect(name)
        problems = f" ({'; '.join(instance.errors)})" if instance.errors else ""
        raise UserError(
            f"the instance {name!r} is not running: its status is {instance.status.value or 'unknown'}{problems}",
            where=directory,
            hint=f"`limactl start {name}` starts it",
        )
    return os.path.join(directory, paths.HA_SOCK)


def until_it_ends(name: str, lists: Iterator[_T]) -> Generator[_T, None, None]:
    """What a host agent tells, until it ends in order; raises AgentError when it is there and tells no more."""
    try:
        yield from lists
    except AgentError:
        if processes.host_agent_pid(paths.instance_dir(name)):
            raise
