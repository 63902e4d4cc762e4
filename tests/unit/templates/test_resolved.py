"""Every template with its bases merged, resolved and checked on three hosts."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import msgspec
import pytest

from limavm.config.embed import embed, embedded
from limavm.config.locator import Template, read
from limavm.config.resolve import Resolved, resolve_text
from limavm.instance.message import render_message
from limavm.model.config import Config
from limavm.model.host import HostFacts
from limavm.model.instance import Instance
from tests.unit.config.conftest import ARM, LINUX, MAC
from tests.unit.config.conftest import lima_home as lima_home
from tests.unit.templates.catalogue import BY_PLUGIN, PLAIN, USABLE
from tests.unit.templates.shown import as_yaml, differences

HOSTS = {"linux-x86_64": LINUX, "linux-aarch64": ARM, "darwin-aarch64": MAC}
#: Where the instance is said to be: no directory of the machine that the tests run on.
DIRECTORY = "/home/jane/.lima/dev"
EMBEDDABLE = [name for name in USABLE if name not in BY_PLUGIN]

Golden = Callable[[str, str], None]


@cache
def built_in(locator: str) -> Template:
    return read(locator, stdin=bytes)


@cache
def whole(name: str) -> bytes:
    return embedded(built_in(f"template:{name}"), built_in)


def resolved(name: str, facts: HostFacts) -> Resolved:
    source = f"template:{name}"
    return resolve_text(whole(name), source=source, directory=DIRECTORY, facts=facts, version="2.2.0")


def config_of(name: str, facts: HostFacts = LINUX) -> Config:
    return resolved(name, facts).config


def with_plugin(locator: str) -> Template:
    """Reads as `built_in` does, and has the image list that a plugin would write."""
    if locator.startswith("template:"):
        return built_in(locator)
    return Template(locator=locator, name="images", text=b"images:\n- location: https://example.com/x.qcow2\n")


def about_the_template(warning: str) -> bool:
    """Whether a warning is no fault of the test's own host, nor of this version of the program."""
    return not any(known in warning for known in ("does not exist", "has no effect yet", "experimental: "))


@pytest.mark.parametrize("name", EMBEDDABLE)
@pytest.mark.parametrize("host", HOSTS)
def test_a_template_is_valid_on_every_host(lima_home: Path, name: str, host: str) -> None:
    result = resolved(name, HOSTS[host])

    assert [warning for warning in result.warnings if about_the_template(warning)] == []
    assert result.config.base == ()
    assert result.config.images


@pytest.mark.parametrize("name", BY_PLUGIN)
def test_a_template_with_a_base_by_a_plugin_is_valid_with_it(lima_home: Path, name: str) -> None:
    template = built_in(f"template:{name}")
    text = embedded(template, with_plugin)

    result = resolve_text(text, source=template.locator, directory=DIRECTORY, facts=LINUX, version="2.2.0")
    assert [image.location for image in result.config.images] == ["https://example.com/x.qcow2"]
    assert [mount.location for mount in result.config.mounts] == ["/home/jane"]


@pytest.mark.parametrize("name", EMBEDDABLE)
def test_the_document_and_its_text_resolve_to_the_same(lima_home: Path, name: str) -> None:
    template = built_in(f"template:{name}")
    document = embed(template, built_in)

    result = resolve_text(document, source=template.locator, directory=DIRECTORY, facts=LINUX, version="2.2.0")
    assert result.config == config_of(name)


@pytest.mark.parametrize("name", EMBEDDABLE)
def test_a_template_resolves_as_before(lima_home: Path, golden: Golden, name: str) -> None:
    configs = {host: config_of(name, facts) for host, facts in HOSTS.items()}
    usual = configs.pop("linux-x86_64")

    golden(f"templates/{name}.yaml", as_yaml(usual))
    others = [[host, *(f"  {line}" for line in differences(usual, config))] for host, config in configs.items()]
    golden(f"templates/{name}.hosts.txt", "".join(f"{line}\n" for lines in others for line in lines))


def test_there_are_golden_files_of_these_templates_and_no_others(golden_directory: Path) -> None:
    found = {str(path.relative_to(golden_directory)) for path in golden_directory.rglob("*") if path.is_file()}

    assert found == {f"{name}{suffix}" for name in EMBEDDABLE for suffix in (".yaml", ".hosts.txt")}


@pytest.fixture
def golden_directory() -> Path:
    return Path(__file__).parents[2] / "golden" / "templates"


@pytest.mark.parametrize("name", ["default", "debian-12", "debian-13"])
@pytest.mark.parametrize("facts", [LINUX, ARM])
def test_the_last_resort_of_debian_is_a_local_build(lima_home: Path, name: str, facts: HostFacts) -> None:
    images = [image for image in config_of(name, facts).images if image.arch == facts.arch]

    chosen = [image for image in images if (image.variant, image.arch_variant) == (images[0].variant, None)]
    assert chosen[0].digest
    assert [image.location.startswith("mmdebstrap:") for image in chosen] == [False, False, True]


def test_the_default_template_gives_what_debian_gives(lima_home: Path) -> None:
    default, debian = config_of("default"), config_of("debian-13")

    assert msgspec.structs.replace(default, vm_opts={}) == msgspec.structs.replace(debian, vm_opts={})


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_template_mounts_the_home_directory_to_be_read(lima_home: Path, name: str) -> None:
    (mount,) = config_of(name).mounts

    assert (mount.location, mount.mount_point, mount.writable) == ("/home/jane", "/home/jane", False)


@pytest.mark.parametrize("name", ["k3s", "k8s", "k0s", "faasd", "experimental/rke2", "experimental/u7s", "buildkit"])
def test_a_cluster_sees_nothing_of_the_host(lima_home: Path, name: str) -> None:
    assert config_of(name).mounts == ()


@pytest.mark.parametrize(
    ("name", "system", "user"),
    [
        ("default", False, True),
        ("debian-13", False, True),
        ("buildkit", False, True),
        ("k8s", True, False),
        ("experimental/wsl2", True, False),
        *((name, False, False) for name in ("docker", "docker-rootful", "podman", "podman-rootful", "apptainer")),
        *((name, False, False) for name in ("k3s", "k0s", "faasd", "experimental/rke2", "experimental/u7s")),
        *((name, False, False) for name in ("alpine-3.23", "alpine-iso", "linuxbrew", "windows-11", "freebsd-15")),
    ],
)
def test_containerd_is_installed_where_it_is_used(lima_home: Path, name: str, system: bool, user: bool) -> None:
    containerd = config_of(name).containerd

    assert (containerd.system, containerd.user) == (system, user)


SOCKETS = {
    "docker": ("/run/user/1234/docker.sock", "docker.sock"),
    "docker-rootful": ("/var/run/docker.sock", "docker.sock"),
    "podman": ("/run/user/1234/podman/podman.sock", "podman.sock"),
    "podman-rootful": ("/run/podman/podman.sock", "podman.sock"),
    "buildkit": ("/run/user/1234/buildkit-default/buildkitd.sock", "buildkitd.sock"),
}
FILES = {
    "k3s": ("/etc/rancher/k3s/k3s.yaml", True),
    "k8s": ("/root/.kube/config.localhost", True),
    "k0s": ("/var/lib/k0s/pki/admin.conf", False),
    "experimental/rke2": ("/etc/rancher/rke2/rke2.yaml", False),
    "experimental/u7s": ("/home/jane.guest/usernetes/kubeconfig.localhost", False),
}


@pytest.mark.parametrize("name", EMBEDDABLE)
def test_an_engine_has_its_socket_on_the_host(lima_home: Path, name: str) -> None:
    rules = config_of(name).port_forwards

    found = [(rule.guest_socket, rule.host_socket) for rule in rules]
    guest, host = SOCKETS.get(name, ("", ""))
    assert found == ([(guest, f"{DIRECTORY}/sock/{host}")] if guest else [])


@pytest.mark.parametrize("name", EMBEDDABLE)
def test_a_cluster_leaves_its_kubeconfig_on_the_host_while_it_runs(lima_home: Path, name: str) -> None:
    copies = config_of(name).copy_to_host

    found = [(copy.guest, copy.host, copy.skip_if_missing, copy.delete_on_stop) for copy in copies]
    guest, skip = FILES.get(name, ("", False))
    assert found == ([(guest, f"{DIRECTORY}/copied-from-guest/kubeconfig.yaml", skip, True)] if guest else [])


PARAMS = {
    "docker": {"containerdSnapshotter": "true"},
    "docker-rootful": {"containerdSnapshotter": "true"},
    "k3s": {"mirror": "", "proxy": "", "token": "", "url": ""},
    "k8s": {
        "discoveryTokenCaCertHash": "",
        "flannelVersion": "v0.28.9",
        "mirror": "",
        "proxy": "",
        "release": "v1.36",
        "stability": "stable",
        "token": "",
        "url": "",
        "version": "stable",
    },
}


@pytest.mark.parametrize("name", EMBEDDABLE)
def test_params_have_these_values(lima_home: Path, name: str) -> None:
    found = config_of(name).param
    found.pop("internal_netplanOptional", None)

    assert found == PARAMS.get(name, {})


@pytest.mark.parametrize("name", ["docker", "docker-rootful"])
def test_docker_containers_know_the_host(lima_home: Path, name: str) -> None:
    assert config_of(name).host_resolver.hosts == {"host.docker.internal": "host.lima.internal"}


def message(config: Config, **options: object) -> str:
    """What `limactl start` prints."""
    config = msgspec.structs.replace(config, **options)
    instance = Instance(
        name="dev",
        hostname="lima-dev",
        dir=DIRECTORY,
        vm_type=config.vm_type,
        arch=config.arch,
        config=config,
        param=config.param,
    )
    return render_message(instance, config.message)


@pytest.mark.parametrize("name", EMBEDDABLE)
def test_a_message_can_be_shown(lima_home: Path, name: str) -> None:
    config = config_of(name)

    shown = message(config)
    assert bool(shown) == bool(config.message)
    assert "{{" not in shown
    assert "<no value>" not in shown
    assert shown == shown.strip("\n")
    assert "\n\n\n" not in shown


@pytest.mark.parametrize("name", ["docker", "docker-rootful"])
def test_docker_tells_of_rosetta_where_it_is_used(lima_home: Path, name: str) -> None:
    config = config_of(name, MAC)
    shown = message(config)

    assert f'docker context create lima-dev --docker "host=unix://{DIRECTORY}/sock/docker.sock"' in shown
    assert "osetta" not in shown
    with_rosetta = message(config, vm_opts={"vz": {"rosetta": {"enabled": True}}})
    assert with_rosetta.startswith(shown)
    assert "--device=lima-vm.io/rosetta=cached" in with_rosetta


@pytest.mark.parametrize("name", ["k3s", "k8s"])
def test_a_machine_that_joins_a_cluster_has_no_message(lima_home: Path, name: str) -> None:
    config = config_of(name)

    assert f'export KUBECONFIG="{DIRECTORY}/copied-from-guest/kubeconfig.yaml"' in message(config)
    assert message(config, param=config.param | {"url": "https://x:6443"})
    assert message(config, param=config.param | {"url": "https://x:6443", "token": "t"}) == ""


def test_the_example_of_the_page_on_templates_is_valid(lima_home: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "templates.md").read_text()
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    template = Template(locator="/templates/web.yaml", name="web", text=example.encode())

    result = resolve_text(
        embedded(template, built_in), source="web.yaml", directory=DIRECTORY, facts=LINUX, version="2.2.0"
    )
    assert [warning for warning in result.warnings if about_the_template(warning)] == []
    assert message(result.config) == "dev serves at http://localhost:8080."
