"""What an instance is doing now (spec/runtime.md 1.5). Loaded by `list`: no heavy imports here.

Unlike Lima, a PID counts only while its process is the right one, a stale PID file is left for the
next start to replace, and an agent that has just begun is given a moment to open its socket.
"""

import os
import time
from collections.abc import Callable

from msgspec.structs import replace

from limavm.errors import NotFoundError, UserError
from limavm.host import paths, pidfile
from limavm.host.files import read_text
from limavm.instance.configuration import configuration
from limavm.model.config import Config
from limavm.model.host import HostFacts
from limavm.model.instance import Instance, Status, hostname_of
from limavm.model.size import parse_size
from limavm.store import processes

#: How long a host agent that was seen may take to open its socket, in seconds.
_OPENING = 1.0


def inspect(name: str, host: HostFacts | None = None) -> Instance:
    """The instance `name` with its status; what is wrong with it is in `errors`.

    Who inspects many hands in the facts of the host, which are the same for all.

    Raises NotFoundError when it has no `lima.yaml`, UserError for a name that cannot be one.
    """
    paths.check_instance_name(name)
    directory = paths.instance_dir(name)
    try:
        config = configuration(directory, host)
    except NotFoundError as error:
        raise NotFoundError(
            f"there is no instance {name!r}",
            where=directory,
            hint=f"create it with `limactl create --name={name}`; `limactl list` shows those there are",
        ) from error
    except UserError as error:
        return _unreadable(name, directory, str(error))
    except OSError as error:  # a directory that is somebody else's
        return _unreadable(name, directory, f"{error.filename or directory}: {error.strerror or error}")
    return _with_state(described(name, directory, config), config)


def _unreadable(name: str, directory: str, problem: str) -> Instance:
    return Instance(
        name=name,
        hostname=hostname_of(name),
        dir=directory,
        vm_type="",
        arch="",
        errors=(problem,),
        protected=_protected(directory),
        lima_version=_version(directory),
    )


def described(name: str, directory: str, config: Config) -> Instance:
    """What an instance of this configuration is before anything of it runs."""
    return Instance(
        name=name,
        hostname=hostname_of(name),
        dir=directory,
        vm_type=config.vm_type,
        arch=config.arch,
        cpus=config.cpus,
        memory=parse_size(config.memory),
        disk=parse_size(config.disk),
        additional_disks=config.additional_disks,
        networks=config.networks,
        ssh_local_port=config.ssh.local_port,
        ssh_config_file=os.path.join(directory, paths.SSH_CONFIG),
        ssh_address="127.0.0.1",
        config=config,
        protected=_protected(directory),
        lima_version=_version(directory),
        param=config.param,
    )


def _protected(directory: str) -> bool:
    return os.path.lexists(os.path.join(directory, paths.PROTECTED))


def _version(directory: str) -> str:
    return _text(directory, paths.LIMA_VERSION).strip()


def _text(directory: str, name: str) -> str:
    """The text of a file of the instance, without which it is as good; empty when it cannot be read."""
    try:
        return read_text(os.path.join(directory, name)) or ""
    except OSError:
        return ""


def _with_state(instance: Instance, config: Config) -> Instance:
    """The instance with its processes, port, status and rendered message."""
    errors: list[str] = []
    agent = _pid(lambda: processes.host_agent_pid(instance.dir), errors)
    vm = _pid(lambda: processes.driver_pid(instance.dir, instance.vm_type), errors)
    port, identifier = instance.ssh_local_port, ""
    if agent:
        agent_port, identifier = _asked(instance.dir, errors)
        port = agent_port or port
    port = port or _ssh_config_port(instance.dir)
    status = Status.BROKEN if errors else _status(agent, vm, instance.vm_type, errors)
    seen = replace(
        instance,
        host_agent_pid=agent,
        driver_pid=vm,
        ssh_local_port=port,
        auto_started_identifier=identifier,
        status=status,
        errors=tuple(errors),
    )
    return _with_message(seen, config.message) if config.message else seen


def _pid(find: Callable[[], int], errors: list[str]) -> int:
    try:
        return find()
    except pidfile.PidFileError as error:
        errors.append(f"the PID file {error.where} is damaged: {error.message}")
    except OSError as error:
        errors.append(f"the PID file cannot be read: {error}")
    return 0


def _asked(directory: str, errors: list[str]) -> tuple[int, str]:
    """The ssh port and the autostart identity that the agent tells; an agent that does not answer is an error.

    One that was started a moment ago may still have to open its socket.
    """
    # Sockets are slow to import, and instances that do not run need none.
    from limavm.hostagent.client import AgentError, info

    path = os.path.join(directory, paths.HA_SOCK)
    deadline = time.monotonic() + _OPENING
    while True:
        try:
            answer = info(path)
        except AgentError as error:
            if os.path.exists(path) or time.monotonic() > deadline:
                errors.append(str(error))
                return 0, ""
            time.sleep(0.02)
        else:
            return answer.ssh_local_port, answer.auto_started_identifier


def _ssh_config_port(directory: str) -> int:
    """The port in `ssh.config`, 0 when it tells none: each start writes the file anew."""
    for line in _text(directory, paths.SSH_CONFIG).splitlines():
        key, _, value = line.strip().partition(" ")
        if key == "Port" and value.strip().isdecimal():
            return int(value)
    return 0


def _status(agent: int, vm: int, vm_type: str, errors: list[str]) -> Status:
    match bool(agent), bool(vm):
        case True, True:
            return Status.RUNNING
        case False, False:
            return Status.STOPPED
        case True, False:
            errors.append("host agent is running but driver is not")
        case _:
            errors.append(f"{vm_type} driver is running but host agent is not; `limactl start` takes it over")
    return Status.BROKEN


def _with_message(instance: Instance, template: str) -> Instance:
    # Few instances have a message, and the template engine is not needed without one.
    from limavm.instance.message import render_message

    try:
        return replace(instance, message=render_message(instance, template))
    except ValueError as error:
        problem = f"the message of the instance cannot be rendered: {error}"
        return replace(instance, status=Status.BROKEN, errors=(*instance.errors, problem))
