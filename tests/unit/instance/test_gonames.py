"""Templates see Go's field names."""

import pytest

from limavm.gotemplate import NIL
from limavm.instance.gonames import go_name, record
from limavm.model.arch import Arch
from limavm.model.config import Config, Image, Mount, User


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("vmType", "VMType"),
        ("cpus", "CPUs"),
        ("network", "Networks"),
        ("message", "Message"),
        ("9p", "NineP"),
        ("ipv6", "IPv6"),
    ],
)
def test_names(key: str, name: str) -> None:
    assert go_name(key) == name


def test_members_of_structs_have_go_names_and_keys_of_maps_are_the_users_own() -> None:
    config = Config(
        vm_type="qemu",
        arch=Arch.X86_64,
        cpus=4,
        memory="4GiB",
        disk="100GiB",
        user=User(name="a", comment="", home="/h", shell="/s", uid=1),
        vm_opts={"qemu": {"cpuType": {}}},
        param={"aB": "1"},
        mounts=(Mount(location="/a", mount_point="/x"),),
    )

    found = record(config)

    assert found["VMOpts"] == {"qemu": {"cpuType": {}}}
    assert found["Param"] == {"aB": "1"}
    assert found["Mounts"][0]["MountPoint"] == "/x"
    assert found["Mounts"][0]["NineP"]["Msize"] == "128KiB"
    assert found["MinimumLimaVersion"] is NIL
    assert found.written()["user"]["passwordlessSudo"] is True


def test_texts_that_go_has_no_pointer_for_are_empty_instead_of_nil() -> None:
    image = record(Image(location="/i", arch=Arch.X86_64))

    assert (image["Digest"], image["Variant"], image["Kernel"]) == ("", "", NIL)
