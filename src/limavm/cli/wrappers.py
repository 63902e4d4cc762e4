"""`nerdctl.lima`, `docker.lima`, `podman.lima`, `kubectl.lima`, `apptainer.lima` (spec/cli.md 10).

Each stands for a program of the same name in a guest: it is run there, or the host's own client is pointed to the
guest's socket.
"""

import os
import shutil
import sys
from collections.abc import Sequence

from limavm.cli.fast import load_msgspec
from limavm.cli.main import guarded
from limavm.cli.main import main as limactl
from limavm.errors import UserError


def nerdctl(args: Sequence[str]) -> int:
    """`nerdctl` in the guest, with our environment."""
    return limactl(["shell", "--preserve-env", _instance("default"), "nerdctl", *args])


def docker(args: Sequence[str]) -> int:
    """The host's `docker` on the guest's socket, else that of the guest."""
    return guarded(lambda: _client("docker", "DOCKER", "DOCKER_HOST", [], args))


def podman(args: Sequence[str]) -> int:
    """The host's `podman --remote` on the guest's socket, else that of the guest."""
    return guarded(lambda: _client("podman", "PODMAN", "CONTAINER_HOST", ["--remote"], args))


def kubectl(args: Sequence[str]) -> int:
    """The host's `kubectl` with the configuration of the guest's cluster, else that of the guest."""
    return guarded(lambda: _kubectl(args))


def apptainer(args: Sequence[str]) -> int:
    """`apptainer` in the guest, which sees the home directory of the host."""
    return guarded(lambda: _apptainer(args))


def _instance(default: str) -> str:
    return os.environ.get("LIMA_INSTANCE") or default


def _client(name: str, chosen: str, variable: str, flags: list[str], args: Sequence[str]) -> int:
    instance = _instance(name)
    directory = _running(instance, name)
    program = _on_host(os.environ.get(chosen) or name)
    if program is None:
        return _lima(instance, [name, *args])
    socket = os.path.join(directory, "sock", f"{name}.sock")
    return _become([program, *flags, *args], {variable: f"unix://{socket}"})


def _kubectl(args: Sequence[str]) -> int:
    instance = os.environ.get("LIMA_INSTANCE") or _cluster()
    directory = _running(instance, instance if instance in _CLUSTERS else _CLUSTERS[0])
    program = _on_host(os.environ.get("KUBECTL") or "kubectl")
    if program is None:
        return _lima(instance, ["sudo", "kubectl", *args])
    return _become([program, *args], {"KUBECONFIG": os.path.join(directory, "copied-from-guest", "kubeconfig.yaml")})


_CLUSTERS = ("k3s", "k8s")


def _cluster() -> str:
    load_msgspec()
    from limavm.store.instances import is_instance

    for name in _CLUSTERS:
        if is_instance(name):
            return name
    hint = " or ".join(f"`limactl create --name={name} template:{name}`" for name in _CLUSTERS)
    raise UserError("there is no instance 'k3s' or 'k8s'", hint=f"create one: {hint}; or set LIMA_INSTANCE")


def _apptainer(args: Sequence[str]) -> int:
    instance = _instance("apptainer")
    _running(instance, "apptainer")
    bound = [part for part in (os.environ.get("APPTAINER_BINDPATH"), os.environ.get("HOME")) if part]
    return _lima(instance, [f"APPTAINER_BINDPATH={','.join(bound)}", "apptainer", *args])


def _running(name: str, template: str) -> str:
    """The directory of an instance that runs; raises UserError that says how to get one."""
    load_msgspec()
    from limavm.host import paths
    from limavm.instance.inspect import inspect
    from limavm.model.instance import Status
    from limavm.store.instances import is_instance

    paths.check_instance_name(name)
    if not is_instance(name):
        raise UserError(
            f"there is no instance {name!r}",
            where=paths.instance_dir(name),
            hint=f"create it: `limactl create --name={name} template:{template}`; or set LIMA_INSTANCE",
        )
    instance = inspect(name)
    if instance.status is not Status.RUNNING:
        raise UserError(
            f"the instance {name!r} is not running: its status is {instance.status.value or 'unknown'}",
            where=instance.dir,
            hint=f"start it: `limactl start {name}`",
        )
    return instance.dir


def _on_host(program: str) -> str | None:
    """The host's client; a name for this wrapper itself is none."""
    path = shutil.which(program)
    if path is None or os.path.realpath(path) == os.path.realpath(sys.argv[0]):
        return None
    return path


def _lima(instance: str, words: list[str]) -> int:
    from limavm.cli import lima

    os.environ["LIMA_INSTANCE"] = instance
    return lima.main(words)


def _become(argv: list[str], more: dict[str, str]) -> int:
    from limavm.cli.become import become

    become(argv, also=more)
