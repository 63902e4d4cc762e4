"""Templates see Go's field names."""

import pytest

from limavm.gotemplate import NIL
from limavm.instance.gonames import go_name, record
from limavm.model.arch import Arch
from limavm.model.config import Config, Mount, User


@pytest.mark.parametrize(
    ("key", "name"),
    [("vmType", "VMType"), ("cpus", "CPUs"), ("network", "Networks"), ("message", "Message"), ("9p", "NineP")],
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
