"""Templates see Go's field names."""

import pytest

from limavm.instance.gonames import go_name, go_named


@pytest.mark.parametrize(
    ("key", "name"),
    [("vmType", "VMType"), ("cpus", "CPUs"), ("network", "Networks"), ("message", "Message"), ("9p", "NineP")],
)
def test_names(key: str, name: str) -> None:
    assert go_name(key) == name


def test_keys_of_free_maps_are_the_users_own() -> None:
    value = {"config": {"vmOpts": {"qemu": {"cpuType": {}}}, "param": {"aB": "1"}, "mounts": [{"mountPoint": "/x"}]}}

    assert go_named(value) == {
        "Config": {
            "VMOpts": {"qemu": {"cpuType": {}}},
            "Param": {"aB": "1"},
            "Mounts": [{"MountPoint": "/x"}],
        }
    }
