"""`docker.lima` and the like: which program is run where, on an instance that runs as far as its PID files tell."""

import contextlib
import json
import os
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from limavm.host import pidfile
from limavm.hostagent.api import Handler, json_response
from limavm.hostagent.client import Info
from tests.fakes.agentthread import AgentThread
from tests.unit.cli.harness import make_identity, make_instance
from tests.unit.cli.test_remote import FAKE_SSH

if sys.platform == "win32":
    pytest.skip("programs in sh", allow_module_level=True)

#: Tells its name, its words, and what it was pointed to.
CLIENT = """#!/bin/sh
echo "${0##*/} $*"
echo "$DOCKER_HOST$CONTAINER_HOST$KUBECONFIG"
exit 3
"""


class Agent(AgentThread[None]):
    """A host agent that says that it is there."""

    def routes(self) -> dict[str, Handler]:
        return {"/v1/info": lambda _query: json_response(Info(ssh_local_port=60022))}


@pytest.fixture(autouse=True)
def clients(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ssh that tells its arguments, and a PATH in which there is nothing but that."""
    path = tmp_path / "only"
    path.mkdir()
    (path / "ssh").write_text(FAKE_SSH)
    (path / "ssh").chmod(stat.S_IRWXU)
    make_identity(home)
    monkeypatch.setenv("PATH", str(path))
    for name in ("DOCKER", "PODMAN", "KUBECTL", "APPTAINER_BINDPATH"):
        monkeypatch.delenv(name, raising=False)
    return path


@contextlib.contextmanager
def running(home: Path, name: str) -> Iterator[Path]:
    directory = make_instance(home, name)
    (directory / "ssh.config").write_text(f"Host lima-{name}\n  Port 60022\n")
    with pidfile.held(str(directory / "ha.pid")), pidfile.held(str(directory / "qemu.pid")), Agent(directory, ()):
        yield directory


def client(directory: Path, name: str, text: str = CLIENT) -> Path:
    path = directory / name
    path.write_text(text)
    path.chmod(stat.S_IRWXU)
    return path


def wrapper(name: str, *args: str, argv0: str = "", **extra: str) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.argv[0] = {argv0!r}; from limavm.__main__ import {name}; {name}()"
    environment = {**os.environ, **extra}
    return subprocess.run(
        [sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=60, check=False, env=environment
    )


def script(done: subprocess.CompletedProcess[str]) -> str:
    """What runs in the guest."""
    assert done.returncode == 0, done.stderr
    found: str = json.loads(done.stdout)[-1]
    return found.partition("exec /bin/bash -l -c ")[2].replace("'\"'\"'", "'")


@pytest.mark.parametrize(("name", "socket"), [("docker", "docker"), ("podman", "podman")])
def test_the_client_of_the_host_is_pointed_to_the_socket(home: Path, clients: Path, name: str, socket: str) -> None:
    client(clients, name)
    with running(home, name) as directory:
        done = wrapper(name, "ps", "-a", "--help")

    first, second = done.stdout.splitlines()
    assert first == f"{name} {'--remote ' * (name == 'podman')}ps -a --help"
    assert second == f"unix://{directory}/sock/{socket}.sock"
    assert done.returncode == 3


def test_another_client_and_another_instance_can_be_chosen(home: Path, clients: Path) -> None:
    client(clients, "nerd")
    with running(home, "dev") as directory:
        done = wrapper("docker", "ps", DOCKER="nerd", LIMA_INSTANCE="dev")

    assert done.stdout.splitlines() == ["nerd ps", f"unix://{directory}/sock/docker.sock"]


@pytest.mark.parametrize("name", ["docker", "podman"])
def test_without_a_client_on_the_host_that_of_the_guest_is_run(home: Path, name: str) -> None:
    with running(home, name):
        assert script(wrapper(name, "ps", "a b")) == f"'{name} ps 'a b''"


def test_a_client_that_is_the_wrapper_itself_is_none(home: Path, clients: Path) -> None:
    path = client(clients, "docker.lima")
    (clients / "docker").symlink_to(path)
    with running(home, "docker"):
        assert script(wrapper("docker", "ps", argv0=str(path))) == "'docker ps'"


def test_kubectl_uses_the_configuration_of_the_cluster(home: Path, clients: Path) -> None:
    with running(home, "k8s") as directory:
        assert script(wrapper("kubectl", "get", "pods")) == "'sudo kubectl get pods'"
        client(clients, "kubectl")
        done = wrapper("kubectl", "get", "pods")

    assert done.stdout.splitlines() == ["kubectl get pods", f"{directory}/copied-from-guest/kubeconfig.yaml"]


def test_k3s_comes_before_k8s(home: Path, clients: Path) -> None:
    client(clients, "kubectl")
    make_instance(home, "k8s")
    with running(home, "k3s"):
        assert "/k3s/" in wrapper("kubectl").stdout


def test_kubectl_without_a_cluster_says_how_to_create_one() -> None:
    done = wrapper("kubectl", "get", "pods")

    assert (done.returncode, done.stdout) == (1, "")
    assert "--name=k3s template:k3s" in done.stderr
    assert "--name=k8s template:k8s" in done.stderr


@pytest.mark.parametrize(("bound", "whole"), [("", "{home}"), ("/data", "/data,{home}")])
def test_apptainer_sees_the_home_directory(home: Path, bound: str, whole: str) -> None:
    with running(home, "apptainer"):
        done = wrapper("apptainer", "run", "x", APPTAINER_BINDPATH=bound)

    expected = whole.format(home=os.environ["HOME"])
    assert script(done).strip("'") == f"APPTAINER_BINDPATH={expected} apptainer run x"


def test_nerdctl_runs_in_the_guest_with_our_environment(home: Path) -> None:
    with running(home, "default"):
        done = wrapper("nerdctl", "run", "--rm", "alpine", FOO_OF_MINE="1")

    assert "nerdctl run --rm alpine" in done.stdout
    assert "FOO_OF_MINE=1" in done.stdout


@pytest.mark.parametrize("name", ["docker", "podman", "apptainer"])
def test_a_missing_and_a_stopped_instance_are_errors_that_say_what_to_do(home: Path, name: str) -> None:
    missing = wrapper(name, "ps")
    make_instance(home, name)
    stopped = wrapper(name, "ps")

    assert (missing.returncode, missing.stdout) == (stopped.returncode, stopped.stdout) == (1, "")
    assert f"limactl create --name={name} template:{name}" in missing.stderr
    assert f"limactl start {name}" in stopped.stderr


@pytest.mark.parametrize("name", ["../x", "größe", "x" * 200])
def test_a_wrong_name_is_an_error(name: str) -> None:
    done = wrapper("docker", "ps", LIMA_INSTANCE=name)

    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1


def test_all_of_them_are_installed() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]

    names = {name for name in project["scripts"] if name.endswith(".lima")}
    assert names == {f"{name}.lima" for name in ("apptainer", "docker", "kubectl", "nerdctl", "podman")}
    assert all(project["scripts"][name] == f"limavm.__main__:{name.partition('.')[0]}" for name in names)
