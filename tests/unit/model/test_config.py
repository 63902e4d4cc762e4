import msgspec
import pytest

from limavm.model.arch import Arch
from limavm.model.config import Config, Disk, Image, Mount, NineP, PortForward, Probe, Provision, User, Video

CONFIG = Config(
    vm_type="qemu",
    arch=Arch.X86_64,
    cpus=4,
    memory="4GiB",
    disk="100GiB",
    user=User(name="a", comment="", home="/h", shell="/s", uid=1),
)


def keys(value: object) -> set[str]:
    return set(msgspec.json.decode(msgspec.json.encode(value)))


def test_keys_are_spelled_as_in_yaml() -> None:
    names = {field.encode_name for field in msgspec.structs.fields(Config)}

    assert {"vmType", "minimumLimaVersion", "mountTypesUnsupported", "caCerts", "osOpts", "copyToHost"} <= names


@pytest.mark.parametrize(
    "key",
    ["plain", "tpm", "ssh", "firmware", "video", "containerd", "hostResolver", "caCerts", "rosetta", "timezone"],
)
def test_what_lima_tells_from_unset_is_always_written(key: str) -> None:
    assert key in keys(CONFIG)


@pytest.mark.parametrize(
    "key", ["images", "mounts", "env", "param", "dns", "message", "mountType", "vmOpts", "networks", "base", "probes"]
)
def test_empty_lists_maps_and_texts_are_left_out(key: str) -> None:
    assert key not in keys(CONFIG)


def test_parts_are_written_with_their_defaults() -> None:
    assert keys(Disk(name="a")) == {"name"}
    assert keys(Disk(name="a", format=True)) == {"name", "format"}
    assert keys(NineP()) == {"securityModel", "protocolVersion", "msize", "cache"}
    assert keys(Mount(location="/a", mount_point="/b")) == {
        *("location", "mountPoint", "writable", "sshfs", "9p", "virtiofs"),
    }
    assert keys(Video()) == {"display", "vnc"}
    assert keys(Provision(script="x")) == {"mode", "script"}
    assert keys(Image(location="/x", arch=Arch.S390X)) == {"location", "arch"}


def test_port_ranges_are_always_written() -> None:
    rule = PortForward(host_socket="/s", host_port_range=(0, 0))

    assert msgspec.json.decode(msgspec.json.encode(rule)) == {
        "guestIP": "127.0.0.1",
        "guestIPMustBeZero": False,
        "guestPortRange": [1, 65535],
        "hostIP": "127.0.0.1",
        "hostPortRange": [0, 0],
        "hostSocket": "/s",
        "proto": "any",
    }


def test_keys_are_in_the_order_in_which_lima_prints_them() -> None:
    assert list(msgspec.to_builtins(Probe(script="s", description="d", hint="h"))) == [
        *("mode", "description", "script", "hint"),
    ]
    assert list(msgspec.to_builtins(Provision(mode="dependency", skip_default_dependency_resolution=True))) == [
        *("mode", "skipDefaultDependencyResolution", "script"),
    ]
    assert list(msgspec.to_builtins(PortForward()))[:2] == ["guestIPMustBeZero", "guestIP"]


def test_a_configuration_is_read_back_as_it_was_written() -> None:
    assert msgspec.json.decode(msgspec.json.encode(CONFIG), type=Config) == CONFIG
