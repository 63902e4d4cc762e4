"""What the templates of container engines and clusters do where their vendors, or their packages, cannot be had."""

import shlex
import sys
from pathlib import Path

import pytest

from tests.unit.templates.standins import World
from tests.unit.templates.test_scripts import SCRIPTS

if sys.platform == "win32":
    pytest.skip("scripts for bash", allow_module_level=True)

DOCKER = SCRIPTS["docker: provision[1].script"]
ROOTLESS = SCRIPTS["docker: provision[2].script"]
ROOTFUL = SCRIPTS["docker-rootful: provision[4].script"]
PODMAN = SCRIPTS["podman: provision[0].script"]
MARK = "var/lib/lima-docker.unfinished"

#: A vendor that is reached: its installer says with what it was called.
REACHED = """while [ "$1" != -o ]; do shift; done
echo 'echo "installer $* $K3S_URL $K3S_TOKEN $INSTALL_K3S_ARTIFACT_URL" >>"$CALLS"; touch "${CALLS%/*}/etc/tried"' >"$2"
"""
HALFWAY = f"{REACHED}\necho exit 1 >>$2"
NOT_REACHED = "echo 'curl: (6) Could not resolve host' >&2; exit 6"


@pytest.fixture
def guest(tmp_path: Path) -> World:
    return World(tmp_path / "guest")


def debian(guest: World, *, packages: str = "docker-cli", works: bool = True) -> None:
    """A distribution with apt, whose packages can be had, or not."""
    listed = "; ".join(f"echo 'Package: {name}'" for name in packages.split())
    installed = f"[ $1 = update ] || ln -sf sh {guest.root}/bin/dockerd" if works else "exit 100"
    guest.has(apt_get=installed, apt_cache=listed, dpkg="exit 0")


def test_docker_and_docker_rootful_are_installed_alike() -> None:
    assert SCRIPTS["docker-rootful: provision[3].script"] == DOCKER


def test_docker_comes_from_its_vendor(guest: World) -> None:
    guest.has(curl=REACHED)

    done = guest.run(DOCKER)

    assert done.returncode == 0, done.stderr
    assert [call.split()[0] for call in guest.calls()] == ["curl", "installer"]
    assert "https://get.docker.com" in guest.calls("curl")[0]
    assert not guest.there(MARK)
    assert not list((guest.root / "tmp").iterdir())


@pytest.mark.parametrize("vendor", [NOT_REACHED, HALFWAY])
def test_docker_comes_from_the_distribution_where_the_vendor_fails(guest: World, vendor: str) -> None:
    guest.has(curl=vendor)
    debian(guest)
    repository = guest.root / "etc/apt/sources.list.d/docker.list"
    repository.parent.mkdir(parents=True)
    repository.write_text("deb https://download.example.com\n")

    done = guest.run(DOCKER)

    assert done.returncode == 0, done.stderr
    assert guest.calls("apt-get")[-1].endswith(" docker.io iptables ca-certificates docker-cli")
    assert "WARNING: https://get.docker.com has not installed docker" in done.stderr
    assert not repository.exists()
    assert not guest.there(MARK)


def test_docker_that_cannot_be_had_is_an_error_that_says_what_to_do(guest: World) -> None:
    guest.has(curl=NOT_REACHED)
    debian(guest, works=False)

    done = guest.run(DOCKER)

    assert done.returncode == 1
    end = "\n".join(done.stderr.splitlines()[-5:])
    assert "docker cannot be installed: neither from https://get.docker.com nor from the packages" in end
    assert "restart dev" in end
    assert guest.there(MARK)


def test_docker_is_installed_once_unless_it_was_interrupted(guest: World) -> None:
    guest.has(curl=REACHED, dockerd="exit 0")

    assert guest.run(DOCKER).returncode == 0
    assert guest.calls() == []
    (guest.root / MARK).touch()
    assert guest.run(DOCKER).returncode == 0
    assert [call.split()[0] for call in guest.calls()] == ["curl", "installer"]


def test_docker_without_root_gets_what_it_lacks_and_that_of_root_is_masked(guest: World) -> None:
    debian(guest)
    guest.has(dockerd="", docker="", newuidmap="", modprobe="exit 1", systemctl="echo enabled")
    tools = guest.root / "usr/share/docker.io/contrib"
    tools.mkdir(parents=True)
    (tools / "dockerd-rootless-setuptool.sh").touch()
    (guest.root / "usr/local/bin").mkdir(parents=True)

    done = guest.run(ROOTLESS)

    assert done.returncode == 0, done.stderr
    assert guest.calls("apt-get")[-1].endswith(" rootlesskit slirp4netns dbus-user-session")
    assert guest.there("usr/local/bin/dockerd-rootless-setuptool.sh")
    assert guest.there("usr/local/bin/docker")
    masked = "docker.service docker.socket containerd.service containerd.socket"
    assert guest.calls("systemctl")[-1] == f"systemctl mask --now {masked}"


@pytest.mark.parametrize(
    "name", ["docker: provision[2].script", "docker: provision[4].script", "docker-rootful: provision[4].script"]
)
def test_what_follows_an_installation_that_failed_is_silent(guest: World, name: str) -> None:
    assert guest.run(SCRIPTS[name]).returncode == 0
    assert guest.calls() == []


@pytest.mark.parametrize(("owner", "restarted"), [("jane", False), ("root", True)])
def test_the_socket_of_docker_as_root_gets_its_user(guest: World, owner: str, restarted: bool) -> None:
    guest.has(dockerd="", stat=f"echo {owner}", systemctl="")

    done = guest.run(ROOTFUL)

    assert done.returncode == 0, done.stderr
    assert ("systemctl stop docker.service docker.socket" in guest.calls()) is restarted
    assert guest.calls()[-1] == "systemctl start docker.service"


def test_an_engine_that_does_not_start_shows_its_journal(guest: World) -> None:
    guest.has(dockerd="", stat="echo jane", systemctl="exit 1", journalctl="echo no space left")

    done = guest.run(ROOTFUL)

    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "no space left")


def test_podman_comes_from_fedora(guest: World) -> None:
    guest.has(dnf="ln -sf sh ${0%/*}/podman")

    assert guest.run(PODMAN).returncode == 0
    assert guest.run(PODMAN).returncode == 0
    assert guest.calls() == ["dnf -y install --best podman"]


def test_podman_comes_from_debian_with_what_makes_it_work_without_root(guest: World) -> None:
    debian(guest, packages="crun passt slirp4netns")

    assert guest.run(PODMAN).returncode == 0
    packages = guest.calls("apt-get")[-1].partition("--no-install-recommends ")[2].split()
    assert set(packages) == {"podman", "uidmap", "dbus-user-session", "iptables", "crun", "passt", "slirp4netns"}
    assert guest.there("etc/lima-podman")


def test_the_podman_of_an_image_without_nft_gets_what_its_networks_want(guest: World) -> None:
    debian(guest, packages="nftables")
    guest.has(podman="")

    assert guest.run(PODMAN).returncode == 0
    assert guest.calls("apt-get")[-1].endswith(" nftables")


@pytest.mark.parametrize("packages", ["exit 1", None])
def test_the_podman_of_an_image_does_where_there_are_no_packages(guest: World, packages: str | None) -> None:
    guest.has(podman="", nft="", **({"dnf": packages} if packages else {}))

    done = guest.run(PODMAN)

    assert done.returncode == 0
    assert ("WARNING: the podman of the image is used as it is" in done.stderr) is bool(packages)


@pytest.mark.parametrize("commands", [{"dnf": "exit 1"}, {}])
def test_podman_that_cannot_be_had_is_an_error_that_says_what_to_do(guest: World, commands: dict[str, str]) -> None:
    guest.has(**commands)

    done = guest.run(PODMAN)

    assert done.returncode == 1
    assert "podman cannot be installed" in done.stderr
    assert "restart dev" in done.stderr
    assert not guest.there("etc/lima-podman")


K3S = "k3s: provision[0].script"


@pytest.mark.parametrize(
    ("name", "vendor"),
    [
        (K3S, "https://get.k3s.io"),
        ("k0s: provision[0].script", "https://get.k0s.sh"),
        ("experimental/rke2: provision[0].script", "https://get.rke2.io"),
        ("experimental/u7s: provision[0].script", "https://dl.k8s.io"),
        ("faasd: provision[0].script", "https://raw.githubusercontent.com"),
    ],
)
def test_a_vendor_without_packages_that_is_not_reached_is_named(guest: World, name: str, vendor: str) -> None:
    guest.has(curl=NOT_REACHED)

    done = guest.run(SCRIPTS[name], PARAM_proxy="", PARAM_mirror="")

    assert done.returncode == 1
    end = "\n".join(done.stderr.splitlines()[-3:])
    assert f"cannot be installed: the guest does not reach {vendor}" in end
    assert "restart dev" in end
    assert not list((guest.root / "tmp").iterdir())


@pytest.mark.parametrize(
    ("params", "called"),
    [
        ("", "installer server --write-kubeconfig-mode 644"),
        ("url=https://a:6443", "installer server --write-kubeconfig-mode 644"),
        ("url=https://a:6443 token=secret", "installer https://a:6443 secret"),
        (
            "proxy=http://p",
            "installer server --write-kubeconfig-mode 644 http://p/HTTPS///github.com/k3s-io/k3s/releases/download",
        ),
    ],
)
def test_k3s_serves_or_joins_as_its_params_say(guest: World, params: str, called: str) -> None:
    guest.has(curl=REACHED)
    given = dict(word.split("=", 1) for word in shlex.split(params))
    environment = {f"PARAM_{name}": given.get(name, "") for name in ("proxy", "mirror", "url", "token")}

    done = guest.run(SCRIPTS[K3S], **environment)

    assert done.returncode == 0, done.stderr
    assert " ".join(guest.calls("installer")[0].split()) == called


def test_k3s_with_a_mirror_asks_it_for_every_registry(guest: World) -> None:
    guest.has(curl=REACHED)

    guest.run(SCRIPTS[K3S], PARAM_proxy="", PARAM_mirror="http://mirror:5000", PARAM_url="", PARAM_token="")

    registries = (guest.root / "etc/rancher/k3s/registries.yaml").read_text()
    assert registries == 'mirrors:\n  "*":\n    endpoint:\n    - "http://mirror:5000"\n'
