"""The way to the host agent of an instance that runs."""

import os
import time
from collections.abc import Generator, Iterator
from typing import TypeVar

from limavm.errors import UserError
from limavm.host import paths
from limavm.hostagent.client import AgentError
from limavm.instance.inspect import inspect
from limavm.store import processes

_T = TypeVar("_T")

#: Seconds for an agent that has taken leave of us to end.
_LEAVE = 5.0


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


def until_it_stops(name: str, lists: Iterator[_T]) -> Generator[_T, None, None]:
    """What a host agent tells, until the instance is stopped; raises UserError when the agent ends in disorder."""
    try:
        yield from lists
    except AgentError as error:
        directory = paths.instance_dir(name)
        if not _has_ended(directory):
            raise
        if os.path.exists(os.path.join(directory, paths.HA_PID)):  # it removes that when it ends in order
            hint = f"`limactl list {name}` shows whether the instance runs"
            raise UserError(f"the host agent of {name!r} has ended", where=error.where, hint=hint) from error


def _has_ended(directory: str) -> bool:
    """Whether there is no host agent, or soon is none."""
    deadline = time.monotonic() + _LEAVE
    while processes.host_agent_pid(directory):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
