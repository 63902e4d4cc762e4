"""What comes first when an instance gets a copy or another name: checks, and its text, which is held meanwhile."""

import contextlib
import os
from collections.abc import Iterator

from limavm.errors import UserError
from limavm.host import paths
from limavm.instance.edit import Original, opened
from limavm.instance.inspect import inspect
from limavm.instance.resolving import resolve_new
from limavm.instance.seeding import reference_copy
from limavm.model.config import Config
from limavm.model.report import Reporter
from limavm.store import instances, processes


@contextlib.contextmanager
def original_for(new: str, *, of: str, done: str) -> Iterator[Original]:
    """The text of the instance `of`, which does not run and is held meanwhile; `new` can be the name of an instance.

    `done` is what happens to it, for messages: `cloned`. Raises UserError otherwise, BusyError when another
    command is at work on either.
    """
    inspect(of)
    if new == of:
        raise UserError(f"the instance {of!r} cannot be {done} to its own name", hint="choose another name")
    paths.check_instance_name(new)
    paths.check_socket_length(paths.instance_dir(new))
    instances.check_free(new)
    with opened(of) as original:
        # Asked now that nobody can start it.
        _check_idle(of, done)
        yield original


def _check_idle(name: str, done: str) -> None:
    """Raises UserError when the machine runs, also when the configuration does not tell which kind it is."""
    found = inspect(name)
    agent = processes.host_agent_pid(found.dir)
    kinds = {found.vm_type or "qemu", "qemu"}
    if agent or any(processes.driver_pid(found.dir, kind) for kind in kinds):
        raise UserError(
            f"the instance {name!r} is running, and is not {done} meanwhile",
            where=found.dir,
            hint=f"stop it with `limactl stop {name}`",
        )


def resolved_for(new: str, original: Original, text: bytes, report: Reporter) -> tuple[Config, bytes]:
    """The configuration that the text has as the instance `new`, and its `cloud-config.yaml`.

    What is not as it should be is told when the text is new. Raises UserError for what cannot be.
    """
    target = paths.instance_dir(new)
    config, warnings = resolve_new(text, source=os.path.join(target, paths.LIMA_YAML), directory=target)
    for warning in warnings if text != original.text else ():
        report.warning(warning)
    return config, reference_copy(config, new, target)
